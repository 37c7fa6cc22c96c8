// What a blob of RISC-V promises besides what all do (partitions/blob/promises.table.ts): each promise is broken in a blob that
// is otherwise sound; the core has to refuse that with the promise's error, and to start nothing (arch/riscv64/blobCheck.ts).
import { describe, expect, test } from "vitest";
import type { Blob, BlobRecord } from "../../../partitions/blob/codec.ts";
import { REGION_DEVICE } from "../../../partitions/blob/layout.table.ts";
import { BLOB_ERRORS, PROMISES } from "../../../partitions/blob/promises.table.ts";
import type { PromiseId, PromiseRow } from "../../../partitions/blob/promises.table.ts";
import { qemuVirt } from "../../../tools/machine/riscv64/board.ts";
import { machineFor } from "../../../tools/machine/riscv64/core.ts";
import { GUEST_APLIC, IPA, makeSystem, STANDARD } from "../../../tools/machine/riscv64/system.ts";

const PAGE = 0x1000;
const FILES = 2 * PAGE; // of a hart
const FIRST = 0;
const SECOND = 1;

type Change = (blob: Blob) => Blob;
const machine = (change: BlobRecord) => (blob: Blob): Blob => ({ ...blob, machine: { ...blob.machine, ...change } });
const header = (change: BlobRecord) => (blob: Blob): Blob => ({ ...blob, header: { ...blob.header, ...change } });
const record = (kind: string, index: number, change: BlobRecord) => (blob: Blob): Blob => ({
  ...blob,
  records: {
    ...blob.records,
    [kind]: (blob.records[kind] ?? []).map((each, n) => (n === index ? { ...each, ...change } : each)),
  },
});
/** Another region of the first partition. */
const given = (ipa: number, pa: number, size = PAGE) => (blob: Blob): Blob => {
  const [first = {}, second = {}] = blob.records["Region"] ?? [];
  const region = { ...first, ipa: BigInt(ipa), pa: BigInt(pa), size: BigInt(size), kind: REGION_DEVICE, access: 3 };
  const moved = record("Partition", SECOND, { regionFirst: 2 })(record("Partition", FIRST, { regionCount: 2 })(blob));
  return { ...moved, records: { ...moved.records, Region: [first, region, second] } };
};
/** Lines of the first partition. */
const listed = (...lines: readonly number[]) => (blob: Blob): Blob => {
  const count = record("Partition", FIRST, { interruptCount: lines.length })(blob);
  const moved = record("Partition", SECOND, { interruptFirst: lines.length })(count);
  return { ...moved, records: { ...moved.records, Interrupt: lines.map((line) => ({ line, trigger: 0 })) } };
};

interface Booted {
  readonly direct?: boolean;
  readonly alter?: Change;
}
interface Trial {
  readonly what: string;
  readonly change: Change;
  readonly direct?: true;
}

const { imsic, aplic, uart } = qemuVirt;
const GUEST_FILE = imsic + PAGE;
const TRIALS: Readonly<Partial<Record<PromiseId, readonly Trial[]>>> = {
  frames: [
    { what: "an APLIC in RAM", change: machine({ aplic: BigInt(STANDARD.partitions[0]?.regions[0]?.pa ?? 0) }) },
    { what: "an APLIC over the UART", change: machine({ aplic: BigInt(uart) }) },
    { what: "interrupt files over the APLIC", change: machine({ imsic: BigInt(aplic) }) },
    { what: "files of one hart over the next one's", change: machine({ imsicShift: 12 }) },
    { what: "less than a page from one hart's to the next one's", change: machine({ imsicShift: 11 }) },
    { what: "a UART of another kind", change: header({ uartKind: 4 }) },
    { what: "more guest files than there is room for", change: record("Cpu", 1, { guestFiles: 2 }) },
    { what: "more guest files than any hart has", change: record("Cpu", 1, { guestFiles: 64 }) },
  ],
  sources: [{ what: "none", change: machine({ sources: 0 }) }, { what: "too many", change: machine({ sources: 1024 }) }],
  identities: [
    { what: "in the middle of a register", change: machine({ identities: 100 }) },
    { what: "none", change: machine({ identities: 0 }) },
    { what: "too many", change: machine({ identities: 2111 }) },
  ],
  clock: [{ what: "stands still", change: machine({ timebase: 0 }) }, { what: "too fast", change: machine({ timebase: 2e9 }) }],
  hartNumber: [{ what: "one of 15 bits", change: record("Cpu", 1, { id: 1n << 14n }) }],
  flags: [
    { what: "one that is AArch64's", change: record("Partition", FIRST, { flags: 65 }) },
    { what: "direct without a file on each hart", direct: true, change: record("Cpu", 1, { guestFiles: 0 }) },
  ],
  bandwidth: [
    { what: "nobody counts", change: record("Partition", FIRST, { bandwidthRefills: 1, bandwidthMicroseconds: 1000 }) },
  ],
  ways: [{ what: "no cache is parted", change: record("Partition", FIRST, { clusterWays: 1 }) }],
  lineOwner: [
    { what: "source 0, which is none", change: listed(0) },
    { what: "behind the last source", change: listed(97) },
    { what: "one that a hart's file has no identity for", change: (blob) => listed(63)(machine({ identities: 63 })(blob)) },
  ],
  windows: [
    { what: "an APLIC over its memory", direct: true, change: record("Partition", FIRST, { controller: BigInt(IPA) }) },
    { what: "an APLIC over its console", direct: true, change: record("Partition", FIRST, {
      controller: BigInt(GUEST_APLIC), console: BigInt(GUEST_APLIC + 3 * PAGE),
    }) },
    { what: "an APLIC in the middle of a page", direct: true, change: record("Partition", FIRST, { controller: 0xd00_0800n }) },
    { what: "a PLIC whose last page is its memory's", change: record("Partition", FIRST, {
      controller: BigInt(IPA - 0x20_f000),
    }) },
  ],
  devicePlace: [
    { what: "the interrupt file of another partition's hart", direct: true, change: given(imsic, GUEST_FILE + 3 * FILES) },
    { what: "the hypervisor's own file", direct: true, change: given(imsic, imsic) },
    { what: "two files", direct: true, change: given(imsic, GUEST_FILE, FILES) },
    { what: "a file for who is not direct", change: given(imsic, GUEST_FILE) },
  ],
};

/** What it says, and whether it starts anything. */
function boot({ direct = false, alter }: Booted): { said: string; runs: boolean } {
  const partitions = STANDARD.partitions.map((one) => ({ ...one, direct }));
  const booted = machineFor(qemuVirt, makeSystem({ ...STANDARD, partitions }, alter));
  booted.boot();
  const said = new TextDecoder().decode(Uint8Array.from(booted.uart.sent));
  return { said, runs: booted.pcpus.some(({ phase }) => phase === "guest") };
}

test("every promise that RISC-V alone makes is tried", () => {
  const made = Object.entries<PromiseRow>(PROMISES).flatMap(([id, { isa }]) => (isa === "riscv64" ? [id] : []));
  expect(Object.keys(TRIALS)).toEqual(expect.arrayContaining(made));
});

test.each<[string, Booted]>([
  ["its own timer alone", {}],
  ["direct, with a file of its own", { direct: true, alter: given(imsic, GUEST_FILE) }],
  ["the first source and the last", { alter: listed(1, 96) }],
])("a sound system is taken: %s", (_, spec) => {
  expect(boot(spec).runs).toBe(true);
});

describe.each(Object.entries(TRIALS) as [PromiseId, readonly Trial[]][])("%s", (id, trials) => {
  test.each(trials.map((trial) => [trial.what, trial] as const))(`${PROMISES[id].sentence}: not ${"%s"}`, (_, trial) => {
    const { said, runs } = boot({ direct: trial.direct ?? false, alter: trial.change });
    expect(said).toContain(BLOB_ERRORS[PROMISES[id].error]);
    expect(runs).toBe(false);
  });
});
