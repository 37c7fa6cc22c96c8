// Addresses that an attempt picks: in what is not the attacker's, or on the edge of what is.
import type { Width } from "../operations.ts";
import type { Random } from "../../random.ts";
import type { Place, Target } from "../target.ts";

export const WIDTHS: readonly Width[] = [1, 2, 4, 8];

/** An address in a place, a multiple of `align`. */
export const within = ({ at, size }: Place, random: Random, align: number): number =>
  at + align * random.below(Math.floor(size / align));

export const foreign = (target: Target, random: Random, align: number): number =>
  within(random.pick(target.foreign), random, align);

/** In what is physically there and of somebody: the hypervisor, or a partition. */
export function owned(target: Target, random: Random, align: number, whose: RegExp): number {
  const places = target.foreign.filter(({ what }) => whose.test(what));
  return within(random.pick(places), random, align);
}

export const PARTITION = /^(ram|channel|mailbox) of /;
export const HYPERVISOR = /^the hypervisor$/;
export const DEVICE = /^(device of|the physical)/;

/** The last address of an access that is still in the place, less a few bytes: so that it leaves the place. */
export const acrossEnd = ({ at, size }: Place, random: Random, bytes: Width): number => at + size - 1 - random.below(bytes - 1);
export const acrossStart = ({ at }: Place, random: Random, bytes: Width): number => at - 1 - random.below(bytes - 1);
