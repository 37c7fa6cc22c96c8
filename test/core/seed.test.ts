// Random seeds for guests: where a board's randomness comes from (core/entropy.ts, firmwareTree.ts), how it is stretched
// (core/seed.ts), and what a guest finds in its device tree.
import { createCipheriv } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BLOB_MAX_BYTES } from "../../partitions/blob/layout.table.ts";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import { seedOffset } from "../../partitions/devicetree/seed.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import type { Board } from "../../tools/machine/aarch64/board.ts";
import { TRNG_RND64, TRNG_VERSION } from "../../tools/machine/aarch64/firmware.ts";
import { ENTRY_OFFSET, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";
import { SYSTEM_RESET } from "./functions.ts";

const SEED_BYTES = 64;
/** Token, length, name. */
const PROPERTY_HEAD = 12;
/** RAM of nobody, near the image. */
const TREE_PA = 0x5800_0000;
const ISAR0 = 0x0001_1120n;
const RNDR = 1n << 60n;

const compiled = (dts: string): Uint8Array => Uint8Array.from(compileTree(dts));
const guestTree = compiled(`/dts-v1/; / { chosen { rng-seed = <${"0 ".repeat(16)}>; bootargs = "quiet"; }; };`);
const offset = seedOffset(guestTree) ?? NaN;
/** Two partitions that take a device tree, which is their image here. */
const TREES: readonly PartitionSpec[] = [LINUX, PLC].map((partition) => ({
  ...partition,
  image: guestTree,
  seed: ENTRY_OFFSET + offset,
}));

const boot = (board: Partial<Board>, partitions = TREES): Bench =>
  new Bench({ ...STANDARD, board: { ...qemuVirt, ...board }, partitions });

/** The device tree that a partition finds. */
function found({ machine, system }: Bench, partition: number): Uint8Array {
  const [ram] = system.plan.partitions[partition]?.regions ?? [];
  return machine.memory.readBytes((ram?.pa ?? 0) + ENTRY_OFFSET, guestTree.length);
}

const chosen = (tree: Uint8Array): ReadonlyMap<string, Uint8Array> => readFdt(tree).root.children[0]?.properties ?? new Map();
const seedOf = (bench: Bench, partition: number): string =>
  Buffer.from(chosen(found(bench, partition)).get("rng-seed") ?? []).toString("hex");

/** A firmware's device tree. Its properties are what the firmware's author calls them. */
const firmwareTree = (properties: string): Uint8Array =>
  compiled(
    `/dts-v1/; / { model = "x"; cpus { cpu@0 { reg = <0>; }; }; chosen { stdout-path = "/pl011"; ${properties} }; ` +
      "memory { reg = <1 2>; }; };",
  );
const RNG_SEED = `rng-seed = <${Array.from({ length: 8 }, (_, n) => 0x1000 + n).join(" ")}>;`;
const KASLR_SEED = "kaslr-seed = <0x12345678 0x9abcdef0>;";

/** ChaCha20's block (RFC 8439 §2.3) under a key, with a number in place of the counter: OpenSSL's. */
const chacha20 = (key: Uint8Array, number: number): Buffer => {
  const counterAndNonce = Buffer.alloc(16);
  counterAndNonce.writeUInt32LE(number);
  return createCipheriv("chacha20", key, counterAndNonce).update(Buffer.alloc(SEED_BYTES));
};

test("a seed is ChaCha20's block with the start's number, under a key made of all words that the board has", () => {
  const words = [0x8000_0001, 0, 0xdead_beef, ...Array.from({ length: 13 }, (_, n) => (n + 1) * 0x1234_5679)].map(
    (word) => word % 2 ** 32,
  );
  let drawn = 0;
  const bench = boot({ trng: () => BigInt(words[drawn++] ?? 0) });
  const key = new Uint32Array(8);
  for (const [n, word] of words.filter((word) => word !== 0).entries()) {
    const before = key[n % 8] ?? 0;
    key[n % 8] = ((before << 13) | (before >>> 19)) ^ word;
  }
  const stirred = chacha20(new Uint8Array(key.buffer), 0).subarray(0, 32);
  expect(drawn).toBe(words.length);
  expect([seedOf(bench, 0), seedOf(bench, 1)].sort()).toEqual(
    [1, 2].map((number) => chacha20(stirred, number).toString("hex")).sort(),
  );
  bench.guest(3).hvc(SYSTEM_RESET);
  bench.pass(1500);
  expect(seedOf(bench, 1)).toBe(chacha20(stirred, 3).toString("hex"));
});

describe("a board with none", () => {
  test.each<[string, Partial<Board>]>([
    ["no device tree, no TRNG, no RNDR", {}],
    ["a TRNG that has nothing at the moment", { trng: () => 0n }],
    [
      "an RNDR that has nothing at the moment",
      { cpus: qemuVirt.cpus.map((cpu) => ({ ...cpu, registers: { ID_AA64ISAR0_EL1: ISAR0 | RNDR } })), rndr: () => 0n },
    ],
    ["a device tree without a seed", { deviceTree: { pa: TREE_PA, bytes: firmwareTree("") } }],
    ["one whose seed is empty", { deviceTree: { pa: TREE_PA, bytes: firmwareTree("rng-seed;") } }],
  ])("%s: the guest's device tree has no rng-seed", (_, board) => {
    const bench = boot(board);
    for (const partition of [0, 1]) expect([...chosen(found(bench, partition)).keys()]).toEqual(["bootargs"]);
  });
});

describe.each<[string, Partial<Board>]>([
  ["rng-seed in the firmware's device tree", { deviceTree: { pa: TREE_PA, bytes: firmwareTree(`${KASLR_SEED} ${RNG_SEED}`) } }],
  ["kaslr-seed in the firmware's device tree", { deviceTree: { pa: TREE_PA, bytes: firmwareTree(KASLR_SEED) } }],
  ["TRNG", { trng: () => 0x1234_5678_9abc_def0n }],
  [
    "RNDR",
    {
      cpus: qemuVirt.cpus.map((cpu) => ({ ...cpu, registers: { ID_AA64ISAR0_EL1: ISAR0 | RNDR } })),
      rndr: () => 0xfedc_ba98_7654_3210n,
    },
  ],
])("%s", (_, board) => {
  test("each partition has a seed of its own, and another one at each start", () => {
    const bench = boot(board);
    const seeds = [seedOf(bench, 0), seedOf(bench, 1)];
    for (let life = 0; life < 3; life++) {
      bench.guest(3).hvc(SYSTEM_RESET);
      bench.pass(1500);
      seeds.push(seedOf(bench, 1));
    }
    expect(seedOf(bench, 0)).toBe(seeds[0]);
    expect(new Set(seeds).size).toBe(5);
    for (const seed of seeds) expect(seed).toMatch(/^(?!0{32})[0-9a-f]{128}$/);
    expect(found(bench, 0).subarray(offset + SEED_BYTES)).toEqual(guestTree.subarray(offset + SEED_BYTES));
    expect(found(bench, 0).subarray(0, offset)).toEqual(guestTree.subarray(0, offset));
  });

  test("no seed stays in the hypervisor's memory", () => {
    const bench = boot(board);
    const linear = Buffer.from(bench.machine.core.memory.buffer);
    for (const partition of [0, 1]) expect(linear.indexOf(Buffer.from(seedOf(bench, partition).slice(0, 32), "hex"))).toBe(-1);
  });
});

test.each([["first", 0x4000_0000], ["last", 0x7fff_f000]])("a device tree in the %s page of the image's GiB is read", (_, pa) => {
  expect(chosen(found(boot({ deviceTree: { pa, bytes: firmwareTree(RNG_SEED) } }), 0)).has("rng-seed")).toBe(true);
});

test("a device tree right ahead of the image is read, and right behind its room and the largest blob; a page earlier not", () => {
  const { board, system: { plan } } = { board: qemuVirt, system: boot({}).system };
  const end = board.imageBase + plan.image.size + BLOB_MAX_BYTES;
  expect(end % 0x1000).toBe(0);
  const taken = [board.imageBase - 0x1000, end, end - 0x1000].map(
    (pa) => chosen(found(boot({ deviceTree: { pa, bytes: firmwareTree(RNG_SEED) } }), 0)).has("rng-seed"),
  );
  expect(taken).toEqual([true, true, false]);
});

test.each([0, 1, 2, 3])("a name is found wherever it stands in the strings (%i more)", (more) => {
  for (const seed of [RNG_SEED, KASLR_SEED]) {
    const bench = boot({ deviceTree: { pa: TREE_PA, bytes: firmwareTree(`${"x".repeat(1 + more)} = <1>; ${seed}`) } });
    expect(seedOf(bench, 0)).toMatch(/^(?!0{32})[0-9a-f]{128}$/);
  }
});

test("another source, another seed", () => {
  const of = (board: Partial<Board>): string => seedOf(boot(board), 0);
  const sources: Partial<Board>[] = [
    { trng: () => 1n },
    { trng: () => 2n },
    { deviceTree: { pa: TREE_PA, bytes: firmwareTree(RNG_SEED) } },
    { deviceTree: { pa: TREE_PA, bytes: firmwareTree(RNG_SEED) }, trng: () => 1n },
    { deviceTree: { pa: TREE_PA, bytes: firmwareTree(KASLR_SEED) } },
  ];
  expect(new Set(sources.map(of)).size).toBe(sources.length);
});

test("TRNG is asked for only where firmware has SMCCC_VERSION", () => {
  expect(boot({}).machine.firmware.calls).not.toContain(TRNG_VERSION);
  expect(boot({ trng: () => 5n }).machine.firmware.calls).toEqual(expect.arrayContaining([TRNG_VERSION, TRNG_RND64]));
});

test("the firmware's device tree is only read", () => {
  const bytes = firmwareTree(RNG_SEED);
  const bench = boot({ deviceTree: { pa: TREE_PA, bytes } });
  expect(bench.machine.memory.readBytes(TREE_PA, bytes.length)).toEqual(bytes);
});

describe("what is no device tree, or none that can be read, is left alone, and the guests start all the same", () => {
  const bytes = firmwareTree(RNG_SEED);
  const changed = (at: number, value: number): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    new DataView(copy.buffer).setUint32(at, value);
    return copy;
  };
  /** FDT_END stands where the property before the seed did, which has no value. */
  const endedBefore = (properties: string): Uint8Array => {
    const copy = firmwareTree(properties);
    new DataView(copy.buffer).setUint32((seedOffset(copy) ?? NaN) - 2 * PROPERTY_HEAD, 9);
    return copy;
  };
  const lookalike = (name: number): Uint8Array => firmwareTree(`log = <3 8 ${name} 0x12345678 0x9abcdef0>; rng-seed;`);
  const plain = lookalike(0);
  const looksLike = lookalike(new DataView(plain.buffer).getUint32((seedOffset(plain) ?? NaN) - 4));
  const at = (pa: number, tree = bytes): Partial<Board> => ({ deviceTree: { pa, bytes: tree } });
  test.each<[string, Partial<Board>]>([
    ["another magic", at(TREE_PA, changed(0, 0xd00dfeee))],
    ["smaller than its header", at(TREE_PA, changed(4, 39))],
    ["larger than a device tree may be", at(TREE_PA, changed(4, 0x20_0001))],
    ["larger than the address space", at(TREE_PA, changed(4, 0xffff_ffff))],
    ["no multiple of 8", { deviceTree: { pa: TREE_PA + 4, bytes } }],
    ["structure outside", at(TREE_PA, changed(8, bytes.length))],
    ["structure at the end of 32 bits", at(TREE_PA, changed(8, 0xffff_fffc))],
    ["a seed behind the structure's end", at(TREE_PA, endedBefore(`end; ${RNG_SEED}`))],
    ["a value that looks like a seed", at(TREE_PA, looksLike)],
    ["strings outside", at(TREE_PA, changed(12, bytes.length))],
    ["strings at the end of 32 bits", at(TREE_PA, changed(12, 0xffff_ffff))],
    ["in a partition's memory, which could learn there what others' seeds come from", at(0x6180_0000)],
    ["half in a partition's memory", at(0x5fff_fff8)],
    ["on a channel", at(0x5000_0000)],
    ["on the image", { deviceTree: { pa: 0x4020_0000, bytes: new Uint8Array() } }],
    ["far from the image, where there may be no memory", { deviceTree: { pa: 0x9000_0000, bytes: new Uint8Array() } }],
    ["above every address", { deviceTree: { pa: 0xffff_ffff_f000, bytes: new Uint8Array() } }],
  ])("%s", (_, board) => {
    const bench = boot(board);
    expect(bench.guests.map(({ running }) => running)).toEqual([true, false, false, true]);
    expect([...chosen(found(bench, 0)).keys()]).toEqual(["bootargs"]);
  });

  test("of a tree that ends in the middle of a property, with its page, nothing behind it is read", () => {
    const page = 0x1000;
    for (const left of [4, 8, PROPERTY_HEAD, PROPERTY_HEAD + 4, PROPERTY_HEAD + 16]) {
      // The seed's property, its names before it, begins that many bytes ahead of the page's end.
      const tree = new Uint8Array(page);
      const view = new DataView(tree.buffer);
      tree.set(new TextEncoder().encode("rng-seed"), 40);
      const begin = page - left;
      for (const [offset, word] of [[0, 0xd00d_feed], [4, page], [8, begin - 20], [12, 40]] as const)
        view.setUint32(offset, word);
      const nodes = [1, 0, 1, 0x63686f73, 0x656e0000]; // the root, and chosen in it
      for (const [n, word] of nodes.entries()) view.setUint32(begin - 20 + 4 * n, word);
      for (const [n, word] of [3, SEED_BYTES, 0, 1, 2, 3, 4].entries())
        if (begin + 4 * n < page) view.setUint32(begin + 4 * n, word);
      const bench = boot(at(TREE_PA, tree));
      expect(bench.guest(0).running).toBe(true);
      expect(chosen(found(bench, 0)).has("rng-seed")).toBe(left >= PROPERTY_HEAD + 8);
    }
  });

  test("of a node behind the root's end, whatever it is called, no seed is taken", () => {
    const tree = new Uint8Array(256);
    const view = new DataView(tree.buffer);
    tree.set(new TextEncoder().encode("rng-seed"), 40);
    for (const [offset, word] of [[0, 0xd00d_feed], [4, tree.length], [8, 64], [12, 40]] as const) view.setUint32(offset, word);
    const [begin, end, property, chosenName] = [1, 2, 3, [0x63686f73, 0x656e0000]];
    const chosenNode = [begin, ...chosenName, property, 8, 0, 0x1234, 0x5678, end];
    for (const [nodes, isTaken] of [[[begin, 0, ...chosenNode, end], true], [[begin, 0, end, ...chosenNode], false]] as const) {
      [...nodes, 9].forEach((word, n) => view.setUint32(64 + 4 * n, word));
      expect(chosen(found(boot(at(TREE_PA, tree)), 0)).has("rng-seed")).toBe(isTaken);
    }
  });

  test.each([0, 1, 31, 36, 64, 1000, 0x1f_ffff, 0x7fff_ffff, 0xffff_fffc, 0xffff_ffff])(
    "a seed that says it has %i bytes is read as far as it can be",
    (length) => {
      const bench = boot(at(TREE_PA, changed((seedOffset(bytes) ?? NaN) - 8, length)));
      expect(bench.guest(0).running).toBe(true);
      expect(chosen(found(bench, 0)).has("rng-seed")).toBe(length >= 8);
    },
  );
});

test("a seed in coloured memory goes to the page of its colours", () => {
  const colours = [2, 3];
  const [ram, ...others] = PLC.regions;
  if (ram === undefined) throw new Error("no memory");
  const coloured = {
    ...PLC,
    image: guestTree,
    seed: ENTRY_OFFSET + offset,
    regions: [{ ...ram, size: 0x10_0000, colours }, ...others],
  };
  const bench = boot({ trng: () => 3n }, [LINUX, coloured]);
  // Page 0x80 of pages 2, 3, 18, 19, 34, 35 …
  const pa = ram.pa + ((ENTRY_OFFSET / 4096 / 2) * 16 + 2) * 4096;
  expect(chosen(bench.machine.memory.readBytes(pa, guestTree.length)).get("rng-seed")).toSatisfy((seed: Uint8Array) =>
    seed.some((byte) => byte !== 0),
  );
});
