// The attacker's own emulated devices, by instructions whose syndrome is empty, and its own passed-through ones.
import { ALIVE, DONE, EXTERNAL_ABORT } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt } from "../attempt.ts";
import type { Access, Width } from "../operations.ts";
import type { Random } from "../../random.ts";
import type { Place, Target } from "../target.ts";
import { WIDTHS, within } from "./places.ts";

/** Emulated devices: GICD, redistributors, UART. */
function emulated({ gicd, gicr, console }: Target, random: Random): Place {
  return random.pick([gicd, console, ...(gicr === undefined ? [] : [gicr])]);
}

/** No bus answers that: an external abort, as any device gives to what it does not take. */
const unanswered = (name: string, does: string, kind: "load" | "store", access: Access, widths: readonly Width[]): Attempt =>
  without(name, `${does}: an external abort, and nothing is done`, kind, access, widths, {});

/**
 * The syndrome is empty, and the instruction is read: where the device takes such an access it is carried out. A simulated guest
 * has no code.
 */
const undescribed = (name: string, does: string, kind: "load" | "store", access: Access, widths: readonly Width[]): Attempt =>
  without(name, `${does}: carried out, or an external abort`, kind, access, widths, { inQemu: ALIVE });

function without(
  name: string, does: string, kind: "load" | "store", access: Access, widths: readonly Width[],
  more: { readonly inQemu?: Answer },
): Attempt {
  return {
    name, subject: "devices", does,
    steps: (target, random) => {
      const operation = {
        at: within(emulated(target, random), random, 16), bytes: random.pick(widths), access, memory: "device",
      } as const;
      return [
        step(kind === "load" ? { kind, ...operation } : { kind, ...operation, data: random.value() }, EXTERNAL_ABORT, more)
      ];
    },
  };
}

/** Any register of it, aligned or not: emulated, or ignored. */
function anything(name: string, does: string, place: (target: Target) => Place | undefined): Attempt {
  return {
    name, subject: "devices", does, when: (target) => place(target) !== undefined,
    steps: (target, random) => Array.from({ length: 32 }, () => {
      const { at, size } = place(target) ?? target.gicd;
      const bytes = random.pick(WIDTHS);
      // As Normal memory: an unaligned access to a device would be an alignment fault of stage 1. It stays in one page.
      const offset = random.below(size - 8);
      const address = at + (random.chance(1, 4) && offset % 4096 < 4089 ? offset : offset - (offset % bytes));
      const store = random.chance(1, 2);
      const operation = { at: address, bytes, access: "plain", memory: "normal" } as const;
      return step(store ? { kind: "store", ...operation, data: random.value() } : { kind: "load", ...operation }, DONE);
    }),
  };
}

export const devices: readonly Attempt[] = [
  undescribed("emulated-ldp", "LDP from an emulated device", "load", "pair", [8]),
  undescribed("emulated-stp", "STP to an emulated device", "store", "pair", [8]),
  undescribed("emulated-ldxr", "LDXR from an emulated device", "load", "exclusive", WIDTHS),
  undescribed("emulated-writeback", "LDR with write-back from an emulated device", "load", "writeback", WIDTHS),
  unanswered("emulated-simd", "a Q register stored to an emulated device", "store", "simd", [8]),
  anything("gicd-anything", "any value into any offset of its GICD, in any width", ({ gicd }) => gicd),
  anything("gicr-anything", "any value into any offset of its redistributors, in any width", ({ gicr }) => gicr),
  anything("console-anything", "any value into any offset of its UART, in any width", ({ console }) => console),
];
