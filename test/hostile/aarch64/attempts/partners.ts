// What is shared with somebody: the channel with its neighbour, the mailbox with the hypervisor. Whoever reads it has to expect
// anything.
import * as abi from "../../../../core/abi.ts";
import * as plcAbi from "../../../../rtos-guests/plc/abi.ts";
import { DONE } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt, Step, Touch } from "../attempt.ts";
import type { Operation } from "../operations.ts";
import type { Random } from "../../random.ts";
import type { Place, Target } from "../target.ts";

const TRIES = 64;
const ROUNDS = 400;
const EVERY_TICK = 2000;

const store = (at: number, data: bigint, bytes: 4 | 8 = 4): Operation =>
  ({ kind: "store", at, bytes, access: "plain", memory: "normal", data });
const scribble = ({ at, size }: Place, random: Random, rounds: number): Step =>
  step({ kind: "scribble", at, bytes: size, seed: random.word() || 1, rounds }, DONE);

function channel(name: string, does: string, steps: (target: Target, random: Random) => Step[]): Attempt {
  return { name, subject: "partners", does, touches: ["channel"], steps };
}

function mailbox(
  name: string, does: string, steps: (box: Place, random: Random) => Step[], touches: readonly Touch[] = [],
): Attempt {
  return {
    name, subject: "partners", does, touches, when: (target) => target.mailbox !== undefined,
    steps: (target, random) => (target.mailbox === undefined ? [] : steps(target.mailbox, random)),
  };
}

const words = (at: number, values: (n: number) => bigint): Step[] =>
  Array.from({ length: TRIES }, (_, n) => step(store(at, values(n)), DONE));

export const partners: readonly Attempt[] = [
  channel("channel-scribble", "random bytes all over the channel, again and again", (target, random) => [
    scribble(target.channel, random, ROUNDS),
  ]),
  channel("channel-zero", "zeros all over the channel", ({ channel: { at, size } }) => [
    step({ kind: "scribble", at, bytes: size, seed: 0, rounds: ROUNDS }, DONE),
  ]),
  channel(
    "channel-sequence",
    "the sequence of the neighbour's process image: odd, torn, running backwards",
    ({ channel: { at } }, random) =>
      words(at + plcAbi.PROCESS_IMAGE_SEQUENCE, (n) =>
        BigInt(random.pick([n, 0xffff_ffff - n, random.word() | 1, random.word()])),
      ),
  ),
  channel(
    "channel-indices",
    "what could be heads, tails and lengths of rings: every word of the first lines, by far too large",
    ({ channel: { at } }, random) =>
      Array.from({ length: 64 }, (_, n) =>
        step(store(at + 4 * n, BigInt(random.pick([0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 4096, 2048, random.word()]))), DONE),
      ),
  ),
  mailbox(
    "mailbox-scribble",
    "random bytes all over the mailbox, at every tick of the hypervisor",
    (box, random) => [scribble(box, random, EVERY_TICK)],
    ["doorbell"],
  ),
  mailbox(
    "mailbox-console",
    "a console that claims to have written more than there is room for, or less than was taken",
    ({ at }, random) =>
      words(at + abi.MAILBOX_CONSOLE_HEAD, (n) => BigInt(random.pick([n, 0xffff_ffff, 0x8000_0000, 2049, 2048, random.word()]))),
  ),
  mailbox("mailbox-tail", "writes what is the hypervisor's to write: magic, version, tail", ({ at }, random) =>
    [abi.MAILBOX_CONSOLE_TAIL, 0, abi.MAILBOX_VERSION].flatMap((field) => words(at + field, () => BigInt(random.word()))),
  ),
  mailbox(
    "mailbox-doorbells",
    "rings every doorbell there could be, of channels that it has and has not",
    ({ at }, random) =>
      Array.from({ length: 8 * TRIES }, (_, n) =>
        step(store(at + abi.MAILBOX_DOORBELLS + 4 * (n % abi.MAILBOX_DOORBELL_COUNT), BigInt(random.word())), DONE),
      ),
    ["doorbell"],
  ),
  mailbox("mailbox-watchdog", "feeds its watchdog by the mailbox, faster than anybody looks", ({ at }, random) =>
    Array.from({ length: TRIES }, () => step(store(at + abi.MAILBOX_WATCHDOG, random.value(), 8), DONE)),
  ),
  mailbox("mailbox-tags", "publishes every tag there could be", ({ at }, random) => [
    step(store(at + abi.MAILBOX_PUBLISHED, 0xffff_ffffn), DONE),
    ...Array.from({ length: abi.TAG_MAX }, (_, n) => step(store(at + abi.MAILBOX_TAGS + 8 * n, random.value(), 8), DONE)),
  ]),
];
