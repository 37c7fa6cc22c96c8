// RISC-V images: proven as they are built, refused when somebody has tampered with them; and what a vCPU does to harts of others
// is noticed, with a plan that says so, and with a core that lets it.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { BlobRecord } from "../../partitions/blob/codec.ts";
import { Load } from "../../partitions/images/contents.ts";
import { compile } from "../../tools/build/compile.ts";
import { CORE_RISCV64 } from "../../tools/build/programs.ts";
import type { Declared } from "../../tools/prove/declared.ts";
import { unpack } from "../../tools/prove/fit.ts";
import { uartIn } from "../../tools/prove/image.ts";
import { prove } from "../../tools/prove/prove.ts";
import { reachOf, stopReach } from "../../tools/prove/reach.ts";
import type { Reach } from "../../tools/prove/reach.ts";
import { reportOf } from "../../tools/prove/report.ts";
import { RISCV64 } from "../../tools/prove/riscv64/reach.ts";
import { formatReport } from "../../tools/prove/show.ts";
import { plain } from "../../tools/run/paint.ts";
import { CONTENTS, fitOf, keyPair } from "../firmware/fits.ts";
import { riscv64Board } from "../riscv64.ts";
import { CORE, imageOf, KNOWN, open, repacked, RISCV, RISCV_CORE, withRecord } from "./bench.ts";

const IMAGE = imageOf(RISCV);
const SYSTEM = open(IMAGE, RISCV_CORE);
const { blob: BLOB, declared: DECLARED } = SYSTEM.said;
const [NET, PLC, LOG] = [0, 1, 2];

function brokenIn(bytes: Uint8Array, core = RISCV_CORE): Record<string, string> {
  const broken = prove(bytes, core, KNOWN).checks.filter(({ verdict }) => verdict === "broken");
  return Object.fromEntries(broken.map(({ id, findings }) => [id, findings.join("; ")]));
}

/** Without what follows from the bytes of core and guests, and from how the blob is laid out. */
const masked = (text: string): string =>
  text.replace(/\b[0-9a-f]{64}\b/g, "<hash>")
    .replace(/version \d+, CRC-32 0x[0-9a-f]{8}/, "version <n>, CRC-32 <sum>")
    .replace(/(bytes {5}).*/, "$1<size>")
    .replace(/(0x80200000…)0x[0-9a-f]{8}( {2}hypervisor)/, "$1<end>$2");

describe("an image as it is built", () => {
  test("is proven, and reported as it is", async () => {
    const report = reportOf(prove(IMAGE, RISCV_CORE, KNOWN), RISCV_CORE);
    expect(report.checks.filter(({ verdict }) => verdict !== "holds")).toEqual([]);
    expect(report.proven).toBe(true);
    await expect(`${masked(formatReport(report, plain))}\n`).toMatchFileSnapshot("golden/riscv64.txt");
  });

  test("in a FIT for RISC-V, and in no other", () => {
    const packed = (arch: string): Buffer => fitOf(
      new Load(IMAGE.length, [{ at: 0, contents: IMAGE }]), [keyPair("works", "rsa2048")],
      { ...CONTENTS, arch, compatible: ["riscv-virtio"], address: 0x8020_0000 },
    );
    const findings = (bytes: Buffer): readonly string[] | undefined => {
      const { image, isa, packed: fit } = unpack("a.itb", bytes);
      expect(isa).toBe("riscv64");
      return prove(image, RISCV_CORE, KNOWN, fit).checks.find(({ id }) => id === "fit")?.findings;
    };
    expect(findings(packed("riscv"))).toEqual([]);
    expect(findings(packed("arm64"))).toEqual(["arch of kernel-1 is arm64, not riscv"]);
  });
});

/** Index in the blob of a partition's first region of a kind. */
function regionOf(partition: number, kind: number, which = 0): number {
  const { regionFirst = 0, regionCount = 0 } = BLOB.records["Partition"]?.[partition] ?? {};
  const regions = (BLOB.records["Region"] ?? []).slice(Number(regionFirst), Number(regionFirst) + Number(regionCount));
  const found = regions.flatMap((region, n) => (region["kind"] === kind ? [Number(regionFirst) + n] : []));
  return found[which] ?? -1;
}
const [RAM, DEVICE] = [0, 1];
const region = (index: number): BlobRecord => BLOB.records["Region"]?.[index] ?? {};
const fileOf = (partition: number, which = 0): number => {
  const { regionFirst = 0 } = BLOB.records["Partition"]?.[partition] ?? {};
  const files = (BLOB.records["Region"] ?? []).flatMap(({ pa }, n) =>
    (n >= Number(regionFirst) && Number(pa) >= 0x2800_0000 && Number(pa) < 0x2801_0000 ? [n] : []));
  return files[which] ?? -1;
};
const changed = (kind: string, index: number, change: BlobRecord): Uint8Array =>
  repacked(IMAGE, withRecord(kind, index, (record) => ({ ...record, ...change })), RISCV_CORE);
const machine = (change: BlobRecord): Uint8Array =>
  repacked(IMAGE, (blob) => ({ ...blob, machine: { ...blob.machine, ...change } }), RISCV_CORE);
const withRegion = (more: BlobRecord): Uint8Array => repacked(IMAGE, (blob) => {
  const { records } = withRecord("Partition", LOG, (one) => ({ ...one, regionCount: Number(one["regionCount"]) + 1 }))(blob);
  return { ...blob, records: { ...records, Region: [...(records["Region"] ?? []), { colours: 0, reserved: 0, ...more }] } };
}, RISCV_CORE);
const device = (pa: bigint): Uint8Array => withRegion({ ipa: pa, pa, size: 0x1000n, kind: DEVICE, access: 3 });
const memory = (pa: bigint): Uint8Array => withRegion({ ipa: 0xa000_0000n, pa, size: 0x1000n, kind: RAM, access: 3 });
const patched = (at: number): Uint8Array => IMAGE.with(at, 0xff ^ (IMAGE[at] ?? 0));

describe("the plan in the blob, its checksum right", () => {
  test.each<[string, Uint8Array, string, RegExp]>([
    ["a byte of the core", patched(0x2000), "core", /byte 0x00002000/],
    ["another partition's memory", changed("Region", regionOf(PLC, RAM), { pa: region(regionOf(NET, RAM))["pa"] ?? 0n }), "boot",
      /overlapping/],
    ["an interrupt file of another partition's hart", changed("Region", fileOf(NET, 1), { pa: 0x2800_7000n }), "boot",
      /overlapping/],
    ["an interrupt file of a hart's own", changed("Region", fileOf(PLC), { pa: 0x2800_6000n }), "boot", /overlapping/],
    ["a file that no partition has, to an injected one", device(0x2800_5000n), "boot", /overlapping/],
    ["the APLIC", device(0x0d00_0000n), "boot", /overlapping/],
    ["the hypervisor's UART", device(0x1000_0000n), "boot", /overlapping/],
    ["a page of the hypervisor's", memory(0x8020_0000n), "boot", /overlapping/],
    ["what OpenSBI keeps", memory(0x8000_0000n), "boot", /overlapping/],
    ["registers that no device of the board has", device(0x0c00_0000n), "devices", /log: reaches 0x0c000000/],
    ["a source twice", changed("Interrupt", 0, { line: BLOB.records["Interrupt"]?.at(-1)?.["line"] ?? 0 }), "boot", /twice/],
    ["a source that the APLIC has not", changed("Interrupt", 0, { line: 97 }), "boot", /interrupt/],
    ["another APLIC", machine({ aplic: 0x0c00_0000n }), "board", /aplic is 0xc000000/],
    ["other interrupt files", machine({ imsic: 0x2400_0000n }), "board", /imsic is 0x24000000/],
    ["more guest files than a hart has", changed("Cpu", 2, { guestFiles: 0 }), "board", /Cpu 2: guestFiles/],
  ])("%s", (_, bytes, check, words) => {
    const broken = brokenIn(bytes);
    expect(broken[check] ?? JSON.stringify(broken)).toMatch(words);
  });

  test("what is not tampered with is proven, packed anew as it is", () => {
    expect(repacked(IMAGE, (blob) => blob, RISCV_CORE)).toEqual(IMAGE);
  });

  test("an image with the core of another ISA", () => {
    expect(brokenIn(IMAGE, CORE)["core"]).toMatch(/byte 0x00000000|cut off/);
    const other = Uint8Array.from([...CORE.binary, ...SYSTEM.blob]);
    expect(brokenIn(other, CORE)["blob"]).toMatch(/it is for riscv64, and the core for aarch64/);
  });
});

/** What a partition reaches, with a plan that says something else of what there is. */
function reached(change: (declared: Declared) => Declared, core = RISCV_CORE, n = NET): Reach {
  const behind = IMAGE.subarray(core.binary.length + SYSTEM.blob.length);
  const board = riscv64Board(KNOWN.boards.find(({ name }) => name === "qemu-riscv64"));
  const booted = RISCV64.boot(board, core, { declared: DECLARED, blob: SYSTEM.blob, uart: uartIn(SYSTEM), behind });
  if (typeof booted === "string") throw new Error(booted);
  const declared = change(DECLARED);
  return stopReach(RISCV64, booted, declared, n, reachOf(RISCV64, booted, declared, n));
}
const called = (letters: string): string => `SBI call 0x${Buffer.from(letters).toString("hex")}`;

describe("what a vCPU does to harts of others", () => {
  test("is nothing", () => {
    expect(reached((same) => same)).toMatchObject({ failed: undefined, disturbs: [], lines: [1, 2, 40, 44] });
  });

  test("is seen, if one of its own is said to be nobody's", () => {
    const { failed, disturbs } = reached(({ cpus, ...rest }) =>
      ({ ...rest, cpus: cpus.map((cpu, n) => (n === 1 ? { ...cpu, partition: undefined } : cpu)) }));
    expect(failed).toBeUndefined();
    expect(new Set(disturbs.map(({ what }) => what))).toEqual(new Set(["pCPU 1", "firmware"]));
    const by = new Set(disturbs.map((one) => one.by));
    expect([...by]).toEqual(expect.arrayContaining([
      `${called("HSM")}, 0`, "a message to an interrupt file", "its interrupts", "SYSTEM_OFF",
    ]));
    expect(disturbs).toContainEqual({ vcpu: 0, by: `${called("RFNC")}, 0`, what: "firmware" });
  });

  /** The core's wasm, with something changed in its source. */
  async function coreWith(file: string, ...changes: readonly (readonly [string, string])[]): Promise<typeof RISCV_CORE> {
    let text = readFileSync(file, "utf8");
    for (const [from, to] of changes) {
      expect(text).toContain(from);
      text = text.replace(from, to);
    }
    const { wasm } = await compile(CORE_RISCV64, new Map([[file, text]]));
    return { ...RISCV_CORE, module: new WebAssembly.Module(Uint8Array.from(wasm)) };
  }

  test("is seen of a core whose APLIC takes others' sources, and sends to the hypervisor's own files", async () => {
    const loose = await coreWith(
      "arch/riscv64/vaplic.ts",
      ["if (vcpu.owns((offset - TARGET) >> 2)) writeTarget(", "writeTarget("],
      ["else if (vcpu.owns(offset >> 2)) configure(", "else configure("],
      ["GUEST_FILE, value & TARGET_IDENTITY", "0, value & TARGET_IDENTITY"],
    );
    const { lines, disturbs, failed } = reached((same) => same, loose);
    expect(failed).toBeUndefined();
    expect(lines).toEqual(expect.arrayContaining([1, 2, 11, 41, 96]));
    expect(disturbs).toContainEqual({ vcpu: 0, by: "its interrupts", what: "what the hypervisor has of pCPU 0" });
  });

  test("is seen of a core whose PLIC takes others' sources", async () => {
    const own = reached((same) => same, RISCV_CORE, LOG).lines;
    expect(own).toEqual(DECLARED.partitions[LOG]?.lines);
    const loose = await coreWith("arch/riscv64/vplic.ts", ["value & vcpu.owned(first >> 5)", "value"]);
    const { lines } = reached((same) => same, loose, LOG);
    expect(lines.length).toBeGreaterThan(own.length);
    expect(lines).toEqual(expect.arrayContaining([1, 2, 40]));
  });
});
