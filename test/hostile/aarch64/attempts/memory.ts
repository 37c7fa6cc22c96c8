// Loads, stores and fetches outside of what the attacker owns. Stage 2 answers all of them: the partition fails by the fault,
// and is started anew; nothing has been read, nothing written.
import { DONE, FAILS_DATA, FAILS_FETCH, FAILS_OR_LIVES } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt } from "../attempt.ts";
import type { Access, MemoryType, Width } from "../operations.ts";
import type { Random } from "../../random.ts";
import type { Target } from "../target.ts";
import { acrossEnd, acrossStart, DEVICE, foreign, HYPERVISOR, owned, PARTITION, WIDTHS, within } from "./places.ts";

type Where = (target: Target, random: Random, align: number) => number;
const at = (whose: RegExp): Where => (target, random, align) => owned(target, random, align, whose);

interface Form {
  readonly access: Access;
  readonly widths: readonly Width[];
  readonly memory?: MemoryType;
}

const PLAIN: Form = { access: "plain", widths: WIDTHS };

function load(name: string, does: string, where: Where, { access, widths, memory = "normal" }: Form = PLAIN): Attempt {
  return {
    name, subject: "memory", does,
    steps: (target, random) => {
      const bytes = random.pick(widths);
      return [
        step({ kind: "load", at: where(target, random, access === "plain" ? bytes : 16), bytes, access, memory }, FAILS_DATA)
      ];
    },
  };
}

function store(name: string, does: string, where: Where, { access, widths, memory = "normal" }: Form = PLAIN): Attempt {
  return {
    name, subject: "memory", does,
    steps: (target, random) => {
      const bytes = random.pick(widths);
      const data = random.value();
      return [
        step(
          { kind: "store", at: where(target, random, access === "plain" ? bytes : 16), bytes, access, memory, data }, FAILS_DATA,
        )
      ];
    },
  };
}

function fetch(name: string, does: string, where: Where): Attempt {
  return {
    name, subject: "memory", does,
    steps: (target, random) => [step({ kind: "fetch", at: where(target, random, 4) }, FAILS_FETCH)],
  };
}

/** An unaligned access whose first bytes are the attacker's and whose last ones are not, or the other way round. */
function across(
  name: string, does: string, kind: "load" | "store", where: (target: Target, random: Random, bytes: Width) => number,
): Attempt {
  return {
    name, subject: "memory", does,
    steps: (target, random) => {
      const bytes = random.pick<Width>([2, 4, 8]);
      const operation = { at: where(target, random, bytes), bytes, access: "plain", memory: "normal" } as const;
      return [step(kind === "load" ? { kind, ...operation } : { kind, ...operation, data: random.value() }, FAILS_DATA)];
    },
  };
}

function harmless(
  name: string, does: string, answer: Answer, operation: (target: Target, random: Random) => Parameters<typeof step>[0],
): Attempt {
  return { name, subject: "memory", does, steps: (target, random) => [step(operation(target, random), answer)] };
}

export const memory: readonly Attempt[] = [
  load("read-neighbour", "loads from where a neighbour's memory is", at(PARTITION)),
  store("write-neighbour", "stores to where a neighbour's memory is", at(PARTITION)),
  fetch("fetch-neighbour", "goes on at a neighbour's memory", at(PARTITION)),
  load("read-hypervisor", "loads from the hypervisor's image, its data, its tables", at(HYPERVISOR)),
  store("write-hypervisor", "stores to the hypervisor's image, its data, its tables", at(HYPERVISOR)),
  fetch("fetch-hypervisor", "goes on at the hypervisor's code", at(HYPERVISOR)),
  load("read-device", "loads from a device that is not its own", at(DEVICE), { access: "plain", widths: [4], memory: "device" }),
  store("write-device", "stores to a device that is not its own", at(DEVICE), { access: "plain", widths: [4], memory: "device" }),
  fetch("fetch-device", "goes on at a device that is not its own", at(DEVICE)),
  load("read-anywhere", "loads from any address that is not its own", foreign),
  store("write-anywhere", "stores to any address that is not its own", foreign),
  fetch("fetch-anywhere", "goes on at any address that is not its own", foreign),
  load(
    "read-signed", "LDRSB, LDRSH, LDRSW from an address that is not its own", foreign, { access: "signed", widths: [1, 2, 4] },
  ),
  load("read-acquire", "LDAR from an address that is not its own", foreign, { access: "acquire", widths: WIDTHS }),
  store("write-release", "STLR to an address that is not its own", foreign, { access: "acquire", widths: WIDTHS }),
  load("read-pair", "LDP from an address that is not its own", foreign, { access: "pair", widths: [8] }),
  store("write-pair", "STP to an address that is not its own", foreign, { access: "pair", widths: [8] }),
  load("read-exclusive", "LDXR from an address that is not its own", foreign, { access: "exclusive", widths: WIDTHS }),
  store("write-exclusive", "LDXR and STXR of an address that is not its own", foreign, { access: "exclusive", widths: WIDTHS }),
  load("read-simd", "LDR of a Q register from an address that is not its own", foreign, { access: "simd", widths: [8] }),
  store("write-simd", "STR of a Q register to an address that is not its own", foreign, { access: "simd", widths: [8] }),
  load(
    "read-writeback", "LDR with write-back from an address that is not its own", foreign, { access: "writeback", widths: WIDTHS },
  ),
  store(
    "write-writeback", "STR with write-back to an address that is not its own", foreign, { access: "writeback", widths: WIDTHS },
  ),
  across(
    "read-across-end", "loads across the end of its memory, unaligned", "load",
    ({ ram }, random, bytes) => acrossEnd(ram, random, bytes),
  ),
  across(
    "write-across-end", "stores across the end of its memory, unaligned", "store",
    ({ ram }, random, bytes) => acrossEnd(ram, random, bytes),
  ),
  across(
    "read-across-start", "loads across the start of its memory, unaligned", "load",
    ({ ram }, random, bytes) => acrossStart(ram, random, bytes),
  ),
  across(
    "write-across-start", "stores across the start of its memory, unaligned", "store",
    ({ ram }, random, bytes) => acrossStart(ram, random, bytes),
  ),
  across(
    "write-across-channel", "stores across the start of its channel's page, unaligned", "store",
    ({ channel }, random, bytes) => acrossStart(channel, random, bytes),
  ),
  fetch(
    "fetch-channel", "goes on in the channel, where a partner may have put code: it is not executable",
    ({ channel }, random) => within(channel, random, 4),
  ),
  fetch("fetch-gicd", "goes on in its emulated GICD", ({ gicd }, random) => within(gicd, random, 4)),
  harmless(
    "prefetch", "PRFM of an address that is not its own: a hint, which may not fault", DONE,
    (target, random) => ({ kind: "prefetch", at: foreign(target, random, 64) }),
  ),
  harmless(
    "conditional-store", "LDXR of its own memory, STXR to a foreign address: the monitor says no, or stage 2", FAILS_OR_LIVES,
    (target, random) => ({ kind: "conditional store", own: within(target.scratch, random, 8), at: foreign(target, random, 8) }),
  ),
];
