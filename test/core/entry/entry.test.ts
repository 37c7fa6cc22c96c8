// entry.S, instruction by instruction as it was assembled: what every pCPU finds when AssemblyScript begins,
// that no register of a guest is lost, whichever vector it comes by and however it goes on; and the barriers
// that the architecture asks for on the way.
import { describe, expect, test } from "vitest";
import { BASE, Entry } from "./a64.ts";
import { assembled } from "./program.ts";

const program = await assembled();

const LINEAR = 0x40_0000_0000n;
const VCPU = 0x3_4400;
const VCPU_VA = LINEAR + BigInt(VCPU);
const offset = (name: string): number => program.offset(`VCPU_${name}`);
const [PRIORITY_MASK, MASK_TRAP, MASK_WRITES] = [offset("PRIORITY_MASK"), offset("MASK_TRAP"), offset("EXITS_REGISTER")];
const [REFUSES, PARTITION, X0] = [offset("REFUSES"), offset("PARTITION"), offset("X0")];
const NO_PARTITION = 0xffff_ffffn;
const PAGE = 4096;
const SLOT = 0x4000;
const CPUS = 8;
const EL2 = 8n;
const TREE = 0x4800_0000n;
const [RESUME, PARK, AGAIN] = [0n, 1n, 2n];
const GARBAGE = 0xdead_0000_0000_0000n;

/** AAPCS64: what a call of C may change. preserve_most leaves x9…x15, preserve_none leaves nothing. */
const CALL = [...Array(19).keys(), 30];
const MOST = [...Array(9).keys(), 16, 17, 18, 30];
const NONE = [...Array(31).keys()];

/** A call of C: changes what it may, and gives back that. */
function returns(
  value: bigint,
  changes: readonly number[],
  look: (machine: Entry) => void = () => undefined,
): (machine: Entry) => void {
  return (machine) => {
    look(machine);
    for (const n of changes) if (n !== 30) machine.x[n] = GARBAGE + BigInt(n);
    machine.x[0] = value;
  };
}

const poweredOn = (entry: string, x0: bigint): Entry => {
  const machine = new Entry(program, entry);
  machine.x.forEach((_, n) => { machine.x[n] = GARBAGE + BigInt(n); });
  machine.x[0] = x0;
  machine.registers.set("CurrentEL", EL2);
  machine.registers.set("ID_AA64MMFR0_EL1", 0x1122n);
  // Of TPIDR_EL2 0 would say that a panic has been reported.
  machine.calls["axv_init_linear"] = returns(0n, CALL, (at) =>
    expect([at.mmuOn, at.registers.get("TPIDR_EL2")]).toEqual([true, 1n]),
  );
  return machine;
};

/** The leaf for a VA in the hypervisor's own tables; 0: none. */
function leaf(machine: Entry, va: number): bigint {
  let table = Number((machine.registers.get("TTBR0_EL2") ?? 0n));
  for (const shift of [30, 21, 12]) {
    const entry = machine.read(table + 8 * (Math.floor(va / 2 ** shift) % 512), 8);
    if ((entry & 3n) !== 3n) return 0n;
    if (shift === 12) return entry;
    table = Number(entry & 0xffff_ffff_f000n);
  }
  return 0n;
}

const XN = 1n << 54n;
const READ_ONLY = 1n << 7n;
/** AF, inner shareable, AP[1] RES1, attribute 0, page. */
const NORMAL = 0x743n;
const mapped = (pa: number, attributes: bigint): bigint => BigInt(pa) | NORMAL | attributes;

describe("the first pCPU", () => {
  const boot = (result: bigint, partition: bigint): Entry => {
    const machine = poweredOn("axv_image_header", TREE);
    machine.calls["boot"] = returns(result, CALL, (at) => {
      expect([at.x[0], at.sp, at.daif, at.spsel, at.mmuOn]).toEqual([
        TREE,
        BigInt(at.place("axv_stacks") + SLOT),
        0xfn,
        1n,
        true,
      ]);
    });
    machine.write(Number(VCPU_VA) + PARTITION, 4, partition);
    return machine;
  };

  test("stops at once where it is not at EL2: nothing has been touched", () => {
    const machine = poweredOn("axv_primary_entry", TREE);
    machine.registers.set("CurrentEL", 4n);
    expect(machine.run("axv_stop", "msr", "str", "bl")).toBe("axv_stop");
  });

  test("comes to boot() with the device tree, its own stack, everything masked, and then to park() with its Vcpu", () => {
    const machine = boot(BigInt(VCPU), 0n);
    expect(machine.run("wfe")).toBe("wfe");
    machine.calls["park"] = returns(PARK, CALL, (at) =>
      expect([at.x[0], at.registers.get("TPIDR_EL2")]).toEqual([VCPU_VA, VCPU_VA]),
    );
    expect(machine.run("wfi")).toBe("wfi");
  });

  test("firmware's MMU and caches on, big endian, all else set: the same, and what it wrote of the image is in memory", () => {
    const machine = boot(BigInt(VCPU), 0n);
    machine.registers.set("SCTLR_EL2", 0xffff_ffffn);
    machine.registers.set("HCR_EL2", 0xffff_ffff_ffff_ffffn);
    expect(machine.run("bl")).toBe("bl"); // axv_leave_firmware
    machine.calls["axv_init_linear"] = returns(0n, CALL, (at) =>
      expect([at.mmuOn, at.registers.get("HCR_EL2")]).toEqual([true, 1n << 31n]),
    );
    expect(machine.daif, "an SError that is pending is not taken by firmware's vectors").toBe(0xfn);
    expect(machine.run("ret"), "the end of axv_leave_firmware").toBe("ret");
    expect(machine.registers.get("SCTLR_EL2")).toBe(0x30c5_0830n);
    expect(machine.run("wfe")).toBe("wfe");
  });

  test("HCR_EL2.E2H that is RES1: comes to boot() all the same, with tables that hold for either regime below 4 GiB", () => {
    const machine = boot(0n, 0n);
    const E2H = 1n << 34n;
    machine.fixed.set("HCR_EL2", E2H);
    expect(machine.run("axv_stop", "wfe")).toBe("axv_stop");
    expect(machine.mmuOn).toBe(true);
    expect(machine.registers.get("HCR_EL2")).toBe(E2H | (1n << 31n));
    // TCR_EL2 as it is then (D17.2.131): T0SZ, IRGN0, ORGN0, SH0 are where they were; EPD1: no TTBR1; IPS 0: 32 bits.
    expect(machine.registers.get("TCR_EL2")).toBe(0x3519n | (2n << 16n) | (1n << 23n) | (2n << 30n));
  });

  test("all that is zero at first is, whatever was in that memory before", () => {
    const machine = boot(BigInt(VCPU), 0n);
    const [first, end] = [machine.place("axv_stage1_tables_end"), machine.place("axv_linear_end")];
    expect(machine.read(first, 8), "before").not.toBe(0n);
    machine.calls["axv_init_linear"] = returns(0n, CALL, (at) => {
      for (let pa = first; pa < end; pa += 8) if (at.read(pa, 8) !== 0n) expect(pa.toString(16)).toBe("zero");
      expect(at.read(end, 8), "the image's header stays as it is").toBe(0n);
    });
    expect(machine.run("wfe")).toBe("wfe");
    expect(machine.read(machine.place("axv_stacks"), 8), "stacks are written before they are read").not.toBe(0n);
  });

  test("stops where boot() refuses", () => {
    expect(boot(0n, 0n).run("axv_stop", "wfe")).toBe("axv_stop");
  });

  test("idles where it has no partition", () => {
    const machine = boot(BigInt(VCPU), NO_PARTITION);
    let rounds = 0;
    machine.calls["idle"] = returns(0n, CALL, (at) => { expect(at.x[0]).toBe(VCPU_VA); rounds++; });
    for (let n = 1; n < 4; n++) {
      expect(machine.run("wfi")).toBe("wfi");
      expect(rounds).toBe(n);
      machine.pc += 4;
    }
  });

  test("has the MMU as tables.ts and sysregs.ts count on", () => {
    const machine = boot(BigInt(VCPU), 0n);
    machine.run("wfe");
    const of = (name: string): bigint => machine.registers.get(name) ?? 0n;
    // RES1, WXN, I, SA, C, M; T0SZ 25, write-back, inner shareable, 4 KiB, PS from the ID register;
    // Normal write-back and Device-nGnRE.
    expect(["SCTLR_EL2", "TCR_EL2", "MAIR_EL2", "HCR_EL2"].map(of)).toEqual([
      0x30cd_183dn,
      0x8080_3519n | (2n << 16n),
      0x04ffn,
      1n << 31n,
    ]);
    expect([of("TTBR0_EL2"), of("VBAR_EL2")]).toEqual([
      BigInt(machine.place("axv_stage1_tables")),
      BigInt(machine.place("axv_vectors")),
    ]);
  });

  test.each([
    [5n, 5n],
    [6n, 5n],
    [0n, 0n],
    [4n, 4n],
  ])("PARange %i is TCR_EL2.PS %i: 52 bits need another form of descriptors", (range, ps) => {
    const machine = boot(BigInt(VCPU), 0n);
    machine.registers.set("ID_AA64MMFR0_EL1", 0x1120n | range);
    machine.run("wfe");
    expect(((machine.registers.get("TCR_EL2") ?? 0n) >> 16n) & 7n).toBe(ps);
  });

  test("its tables: the image at its own addresses, nothing writable is executable, guard pages, linear memory", () => {
    const machine = boot(BigInt(VCPU), 0n);
    machine.run("wfe");
    const [header, text, rodata, end, stacks, stacksEnd] = [
      "axv_image_header",
      "axv_text_end",
      "axv_rodata_end",
      "axv_image_end",
      "axv_stacks",
      "axv_stacks_end",
    ].map((name) => machine.place(name));
    const wrong: string[] = [];
    for (let at = BASE; at < BASE + 0x20_0000; at += PAGE) {
      const guard = at >= (stacks ?? 0) && at < (stacksEnd ?? 0) && (at - (stacks ?? 0)) % (SLOT / 2) === 0;
      const wanted =
        at >= (end ?? 0) || guard ? 0n :
        mapped(at, at < (header ?? 0) || at >= (rodata ?? 0) ? XN : at < (text ?? 0) ? READ_ONLY : READ_ONLY | XN);
      if (leaf(machine, at) !== wanted) wrong.push(at.toString(16));
    }
    const [first, last] = [machine.place("axv_linear_start"), machine.place("axv_linear_end")];
    for (let at = 0; at < 0x20_0000; at += PAGE) {
      const wanted = first + at < last ? mapped(first + at, XN) : 0n;
      if (leaf(machine, Number(LINEAR) + at) !== wanted) wrong.push(`linear ${at.toString(16)}`);
    }
    expect(wrong).toEqual([]);
    // Only these: of each upper table one entry or two.
    const entries = (symbol: string): number =>
      Array.from({ length: 512 }, (_, n) => machine.read(machine.place(symbol) + 8 * n, 8)).filter((entry) => entry !== 0n)
        .length;
    expect(["axv_stage1_tables", "axv_stage1_image2", "axv_stage1_linear2"].map(entries)).toEqual([2, 1, 1]);
  });
});

describe("every other pCPU", () => {
  test.each([...Array(CPUS).keys()])("number %i has a stack of its own, and says its number", (n) => {
    const machine = poweredOn("axv_secondary_entry", BigInt(n));
    machine.written = true;
    machine.calls["bootSecondary"] = returns(BigInt(VCPU), CALL, (at) => {
      expect([at.x[0], at.sp, at.daif, at.spsel, at.mmuOn, at.registers.get("TPIDR_EL2")]).toEqual([
        BigInt(n),
        BigInt(at.place("axv_stacks") + SLOT * (n + 1)),
        0xfn,
        1n,
        true,
        1n,
      ]);
    });
    machine.write(Number(VCPU_VA) + PARTITION, 4, BigInt(n));
    expect(machine.run("wfe", "axv_spare", "axv_stop")).toBe("wfe");
    expect(machine.registers.get("TPIDR_EL2")).toBe(VCPU_VA);
  });

  test("stops where it is not as planned", () => {
    const machine = poweredOn("axv_secondary_entry", 1n);
    machine.written = true;
    machine.calls["bootSecondary"] = returns(0n, CALL);
    expect(machine.run("wfe", "axv_spare", "axv_stop")).toBe("axv_stop");
  });
});

// ---- exceptions from a guest ----
const GUEST = Array.from({ length: 31 }, (_, n) => 0x1111_0000_0000_0000n + BigInt(n) * 0x0001_0001_0001n);
const HVC = 0x5a00_0000n;
const SMC = 0x5e00_0000n;
const WFX = 0x0600_0000n;
const FETCH = 0x8200_0007n;
const SYSREG = 0x6200_0000n;
const ABORT = 0x9200_0000n;
const ILLEGAL = 0x3a00_0000n;
const SS = 1n << 21n;
const SPSR = 0x3c5n;
const ELR = 0x4008_0000n;

/** A pCPU whose guest takes an exception. */
const trapped = (vector: string, esr = 0n): Entry => {
  const machine = new Entry(program, vector);
  machine.registers.set("TPIDR_EL2", VCPU_VA);
  machine.registers.set("SCTLR_EL2", 1n);
  machine.registers.set("ESR_EL2", esr);
  machine.registers.set("SPSR_EL2", SPSR | SS);
  machine.registers.set("ELR_EL2", ELR);
  machine.sp = stackOf(machine);
  GUEST.forEach((value, n) => { machine.x[n] = value; });
  return machine;
};
const stackOf = (machine: Entry): bigint => BigInt(machine.place("axv_stacks") + SLOT);
const record = (machine: Entry): bigint[] => GUEST.map((_, n) => machine.read(Number(VCPU_VA) + X0 + 8 * n, 8));
const state = (machine: Entry) => ({ x: [...machine.x], sp: machine.sp });
const untouched = (machine: Entry) => ({ x: GUEST, sp: stackOf(machine) });
const parked = (machine: Entry): string => machine.run("wfe", "eret");

/** What is no quick trap. */
const refuse = returns(1n, MOST, (at) => at.write(Number(VCPU_VA) + REFUSES, 4, 1n));

describe("of an exception from a guest", () => {
  test.each([
    ["axv_vector_sync", HVC, "trapCall"],
    ["axv_vector_sync", SMC, "trapSync"],
    ["axv_vector_sync", WFX, "trapSync"],
    ["axv_vector_sync", FETCH, "trapSync"],
    ["axv_vector_sync", ILLEGAL, "trapSync"],
    ["axv_vector_serror", 0n, "trapSerror"],
  ])("%s, ESR %x: %s finds all registers in its Vcpu, the guest all of them in place", (vector, esr, handler) => {
    for (const verdict of [RESUME, PARK]) {
      const machine = trapped(vector, esr);
      for (const quick of ["trapWrite", "trapRead", "trapStore", "trapLoad"]) machine.calls[quick] = refuse;
      machine.calls[handler] = returns(verdict, NONE, (at) => {
        expect(record(at)).toEqual(GUEST);
        expect([(at.x[20] ?? 0n) & 0xffff_ffffn, at.sp]).toEqual([VCPU_VA & 0xffff_ffffn, stackOf(at)]);
      });
      expect(parked(machine)).toBe(verdict === RESUME ? "eret" : "wfe");
      if (verdict === RESUME) expect(state(machine)).toEqual(untouched(machine));
      expect([machine.sp, machine.registers.get("ELR_EL2")]).toEqual([stackOf(machine), ELR]);
    }
  });

  test("what the handler leaves in the Vcpu is what the guest goes on with", () => {
    const machine = trapped("axv_vector_sync", HVC);
    machine.calls["trapCall"] = returns(RESUME, NONE, (at) =>
      GUEST.forEach((_, n) => at.write(Number(VCPU_VA) + X0 + 8 * n, 8, BigInt(7 * n + 1))),
    );
    machine.run("eret");
    expect(machine.x).toEqual(GUEST.map((_, n) => BigInt(7 * n + 1)));
  });

  test.each(["axv_vector_irq", "axv_vector_fiq"])("%s: the guest goes on as it was, or its Vcpu has all of it", (vector) => {
    for (const verdict of [RESUME, PARK]) {
      const machine = trapped(vector);
      machine.calls["trapIrq"] = returns(verdict, MOST, (at) =>
        expect([at.x[0], at.x.slice(9, 16), at.x.slice(19, 30)]).toEqual([VCPU_VA, GUEST.slice(9, 16), GUEST.slice(19, 30)]),
      );
      expect(parked(machine)).toBe(verdict === RESUME ? "eret" : "wfe");
      if (verdict === RESUME) expect(state(machine)).toEqual(untouched(machine));
      else expect(record(machine)).toEqual(GUEST);
      expect(machine.sp).toBe(stackOf(machine));
    }
  });

  test("parked: park() is asked again at once, after an interrupt, or never; then the guest has its registers", () => {
    const machine = trapped("axv_vector_irq");
    machine.calls["trapIrq"] = returns(PARK, MOST);
    machine.run("wfe");
    const answers = [AGAIN, PARK, RESUME];
    machine.calls["park"] = (at) => {
      expect([at.x[0], at.sp]).toEqual([VCPU_VA, stackOf(at)]);
      returns(answers.shift() ?? RESUME, CALL)(at);
    };
    machine.pc += 4;
    expect(machine.run("wfe", "wfi", "eret"), "again").toBe("wfe");
    machine.pc += 4;
    expect(machine.run("wfe", "wfi", "eret"), "after an interrupt").toBe("wfi");
    machine.pc += 4;
    expect(machine.run("wfe", "wfi", "eret")).toBe("eret");
    expect([state(machine), answers]).toEqual([untouched(machine), []]);
  });

  test("the vectors stand where the architecture looks for them", () => {
    const machine = trapped("axv_vectors");
    expect(machine.place("axv_vectors") % 2048).toBe(0);
    const order = [
      "el2t_sync",
      "el2t_irq",
      "el2t_fiq",
      "el2t_serror",
      "el2h_sync",
      "el2h_irq",
      "el2h_fiq",
      "el2h_serror",
      "sync",
      "irq",
      "fiq",
      "serror",
    ];
    expect(order.map((name) => machine.place(`axv_vector_${name}`) - machine.place("axv_vectors"))).toEqual(
      order.map((_, n) => 128 * n),
    );
  });
});

describe("a quick trap", () => {
  const [READ, WRITE_BIT] = [1n, 1n << 6n];
  const behind = (machine: Entry): void =>
    expect([machine.registers.get("ELR_EL2"), machine.registers.get("SPSR_EL2")]).toEqual([ELR + 4n, SPSR]);
  const valueOf = (n: number): bigint => GUEST[n] ?? 0n;
  const NUMBERS = [...Array(32).keys()];

  test.each([
    ["MSR", "trapWrite", SYSREG, 5],
    ["a store", "trapStore", ABORT | WRITE_BIT, 16],
  ] as const)("%s of any register: %s has its value, and nothing is lost", (_, handler, esr, shift) => {
    for (const n of NUMBERS) {
      const machine = trapped("axv_vector_sync", esr | BigInt(n << shift));
      machine.calls[handler] = returns(0n, MOST, (at) =>
        expect([at.x[0], at.x[1], at.x[2]]).toEqual([VCPU_VA, esr | BigInt(n << shift), valueOf(n)]),
      );
      expect(machine.run("eret")).toBe("eret");
      expect(state(machine)).toEqual(untouched(machine));
      behind(machine);
    }
  });

  test.each([
    ["MRS", "trapRead", SYSREG | READ, 5],
    ["a load", "trapLoad", ABORT, 16],
  ] as const)("%s into any register: %s says what it is, and no other changes", (_, handler, esr, shift) => {
    for (const n of NUMBERS) {
      const machine = trapped("axv_vector_sync", esr | BigInt(n << shift));
      const value = 0x1234_5678_9abc_def0n;
      machine.calls[handler] = returns(value, MOST, (at) =>
        expect([at.x[0], at.x[1]]).toEqual([VCPU_VA, esr | BigInt(n << shift)]),
      );
      expect(machine.run("eret")).toBe("eret");
      expect(state(machine)).toEqual({ x: GUEST.map((before, m) => (m === n ? value : before)), sp: stackOf(machine) });
      behind(machine);
    }
  });

  test.each([
    ["MSR", "trapWrite", SYSREG, 5, 1n],
    ["a store", "trapStore", ABORT | WRITE_BIT, 16, 1n],
    ["MRS", "trapRead", SYSREG | READ, 5, 0n],
    ["a load", "trapLoad", ABORT, 16, 0n],
  ] as const)("%s that %s refuses goes the long way as if nothing had been", (_, handler, esr, shift, refused) => {
    for (const n of NUMBERS) {
      const machine = trapped("axv_vector_sync", esr | BigInt(n << shift));
      machine.calls[handler] = returns(refused, MOST, (at) => at.write(Number(VCPU_VA) + REFUSES, 4, 1n));
      machine.calls["trapSync"] = returns(RESUME, NONE, (at) => expect(record(at)).toEqual(GUEST));
      expect(machine.run("eret")).toBe("eret");
      expect(state(machine)).toEqual(untouched(machine));
      expect([machine.read(Number(VCPU_VA) + REFUSES, 4), machine.registers.get("ELR_EL2")]).toEqual([0n, ELR]);
    }
  });

  test("a direct guest's priority mask is written in the vector: counted, and never above the hypervisor's own", () => {
    const trap = SYSREG | 0x30_180cn;
    for (const [n, mask, physical] of [
      [0, 0xf0n, 0xf0n],
      [2, 0x1_23a0n, 0xa0n],
      [17, 0x08n, 0x10n],
      [30, 0x10n, 0x10n],
      [31, 0n, 0x10n],
    ] as const) {
      const machine = trapped("axv_vector_sync", trap | BigInt(n << 5));
      if (n < 31) machine.x[n] = mask;
      machine.write(Number(VCPU_VA) + MASK_TRAP, 4, trap);
      machine.write(Number(VCPU_VA) + MASK_WRITES, 8, 0xffff_ffffn);
      const before = state(machine);
      expect(machine.run("eret")).toBe("eret");
      expect(state(machine)).toEqual(before);
      expect([
        machine.read(Number(VCPU_VA) + PRIORITY_MASK, 4),
        machine.registers.get("ICC_PMR_EL1"),
        machine.read(Number(VCPU_VA) + MASK_WRITES, 8),
      ]).toEqual([mask & 0xffn, physical, 0x1_0000_0000n]);
      behind(machine);
    }
  });

  test("…and any other register's write is not taken for it", () => {
    const trap = SYSREG | 0x30_180cn;
    for (const bit of [1n, 1n << 4n, 1n << 10n, 1n << 19n, 1n << 21n]) {
      const machine = trapped("axv_vector_sync", (trap ^ bit) | (3n << 5n));
      machine.write(Number(VCPU_VA) + MASK_TRAP, 4, trap);
      let asked = 0;
      for (const handler of ["trapWrite", "trapRead"]) machine.calls[handler] = returns(0n, MOST, () => asked++);
      machine.run("eret");
      expect(asked).toBe(1);
    }
  });
});

describe("the hypervisor's own exceptions", () => {
  const faulted = (vector: string, elr: number): Entry => {
    const machine = trapped(vector, 0x9600_0010n);
    machine.registers.set("ELR_EL2", BigInt(elr));
    machine.registers.set("FAR_EL2", 0x1234n);
    return machine;
  };

  test.each([
    ...["sync", "irq", "fiq", "serror"].map((name) => `axv_vector_el2t_${name}`),
    ...["sync", "irq", "fiq", "serror"].map((name) => `axv_vector_el2h_${name}`),
  ])("%s is a panic: on a stack of its own, with what there is to say, and once", (vector) => {
    for (const n of [0, 3, CPUS - 1]) {
      for (const used of [0, 8, 0x1000, 0x1ff0]) {
        const machine = faulted(vector, 0x1000);
        const slot = machine.place("axv_stacks") + SLOT * n;
        machine.sp = BigInt(slot + SLOT - used);
        machine.calls["panic"] = returns(0n, CALL, (at) => {
          expect([at.x[0], at.x[1], at.x[2], at.sp, at.registers.get("TPIDR_EL2")]).toEqual([
            0x9600_0010n,
            0x1000n,
            0x1234n,
            BigInt(slot + 0x2000),
            0n,
          ]);
        });
        expect(machine.run("axv_stop")).toBe("axv_stop");
        const again = faulted(vector, 0x1000);
        again.registers.set("TPIDR_EL2", 0n);
        expect(again.run("axv_stop", "bl"), "a panic in a panic").toBe("axv_stop");
      }
    }
  });

  test("in the cluster's probe it says that the registers are not there; one instruction before or behind it is a panic", () => {
    const probe = faulted("axv_vectors", 0).place("axv_probe");
    for (const at of [0, 4, 8, 12]) {
      const machine = faulted("axv_vector_el2h_sync", probe + at);
      expect(machine.run("eret", "bl")).toBe("eret");
      expect(machine.registers.get("ELR_EL2")).toBe(BigInt(machine.place("axv_probe_failed")));
    }
    for (const at of [-4, 16]) expect(faulted("axv_vector_el2h_sync", probe + at).run("eret", "bl")).toBe("bl");
  });

  test("the probe reads and writes both registers back, and says 1; its other end says 0", () => {
    const machine = faulted("axv_probe_cluster", 0);
    const names = ["S3_0_C15_C4_3", "S3_0_C15_C4_0"];
    names.forEach((name, n) => machine.registers.set(name, BigInt(0x55 + n)));
    for (const name of names) {
      machine.run("msr");
      machine.registers.set(name, 0n);
      machine.run("mrs", "ret");
    }
    expect([machine.x[0], ...names.map((name) => machine.registers.get(name))]).toEqual([1n, 0x55n, 0x56n]);
    const other = faulted("axv_probe_failed", 0);
    other.run("ret");
    expect([other.x[0], other.pc]).toEqual([0n, other.place("axv_probe_failed") + 4]);
  });

  test("a pending SError is taken between its unmasking and masking, and then no second one", () => {
    const machine = faulted("axv_drop_serror", 0);
    machine.daif = 0xfn;
    expect(machine.run("dsb", "msr"), "what was done before may cause it").toBe("dsb");
    machine.pc += 4;
    expect(machine.run("isb", "ret")).toBe("isb");
    expect(machine.daif).toBe(0xbn);
    for (const at of ["axv_drop_window", "axv_drop_end"]) {
      const taken = faulted("axv_vector_el2h_serror", machine.place(at) - (at === "axv_drop_end" ? 4 : 0));
      taken.registers.set("SPSR_EL2", 0x9n);
      expect(taken.run("eret", "bl")).toBe("eret");
      expect(taken.registers.get("SPSR_EL2"), "PSTATE.A").toBe(0x109n);
    }
    for (const [at, offset] of [
      ["axv_drop_window", -4],
      ["axv_drop_end", 0],
    ] as const)
      expect(faulted("axv_vector_el2h_serror", machine.place(at) + offset).run("eret", "bl")).toBe("bl");
    machine.run("ret");
    expect(machine.daif).toBe(0xfn);
  });
});
