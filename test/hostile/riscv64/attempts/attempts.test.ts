// The table of attempts on RISC-V as such, and the instructions that they are made of, against LLVM's.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { IMAGE_BYTES } from "../layout.ts";
import { imageWith } from "../image.ts";
import { SUBJECTS } from "../attempt.ts";
import type { Target } from "../target.ts";
import * as rv from "../rv64.ts";
import { ATTEMPTS } from "./index.ts";

const AT_LEAST = 60;
const foreign = ["the power-off register", "the guest's interrupt file of hart 0", "its neighbour's memory"];
const DIRECT: Target = {
  direct: true, vcpus: 2, ram: { at: 0x8000_0000, size: 0x100_0000 }, files: [0x2800_0000, 0x2800_1000], channel: 0x9000_0000,
  mailbox: 0x9000_2000, aplic: 0xd00_0000, plic: 0, console: 0x1000_0000, rtc: 0x10_1000, sources: [11, 41],
  foreignSources: [40, 43],
  foreign: foreign.map((what, n) => ({ what, at: 0xb000_0000 + n * 0x1000 })), neighbour: 0xbf00_0000,
};
const TARGETS: readonly Target[] = [DIRECT, { ...DIRECT, direct: false, vcpus: 1, files: [], aplic: 0, plic: 0xd00_0000 }];

test("there are enough, of every subject, and no two of one name", () => {
  expect(ATTEMPTS.length).toBeGreaterThanOrEqual(AT_LEAST);
  expect(new Set(ATTEMPTS.map(({ subject }) => subject))).toEqual(new Set(SUBJECTS));
  expect(new Set(ATTEMPTS.map(({ name }) => name)).size).toBe(ATTEMPTS.length);
});

test("each is made somewhere, and all of them fit into the guest's image", () => {
  const made = TARGETS.map((target) =>
    ATTEMPTS.filter(({ when, steps }) => (when?.(target) ?? true) && steps(target).length > 0));
  expect(ATTEMPTS.filter((attempt) => !made.flat().includes(attempt)).map(({ name }) => name)).toEqual([]);
  TARGETS.forEach((target, n) => {
    const steps = (made[n] ?? []).flatMap((attempt) => attempt.steps(target));
    expect(imageWith(new Uint8Array(), steps, 0)).toHaveLength(IMAGE_BYTES);
  });
});

test("instructions are LLVM's", () => {
  const { A0, A1, T0, T1, ZERO } = rv;
  const expected: readonly (readonly [word: number, text: string])[] = [
    [rv.csrrw(T0, 0x680, A0), "csrrw x5, hgatp, x10"], [rv.csrrs(A0, 0x600, ZERO), "csrrs x10, hstatus, x0"],
    [rv.csrrc(ZERO, 0x100, A1), "csrrc x0, sstatus, x11"],
    [rv.load(8, A0, A1, -8), "ld x10, -8(x11)"], [rv.load(1, A0, A1), "lb x10, 0(x11)"],
    [rv.store(4, A0, A1, 2047), "sw x10, 2047(x11)"], [rv.store(2, A0, A1, -2), "sh x10, -2(x11)"],
    [rv.loadFloat(0, A1), "fld f0, 0(x11)"],
    [rv.amo("add", 8, A0, A1, T0), "amoadd.d x10, x5, (x11)"], [rv.amo("swap", 4, A0, A1, T0), "amoswap.w x10, x5, (x11)"],
    [rv.amo("or", 4, A0, A1, T0), "amoor.w x10, x5, (x11)"], [rv.amo("maxu", 8, A0, A1, T0), "amomaxu.d x10, x5, (x11)"],
    [rv.amo("lr", 4, A0, A1, T0), "lr.w x10, (x11)"], [rv.amo("sc", 8, A0, A1, T0), "sc.d x10, x5, (x11)"],
    ...rv.VIRTUAL_LOADS.map((kind) => [rv.virtualLoad(kind, A0, A1), `${kind} x10, (x11)`] as const),
    ...(["b", "h", "w", "d"] as const).map((size, n) =>
      [rv.virtualStore(2 ** n as rv.Width, A0, A1), `hsv.${size} x10, (x11)`] as const),
    ...rv.FENCE_KINDS.map((kind) => [rv.fence(kind, A0, T1), `${kind} x10, x6`] as const),
    ...rv.BLOCK_KINDS.map((kind) => [rv.block(kind, A0), `${kind} (x10)`] as const),
    [rv.auipc(T0), "auipc x5, 0"], [rv.addi(T0, T1, -1), "addi x5, x6, -1"], [rv.mv(A0, rv.S8), "addi x10, x24, 0"],
    [rv.bnez(A1, -2), "bne x11, x0, -8"], [rv.bnez(A1, 3), "bne x11, x0, 12"], [rv.jalr(rv.RA, A1), "jalr x1, 0(x11)"],
    [rv.RET, "jalr x0, 0(x1)"], [rv.ECALL, "ecall"], [rv.EBREAK, "ebreak"], [rv.SRET, "sret"], [rv.WFI, "wfi"],
    [rv.MRET, "mret"], [rv.DRET, "dret"], [rv.SFENCE_W_INVAL, "sfence.w.inval"], [rv.FENCE_I, "fence.i"],
    [rv.VSETVLI, "vsetvli x0, x0, e8, m1, tu, mu"],
  ];
  const bytes = (word: number): string => [0, 8, 16, 24].map((shift) => `0x${((word >>> shift) & 0xff).toString(16)}`).join(" ");
  const { stdout, error } = spawnSync("llvm-mc-19", [
    "--triple=riscv64", "-mattr=+m,+a,+f,+d,+h,+v,+svinval,+zicbom,+zicboz", "-M", "no-aliases", "-M", "numeric",
    "--disassemble",
  ], { input: expected.map(([word]) => bytes(word)).join("\n"), encoding: "utf8" });
  if (error !== undefined) throw error;
  const texts = [...stdout.matchAll(/^\t([a-z].*)$/gm)].map(([, text = ""]) => text.trim().replace(/\s+/g, " "));
  expect(texts).toEqual(expected.map(([, text]) => text));
});
