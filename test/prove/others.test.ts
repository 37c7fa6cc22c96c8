// What a partition does to pCPUs of others is noticed: here some of its own are said to be somebody else's.
import { expect, test } from "vitest";
import type { Declared } from "../../tools/prove/declared.ts";
import { AARCH64 } from "../../tools/prove/aarch64/reach.ts";
import { uartIn } from "../../tools/prove/image.ts";
import { reachOf, stopReach } from "../../tools/prove/reach.ts";
import type { Reach } from "../../tools/prove/reach.ts";
import { aarch64Board } from "../aarch64.ts";
import { CORE, imageOf, KNOWN, open } from "./bench.ts";

const system = (board: string, more: string): string => `
board: ${board}
partitions:
  net: { guest: bare-metal, image: net.bin, load: 0x40000000, cpus: [0, 1, 2], memory: 2M${more} }
  plc: { guest: bare-metal, image: plc.bin, load: 0x40000000, cpus: [3], memory: 2M }
`;

/** What its first partition reaches; `pcpu` is said to be nobody's; -1: none. */
function reached(board: string, pcpu: number, more = "", change: (declared: Declared) => Declared = (same) => same): Reach {
  const image = open(imageOf(system(board, more)));
  const described = aarch64Board(KNOWN.boards.find(({ name }) => name === board));
  const behind = image.bytes.subarray(CORE.binary.length + image.blob.length);
  const machine = AARCH64.boot(described, CORE, { declared: image.said.declared, blob: image.blob, uart: uartIn(image), behind });
  if (typeof machine === "string") throw new Error(machine);
  const { cpus } = image.said.declared;
  const said = cpus.map((cpu, n) => (n === pcpu ? { ...cpu, partition: undefined } : cpu));
  const declared = change({ ...image.said.declared, cpus: said });
  return stopReach(AARCH64, machine, declared, 0, reachOf(AARCH64, machine, declared, 0));
}

test.each(["qemu-aarch64", "qemu-aarch64-gicv2"])("%s: each vCPU tries, and what it does to pCPU 2 is seen", (board) => {
  expect(reached(board, -1)).toMatchObject({ failed: undefined, disturbs: [] });
  const { failed, disturbs } = reached(board, 2);
  expect(failed).toBeUndefined();
  expect(new Set(disturbs.map(({ what }) => what))).toEqual(new Set(["pCPU 2"]));
  const by = (vcpu: number): string[] => disturbs.filter((one) => one.vcpu === vcpu).map((one) => one.by.split(" by ")[0] ?? "");
  expect(by(0)).toEqual(expect.arrayContaining(["PSCI call 0x84000003", "SGI 0", "SGI 15", "SYSTEM_OFF"]));
  expect(by(1)).toEqual(expect.arrayContaining(["SGI 0", "SGI 15"]));
});

test("a vCPU's private interrupts are its partition's", () => {
  const withFrames = ({ partitions, ...rest }: Declared): Declared =>
    ({ ...rest, partitions: partitions.map((one, n) => (n === 0 ? { ...one, cpus: [0, 1, 2] } : one)) });
  const seen = { vcpu: 1, by: "private interrupts", what: "pCPU 2" };
  expect(reached("qemu-aarch64", 2, "", withFrames).disturbs).toContainEqual(seen);
});

test("trusted SGIs are not trapped, which would be seen: they are not tried", () => {
  const direct = ", interrupts: direct, trust: [sgi]";
  const untrusted = ({ partitions, ...rest }: Declared): Declared =>
    ({ ...rest, partitions: partitions.map((one) => ({ ...one, trustedSgi: false })) });
  expect(reached("qemu-aarch64", -1, ", interrupts: direct").disturbs).toEqual([]);
  expect(reached("qemu-aarch64", -1, direct).disturbs).toEqual([]);
  expect(reached("qemu-aarch64", -1, direct, untrusted).failed).toMatch(/reaches ICC_ASGI1R_EL1 without a trap/);
});
