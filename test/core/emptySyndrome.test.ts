// Loads and stores of emulated devices whose syndrome is empty (arch/aarch64/emptySyndrome.ts): the same machine code that
// a guest would execute, carried out on the device's registers.
import { beforeEach, describe, expect, test } from "vitest";
import { EC_DATA_ABORT, EC_DATA_ABORT_SAME, PSTATE_EL1H, syndrome } from "../../tools/machine/aarch64/registers.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import type { Outcome } from "../../tools/machine/outcome.ts";
import { GUEST_GICD, GUEST_GICR, GUEST_UART, LINUX, level, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, GICR_STRIDE, GICS, SGI_BASE, value } from "./bench.ts";
import { assemble, disassemble } from "./llvmMc.ts";
import { offsetOf, parseLoadStore } from "./loadStoreText.ts";
import type { LoadStore } from "./loadStoreText.ts";

const FIRST_SPI = 64;
const SPIS = 32;
/** Owns SPIs 64…95, and so 32 bytes of GICD_IPRIORITYR in one go. */
const SPEC: PartitionSpec = {
  ...LINUX,
  interrupts: [
    ...LINUX.interrupts.filter(({ intid }) => intid >= 232),
    ...Array.from({ length: SPIS }, (_, n) => level(FIRST_SPI + n)),
  ],
};
const PRIORITIES = GUEST_GICD + 0x400 + FIRST_SPI;
const ROUTES = GUEST_GICD + 0x6000 + 8 * FIRST_SPI;
const IBRD = GUEST_UART + 0x24;
const CODE = 0x6010_0000;
const SP = 31;
const ISS_WNR = 1 << 6;
const ISS_S1PTW = 1 << 7;
const ISS_CM = 1 << 8;
const TRANSLATION_LEVEL_3 = 7;

const setSp = (guest: Guest, to: bigint): void =>
  void (guest.pcpu.registers[(guest.pcpu.pstate & 0xfn) === PSTATE_EL1H ? "SP_EL1" : "SP_EL0"] = to);
const sp = (guest: Guest): bigint => guest.pcpu.registers[(guest.pcpu.pstate & 0xfn) === PSTATE_EL1H ? "SP_EL1" : "SP_EL0"];

/** What a pCPU does whose guest executes that word, when its access to `at` misses stage 2. */
function execute(bench: Bench, guest: Guest, word: number, at: number, store: boolean, iss = 0) {
  bench.machine.memory.write(CODE, 4, BigInt(word));
  guest.pcpu.pc = BigInt(CODE);
  guest.pcpu.code = CODE;
  const attempt = () =>
    guest.exception(
      syndrome(EC_DATA_ABORT, (store ? ISS_WNR : 0) | iss | TRANSLATION_LEVEL_3),
      SP,
      BigInt(at),
      BigInt(at >>> 12) << 4n,
    );
  const outcome = attempt();
  // A pair is two accesses, and the instruction is executed twice.
  return outcome.kind === "entered" && outcome.pc === BigInt(CODE) ? attempt() : outcome;
}

/** Runs one line of assembly whose first access is to `at`. */
const run = (bench: Bench, guest: Guest, line: string, at: number) =>
  execute(bench, guest, assemble([line])[0] ?? 0, at, line.startsWith("st"));

const ABORT = { kind: "exception", vector: 0x200, esr: syndrome(EC_DATA_ABORT_SAME, 0x10) } as const;
const DONE = { kind: "done" } as const;

/** The machine, with a vector table and a priority of its own for each SPI. */
function prepared(board = STANDARD.board): Bench {
  const made = new Bench({ ...STANDARD, board, partitions: [SPEC, PLC] });
  const own = made.guest(0);
  value(own.msr("VBAR_EL1", 0x6001_0000n));
  for (let n = 0; n < SPIS; n += 4) value(own.store(PRIORITIES + n, 4, 0xf8f0_0810n + BigInt(n * 8)));
  return made;
}

let bench: Bench;
let guest: Guest;
beforeEach(() => {
  bench = prepared();
  guest = bench.guest(0);
});

describe.each(GICS)("what a compiler makes of volatile loops, %s", (_, board) => {
  test("post-indexed stores and loads: the register is read or written, then the base moves", () => {
    const other = prepared(board);
    const own = other.guest(0);
    own.setX(0, BigInt(PRIORITIES));
    own.setX(1, 0xa0a0_a0a0n);
    expect(run(other, own, "str w1, [x0], #4", PRIORITIES)).toMatchObject(DONE);
    expect(own.x(0)).toBe(BigInt(PRIORITIES + 4));
    expect(own.pcpu.pc).toBe(BigInt(CODE + 4));
    expect(value(own.load(PRIORITIES, 4))).toBe(0xa0a0_a0a0n);
    own.setX(0, BigInt(PRIORITIES));
    expect(run(other, own, "ldr w2, [x0], #-4", PRIORITIES)).toMatchObject(DONE);
    expect([own.x(2), own.x(0)]).toEqual([0xa0a0_a0a0n, BigInt(PRIORITIES - 4)]);
  });

  test("pairs of 32 bits are two accesses, one after the other", () => {
    const other = prepared(board);
    const own = other.guest(0);
    [BigInt(PRIORITIES), 0x1020_3040n, 0x5060_7080n].forEach((x, n) => own.setX(n, x));
    expect(run(other, own, "stp w1, w2, [x0, #8]!", PRIORITIES + 8)).toMatchObject(DONE);
    expect(own.x(0)).toBe(BigInt(PRIORITIES + 8));
    expect(run(other, own, "ldp w3, w4, [x0]", PRIORITIES + 8)).toMatchObject(DONE);
    expect([own.x(3), own.x(4)]).toEqual([0x1020_3040n, 0x5060_7080n]);
  });
});

describe("every form, with random registers, does what the same accesses do one by one", () => {
  /** Registers that make its first access one of `at`; undefined: no base does. */
  function prepare(own: Guest, form: LoadStore, at: number): void {
    for (let n = 0; n < 31; n++) own.setX(n, BigInt.asUintN(64, BigInt(n + 1) * 0x9e37_79b9_7f4a_7c15n));
    for (let n = 0; n < 32; n++)
      own.pcpu.vectors.setBigUint64(16 * n, BigInt.asUintN(64, BigInt(n + 1) * 0xc2b2_ae3d_27d4_eb4fn), true);
    setSp(own, 0x1000n);
    const moved = offsetOf(form, (n) => own.x(n));
    const base = BigInt.asUintN(64, BigInt(at) - (form.writeBack === "post" ? 0n : moved));
    if (form.rn === SP) setSp(own, base);
    else own.setX(form.rn, base);
  }

  /** An access with a syndrome, that leaves the registers as they were. */
  function plainly(own: Guest, access: (own: Guest) => Outcome): bigint {
    const kept = own.x(0);
    const result = value(access(own));
    own.setX(0, kept);
    return result;
  }

  interface State { x: bigint[]; sp: bigint; v: bigint[]; device: bigint[] }
  const stateOf = (own: Guest): State => ({
    x: Array.from({ length: 31 }, (_, n) => own.x(n)),
    sp: sp(own),
    v: Array.from({ length: 64 }, (_, n) => own.pcpu.vectors.getBigUint64(8 * n, true)),
    device: [...Array.from({ length: SPIS / 4 }, (_, n) => PRIORITIES + 4 * n), IBRD, IBRD + 4, ROUTES].map((at) =>
      plainly(own, () => own.load(at, 4)),
    ),
  });

  /** The same by accesses whose syndrome says all. */
  function expected(own: Guest, form: LoadStore, at: number): State {
    const before = stateOf(own);
    const { x, v } = before;
    const moved = BigInt.asUintN(64, (form.rn === SP ? before.sp : x[form.rn] ?? 0n) + offsetOf(form, (n) => x[n] ?? 0n));
    [form.rt, form.rt2].forEach((n, i) => {
      if (n === undefined) return;
      const address = at + i * form.bytes;
      if (form.store) {
        plainly(own, () => own.store(address, form.bytes, form.vector ? v[2 * n] ?? 0n : n === SP ? 0n : x[n] ?? 0n));
        return;
      }
      const loaded = plainly(own, () => own.load(address, form.bytes));
      const bits = 8 * form.bytes;
      const extended = form.signedTo === undefined ? loaded : BigInt.asUintN(form.signedTo, BigInt.asIntN(bits, loaded));
      if (form.vector) [v[2 * n], v[2 * n + 1]] = [extended, 0n];
      else if (n !== SP) x[n] = extended;
    });
    if (form.rs !== undefined && form.rs !== SP) x[form.rs] = 0n;
    if (form.writeBack !== "none") {
      if (form.rn === SP) before.sp = moved;
      else x[form.rn] = moved;
    }
    return { ...before, device: stateOf(own).device };
  }

  /** A place where registers of that width can be told apart: a UART takes 16 bits, a GIC 64 in its routes. */
  const placeOf = ({ bytes, store }: LoadStore): number => (bytes === 2 ? IBRD : bytes === 8 && store ? ROUTES : PRIORITIES + 8);

  const classes = [
    ["single", 0x3800_0000, 0xc0ff_ffff],
    ["unsigned offset", 0x3900_0000, 0xc0ff_ffff],
    ["vectors", 0x3c00_0000, 0xc1ff_ffff],
    ["pair", 0x2800_0000, 0xc5ff_ffff],
    ["store-exclusive", 0x0800_7c00, 0xc09f_83ff],
    ["load-exclusive, acquire, release", 0x081f_7c00, 0xc0c0_83ff],
  ] as const;

  test.each(classes)("%s", (_, fixed, free) => {
    let seed = fixed >>> 8;
    const bits = (): number => (seed = (seed * 48_271) % 0x7fff_ffff);
    const words = Array.from({ length: 400 }, () => ((fixed | ((bits() ^ (bits() << 16)) & free)) >>> 0));
    const texts = disassemble(words);
    const reference = prepared();
    let done = 0;
    for (const word of words) {
      const form = parseLoadStore(texts.get(word) ?? "");
      // An index register that is the base too has no base of its own.
      if (form === undefined || form.index?.rm === form.rn && form.rn !== SP) continue;
      const at = placeOf(form);
      for (const each of [bench, reference]) prepare(each.guest(0), form, at);
      const what = `${texts.get(word) ?? ""} at 0x${at.toString(16)}`;
      const should = expected(reference.guest(0), form, at);
      expect(execute(bench, guest, word, at, form.store), what).toMatchObject(DONE);
      expect(stateOf(guest), what).toEqual(should);
      done++;
    }
    expect(done).toBeGreaterThan(50);
  });
});

describe("what gets an External abort, with nothing of it done", () => {
  const refused = (line: string, at: number): void => {
    const before = {
      x: Array.from({ length: 31 }, (_, n) => guest.x(n)),
      device: value(guest.load(PRIORITIES, 8, { register: 30 })),
    };
    const after = run(bench, guest, line, at);
    expect(after, line).toEqual(ABORT);
    expect(guest.pcpu.registers.FAR_EL1).toBe(BigInt(at));
    expect(guest.pcpu.registers.ELR_EL1).toBe(BigInt(CODE));
    expect({
      x: Array.from({ length: 30 }, (_, n) => guest.x(n)),
      device: value(guest.load(PRIORITIES, 8, { register: 30 })),
    }).toEqual({ x: before.x.slice(0, 30), device: before.device });
  };

  test.each([
    "ldr q0, [x0]",
    "ldp q0, q1, [x0]",
    "ld1 { v0.2s }, [x0]",
    "st1 { v0.s }[1], [x0]",
    "ldxp w1, w2, [x0]",
    "stxp w3, w1, w2, [x0]",
    "ldadd w1, w2, [x0]",
    "swp w1, w2, [x0]",
    "cas w1, w2, [x0]",
    "stgp x1, x2, [x0]",
    "ldraa x1, [x0]",
  ])("%s: no device takes that", (line) => {
    guest.setX(0, BigInt(PRIORITIES));
    refused(line, PRIORITIES);
  });

  test("an index register that is extended as none is (option 00x, 10x), also by a UART, which takes any size", () => {
    const LDR_REGISTER = 0xb862_0801; // ldr w1, [x0, x2, <option>]
    guest.setX(2, 0n);
    for (const at of [PRIORITIES, IBRD]) {
      guest.setX(0, BigInt(at));
      guest.setX(1, 0x1234n);
      for (const option of [0, 1, 4, 5])
        expect(execute(bench, guest, (LDR_REGISTER | (option << 13)) >>> 0, at, false), `option ${option}`).toEqual(ABORT);
      expect(guest.x(1)).toBe(0x1234n);
      for (const option of [2, 3, 6, 7])
        expect(execute(bench, guest, (LDR_REGISTER | (option << 13)) >>> 0, at, false), `option ${option}`).toMatchObject(DONE);
    }
  });

  test("write-back of a base that is transferred, too; without write-back it may be", () => {
    const LDR_POST = 0xb840_4400; // ldr w0, [x0], #4
    const LDR_PRE = 0xb840_4c00;
    const LDP_POST = 0x28c1_0400;
    const LDP_PRE = 0x29c1_0400;
    const LDP_SECOND = 0x28c1_0001; // ldp w1, w0, [x0], #8
    for (const word of [LDR_POST, LDR_PRE, LDP_POST, LDP_PRE, LDP_SECOND]) {
      const at = word === LDR_PRE ? PRIORITIES + 4 : word === LDP_PRE ? PRIORITIES + 8 : PRIORITIES;
      guest.setX(0, BigInt(PRIORITIES));
      expect(execute(bench, guest, word, at, false), word.toString(16)).toEqual(ABORT);
      expect(guest.x(0)).toBe(BigInt(PRIORITIES));
    }
    for (const word of [0xb840_0000, 0x2940_0400]) {
      // ldur w0, [x0]; ldp w0, w1, [x0]
      guest.setX(0, BigInt(PRIORITIES));
      expect(execute(bench, guest, word, PRIORITIES, false), word.toString(16)).toMatchObject(DONE);
    }
  });

  test("DC ZVA", () => {
    guest.setX(0, BigInt(PRIORITIES));
    expect(execute(bench, guest, assemble(["dc zva, x0"])[0] ?? 0, PRIORITIES, true)).toEqual(ABORT);
  });

  test("16 bits of a GIC, 64 bits of a PL011, 64 bits of a GICv2", () => {
    guest.setX(0, BigInt(PRIORITIES));
    refused("ldrh w1, [x0], #2", PRIORITIES);
    guest.setX(0, BigInt(IBRD - 4));
    refused("str x1, [x0, #0]!", IBRD - 4);
    const [, board] = GICS[1];
    const old = prepared(board);
    old.guest(0).setX(0, BigInt(PRIORITIES));
    expect(run(old, old.guest(0), "ldr x1, [x0], #8", PRIORITIES)).toEqual(ABORT);
  });

  test("a pair whose second half is outside the device, or whose first is", () => {
    guest.setX(0, BigInt(GUEST_UART + 0xffc));
    refused("ldp w1, w2, [x0]", GUEST_UART + 0xffc);
    guest.setX(0, BigInt(GUEST_UART - 4));
    refused("stp w1, w2, [x0]", GUEST_UART);
    const last = GUEST_GICR + 2 * GICR_STRIDE - 4;
    guest.setX(0, BigInt(last));
    refused("ldp w1, w2, [x0]", last);
    for (const end of [last, GUEST_UART + 0xffc]) {
      guest.setX(0, BigInt(end));
      expect(run(bench, guest, "ldr w1, [x0], #4", end), "its last register alone is one").toMatchObject(DONE);
    }
  });

  test("a pair that ends where its device does is one: a console's, a distributor's, the last redistributor's", () => {
    const ends = [GUEST_UART + 0x1000, GUEST_GICD + 0x1_0000, GUEST_GICR + 2 * GICR_STRIDE];
    for (const at of ends.map((end) => end - 8)) {
      guest.setX(0, BigInt(at));
      for (const n of [1, 2]) guest.setX(n, 0x5555n);
      expect(run(bench, guest, "ldp w1, w2, [x0]", at), at.toString(16)).toMatchObject(DONE);
      expect([guest.x(1), guest.x(2)]).toEqual([0, 4].map((by) => value(guest.load(at + by, 4, { register: 30 }))));
    }
  });

  test("a pair across two redistributors is one of each", () => {
    guest.setX(0, BigInt(GUEST_GICR + GICR_STRIDE - 4));
    expect(run(bench, guest, "ldp w1, w2, [x0]", GUEST_GICR + GICR_STRIDE - 4)).toMatchObject(DONE);
  });

  test("what is not aligned", () => {
    for (const by of [1, 2, 3]) {
      guest.setX(0, BigInt(PRIORITIES + by));
      refused("ldr w1, [x0], #4", PRIORITIES + by);
    }
    for (const [line, at] of [
      ["ldr w1, [x0], #4", PRIORITIES + 4],
      ["ldrb w1, [x0], #1", PRIORITIES + 1],
      ["ldrh w1, [x0], #2", IBRD + 2],
    ] as const) {
      guest.setX(0, BigInt(at));
      expect(run(bench, guest, line, at), line).toMatchObject(DONE);
    }
  });

  test("cache maintenance, and a table walk: whatever the instruction is", () => {
    guest.setX(0, BigInt(PRIORITIES));
    for (const iss of [ISS_CM, ISS_S1PTW]) {
      expect(execute(bench, guest, assemble(["ldr w1, [x0], #4"])[0] ?? 0, PRIORITIES, false, iss)).toEqual(ABORT);
      expect(guest.x(0)).toBe(BigInt(PRIORITIES));
    }
  });

  test("an instruction that is not what the syndrome says: another vCPU has just changed it", () => {
    guest.setX(0, BigInt(PRIORITIES));
    expect(execute(bench, guest, assemble(["ldr w1, [x0], #4"])[0] ?? 0, PRIORITIES, true)).toEqual(ABORT);
    expect(run(bench, guest, "ldr w1, [x0], #4", PRIORITIES + 4)).toEqual(ABORT);
  });

  test("a program at EL0, whatever its flags: an abort from a lower Exception level", () => {
    for (const flags of [0n, 0x9000_0000n]) {
      guest.setX(0, BigInt(PRIORITIES));
      guest.pcpu.pstate = flags;
      expect(execute(bench, guest, assemble(["ldr w1, [x0], #4"])[0] ?? 0, PRIORITIES, false, ISS_CM)).toEqual({
        kind: "exception",
        vector: 0x400,
        esr: syndrome(EC_DATA_ABORT, 0x10),
      });
    }
  });

  test("a program in AArch32: its vector, whatever the word would be in A64", () => {
    guest.setX(0, BigInt(PRIORITIES));
    guest.pcpu.pstate = 0x10n;
    run(bench, guest, "ldr w1, [x0], #4", PRIORITIES);
    expect(guest.pcpu.pc).toBe(0x6001_0600n);
    expect(guest.x(0)).toBe(BigInt(PRIORITIES));
  });
});

describe("where the instruction is read", () => {
  const WORD = (line: string): bigint => BigInt(assemble([line])[0] ?? 0);
  const at = (pc: bigint, own = guest, machine = bench.machine) => {
    own.setX(0, BigInt(PRIORITIES));
    own.pcpu.pc = pc;
    const esr = syndrome(EC_DATA_ABORT, TRANSLATION_LEVEL_3);
    own.pcpu.code = Number(BigInt.asUintN(32, machine === bench.machine ? BigInt(CODE) : pc));
    return own.exception(esr, SP, BigInt(PRIORITIES), BigInt(PRIORITIES >>> 12) << 4n);
  };

  test("through the guest's stage 1, both halves; PAR_EL1 stays the guest's", () => {
    const { memory } = bench.machine;
    const { registers } = guest.pcpu;
    const [upper, lower, second, third] = [0x6100_0000, 0x6100_1000, 0x6100_2000, 0x6100_3000];
    // 39 bits each: a table of level 1, 2, 3; and a block of 1 GiB.
    registers.TCR_EL1 = 25n | (25n << 16n);
    registers.TTBR1_EL1 = BigInt(upper);
    registers.TTBR0_EL1 = BigInt(lower);
    memory.write64(upper, BigInt(second) | 3n);
    memory.write64(second, BigInt(third) | 3n);
    memory.write64(third + 8, 0x6100_4000n | 0x403n);
    memory.write64(lower + 8 * 2, 0x4000_0000n | 0x401n);
    memory.write(0x6100_4010, 4, WORD("ldr w1, [x0], #4"));
    registers.SCTLR_EL1 |= 1n;
    registers.PAR_EL1 = 0x1234n;
    expect(at(0xffff_ff80_0000_1010n)).toMatchObject(DONE);
    expect(at(0xa100_4010n)).toMatchObject(DONE);
    expect(guest.x(0)).toBe(BigInt(PRIORITIES + 4));
    expect(registers.PAR_EL1).toBe(0x1234n);
    // Nowhere: at level 3, 2, 1, and beyond TCR_EL1.T0SZ.
    for (const nowhere of [0xffff_ff80_0000_2010n, 0xffff_ff80_0020_0010n, 0xffff_ff80_4000_0010n, 0xff_0000_0010n << 8n])
      expect(at(nowhere), nowhere.toString(16)).toEqual(ABORT);
  });

  test("from the partition's own RAM only: not through its stage 1 from elsewhere, and never twice", () => {
    const { memory } = bench.machine;
    const { registers } = guest.pcpu;
    registers.TCR_EL1 = 25n | (25n << 16n);
    registers.TTBR0_EL1 = 0x6100_1000n;
    registers.SCTLR_EL1 |= 1n;
    // Another partition's memory, a device, a channel, the hypervisor's image.
    for (const ipa of [0x4800_0000, 0x0a00_0000, 0x7000_0000, 0x4020_0000]) {
      memory.write64(0x6100_1000, (BigInt(ipa) & ~0x3fff_ffffn) | 0x401n);
      expect(at(BigInt(ipa % 0x4000_0000)), ipa.toString(16)).toEqual(ABORT);
    }
  });

  test("from coloured memory, page by page", () => {
    const coloured = {
      ...PLC.regions[0],
      name: "memory",
      ipa: 0x4000_0000,
      pa: 0x6400_0000,
      size: 0x10_0000,
      kind: "ram",
      access: "rwx",
      colours: [1, 4, 5],
    } as const;
    const spec: PartitionSpec = {
      ...PLC,
      regions: [coloured, ...PLC.regions.slice(1)],
      interrupts: [...PLC.interrupts, level(64)],
    };
    const other = new Bench({
      ...STANDARD,
      partitions: [
        {
          ...LINUX,
          regions: [
            {
              ...LINUX.regions[0],
              name: "memory",
              ipa: 0x6000_0000,
              pa: 0x6000_0000,
              size: 0x200_0000,
              kind: "ram",
              access: "rwx",
            },
            ...LINUX.regions.slice(1),
          ],
        },
        spec,
      ],
    });
    const own = other.guest(3);
    const pages = [1, 4, 5, 17, 20, 21, 33];
    pages.forEach((page, n) => {
      other.machine.memory.write(0x6400_0000 + page * 0x1000 + 0x10, 4, WORD("ldr w1, [x0], #4"));
      expect(at(BigInt(0x4000_0010 + n * 0x1000), own, other.machine), `page ${n}`).toMatchObject(DONE);
    });
  });

  test("a direct guest whose memory is just being taken away does not lose the instruction", () => {
    const other = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct: true }] });
    const own = other.guest(3);
    const { registers } = own.pcpu;
    other.machine.memory.write(0x4810_0000, 4, WORD("ldr w1, [x0], #4"));
    registers.TCR_EL1 = 25n | (25n << 16n);
    registers.TTBR0_EL1 = 0x9000_0000n; // as unmapped as all of it is then
    registers.SCTLR_EL1 |= 1n;
    own.setX(0, BigInt(GUEST_GICD));
    own.pcpu.pc = 0x4010_0000n;
    const outcome = own.exception(
      syndrome(EC_DATA_ABORT, TRANSLATION_LEVEL_3),
      SP,
      BigInt(GUEST_GICD),
      BigInt(GUEST_GICD >>> 12) << 4n,
    );
    expect(outcome).toEqual({ kind: "entered", pc: 0x4010_0000n });
    expect(own.x(0)).toBe(BigInt(GUEST_GICD));
  });
});

describe("the base is SP", () => {
  test.each([
    ["EL1h", 0x3c5n, "SP_EL1"],
    ["EL1t", 0x3c4n, "SP_EL0"],
    ["EL0", 0n, "SP_EL0"],
  ] as const)("of %s", (_, pstate, name) => {
    guest.pcpu.pstate = pstate;
    const { registers } = guest.pcpu;
    registers.SP_EL0 = registers.SP_EL1 = 0x1000n;
    registers[name] = BigInt(PRIORITIES);
    expect(run(bench, guest, "ldr w1, [sp], #16", PRIORITIES)).toMatchObject(DONE);
    expect(guest.x(1)).toBe(0xf8f0_0810n);
    expect([registers.SP_EL0, registers.SP_EL1].sort()).toEqual([0x1000n, BigInt(PRIORITIES + 16)].sort());
    expect(registers[name]).toBe(BigInt(PRIORITIES + 16));
  });
});

test("an SGI's frame of a redistributor, and the UART's data: side effects once each", () => {
  guest.setX(0, BigInt(GUEST_GICR + SGI_BASE + 0x100));
  guest.setX(1, 0x8000n);
  expect(run(bench, guest, "str w1, [x0], #4", GUEST_GICR + SGI_BASE + 0x100)).toMatchObject(DONE);
  expect(value(guest.load(GUEST_GICR + SGI_BASE + 0x100, 4)) & 0x8000n).toBe(0x8000n);
  for (const letter of "post") {
    guest.setX(0, BigInt(GUEST_UART));
    guest.setX(1, BigInt(letter.charCodeAt(0)));
    expect(run(bench, guest, "strb w1, [x0], #1", GUEST_UART)).toMatchObject(DONE);
  }
  expect(bench.console(0)).toBe("post");
});

test("they are counted: a GIC's and a console's as such, an abort as a fault", () => {
  const before = bench.vcpu(0, 0).exits;
  guest.setX(0, BigInt(PRIORITIES));
  run(bench, guest, "ldr w1, [x0], #4", PRIORITIES);
  guest.setX(0, BigInt(GUEST_UART + 0x18));
  run(bench, guest, "ldr w1, [x0], #4", GUEST_UART + 0x18);
  run(bench, guest, "ldr q1, [x0], #16", GUEST_UART + 0x18);
  const after = bench.vcpu(0, 0).exits;
  expect(after.map((n, cause) => Number(n) - Number(before[cause] ?? 0)).filter((n) => n !== 0)).toEqual([1, 1, 1]);
});
