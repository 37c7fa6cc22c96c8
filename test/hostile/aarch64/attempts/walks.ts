// The attacker's own stage-1 tables, pointing where it owns nothing: the walk is an access like any other, with stage 2 behind
// it.
import { EXTERNAL_ABORT, FAILS_DATA, ALIVE, DONE } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt } from "../attempt.ts";
import type { Random } from "../../random.ts";
import type { Target } from "../target.ts";
import { DEVICE, foreign, HYPERVISOR, owned, PARTITION, within } from "./places.ts";

const TABLE = 4096;

function walk(
  name: string, does: string, answer: Answer, table: (target: Target, random: Random) => number,
  by: "load" | "translation" = "load",
): Attempt {
  return {
    name, subject: "table walks", does,
    steps: (target, random) => [step({ kind: "walk", table: table(target, random), by }, answer)],
  };
}

export const walks: readonly Attempt[] = [
  walk("walk-neighbour", "a table in a neighbour's memory", FAILS_DATA, (target, random) =>
    owned(target, random, TABLE, PARTITION),
  ),
  walk("walk-hypervisor", "a table in the hypervisor's memory: its stage 2 tables, for example", FAILS_DATA, (target, random) =>
    owned(target, random, TABLE, HYPERVISOR),
  ),
  walk("walk-device", "a table in a foreign device", FAILS_DATA, (target, random) => owned(target, random, TABLE, DEVICE)),
  walk("walk-anywhere", "a table anywhere but in what it owns", FAILS_DATA, (target, random) => foreign(target, random, TABLE)),
  walk("walk-emulated", "a table in its emulated GICD: an external abort", EXTERNAL_ABORT, ({ gicd }, random) =>
    within(gicd, random, TABLE),
  ),
  walk(
    "translate-neighbour",
    "AT S1E1R through a table in a neighbour's memory",
    FAILS_DATA,
    (target, random) => owned(target, random, TABLE, PARTITION),
    "translation",
  ),
  walk(
    "translate-anywhere",
    "AT S1E1R through a table anywhere but in what it owns",
    FAILS_DATA,
    (target, random) => foreign(target, random, TABLE),
    "translation",
  ),
  {
    name: "walk-own-device",
    subject: "table walks",
    does: "a table in a device of its own: stage 2 does not let a walk read a device (HCR_EL2.PTW)",
    when: ({ devices }) => devices.length > 0,
    steps: ({ devices }, random) => [
      step({ kind: "walk", table: within(random.pick(devices), random, TABLE), by: "load" }, FAILS_DATA),
    ],
  },
  {
    name: "walk-channel",
    subject: "table walks",
    does:
      "a table in its channel, where its partner writes: the walk is its own business, " +
      "and it gets whatever its own stage 2 gives",
    touches: ["channel"],
    steps: ({ channel }) => [
      // Nothing valid in the table, so that the walk ends at once.
      step({ kind: "scribble", at: channel.at, bytes: 8, seed: 0, rounds: 1 }, DONE),
      step({ kind: "walk", table: channel.at, by: "load" }, ALIVE),
    ],
  },
];
