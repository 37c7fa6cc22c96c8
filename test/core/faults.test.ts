// A partition that touches what it does not own is stopped, restarted or left for inspection, as its on_failure says; the
// others do not notice (arch/aarch64/trap.ts, lifecycle.ts; core/partition.ts).
import { describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { decodeEvent } from "../../industrial/link/telemetry.ts";
import type { OnFailure } from "../../partitions/plan/plan.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../tools/machine/aarch64/machine.ts";
import { EC_DATA_ABORT, EC_INSTRUCTION_ABORT, syndrome } from "../../tools/machine/aarch64/registers.ts";
import { ENTRY_OFFSET, LINUX, PLC, shared, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, KICK_SGI, SGI_BASE, value } from "./bench.ts";
import { CPU_ON_64, SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const ISPENDR = 0x200;
const FOREIGN = 0x4800_0000; // the other partition's memory, at its physical address

const benchWith = (onFailure: OnFailure): Bench => {
  const bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, onFailure }, PLC] });
  bench.guest(0).hvc(CPU_ON_64, 1, 0x6000_0000, 0);
  bench.machine.settle();
  return bench;
};

describe("an access to what a partition does not own", () => {
  test.each([
    ["memory of another partition", FOREIGN],
    ["the hypervisor's image", 0x4020_0000],
    ["the board's UART's neighbour", 0x0903_0000],
    ["the GIC behind the emulated one", 0x0810_0000],
    ["what is behind the emulated GICD", 0x0801_0000],
    ["what is behind the last emulated GICR", 0x080e_0000],
    ["what is behind the emulated UART", 0x0900_1000],
    ["nothing at all", 0xff_ffff_f000],
  ])("%s is a fault of the partition, for loads, stores and fetches", (_, ipa) => {
    for (const access of ["load", "store", "fetch"] as const) {
      const bench = benchWith("stop");
      const guest = bench.guest(0);
      const outcome = access === "load" ? guest.load(ipa, 8) : access === "store" ? guest.store(ipa, 8, 1n) : guest.fetch(ipa);
      expect(outcome).toEqual({ kind: "parked" });
      bench.machine.settle();
      expect(bench.guests.map(({ running }) => running)).toEqual([false, false, false, true]);
      expect(bench.partition(0).state).toBe("failed");
    }
  });

  test("is an event that says what, where and by which instruction; then the stop is one", () => {
    const bench = benchWith("stop");
    const pc = bench.guest(0).pcpu.pc;
    bench.guest(0).store(FOREIGN + 0x128, 4, 1n, { register: 9 });
    const [fault, stopped] = bench.events(0).slice(-2);
    expect(fault).toMatchObject({ code: abi.EVENT_FAULT, b: BigInt(FOREIGN + 0x128), c: pc });
    expect((fault?.a ?? 0n) >> 26n).toBe(BigInt(EC_DATA_ABORT));
    expect(((fault?.a ?? 0n) >> 6n) & 1n).toBe(1n);
    expect(stopped).toMatchObject({ code: abi.EVENT_STOPPED, a: BigInt(abi.STOP_FAULT) });
  });

  test.each<[string, (guest: Guest, machine: Aarch64Machine) => void]>([
    ["a load", (guest) => guest.load(FOREIGN, 4)],
    ["a fetch", (guest) => guest.fetch(FOREIGN)],
    ["an SError", ({ pcpu }, machine) => machine.serror(pcpu, 0xbe00_0000n)],
  ])("counts as one exit of that kind, and no other: %s", (_, access) => {
    const bench = benchWith("stop");
    const before = bench.vcpu(0, 0).exits;
    access(bench.guest(0), bench.machine);
    expect(bench.vcpu(0, 0).exits.map((count, cause) => count - (before[cause] ?? 0))).toEqual(
      before.map((__, cause) => (cause === abi.EXIT_FAULT ? 1 : 0)),
    );
  });

  test("of memory it may only read is a fault when it writes, and the event says where", () => {
    const bench = new Bench({
      ...STANDARD,
      partitions: [
        LINUX,
        { ...PLC, onFailure: "stop", regions: [PLC.regions[0] ?? shared(0, 0), shared(0x5000_0000, 0x5000_0000, "r")] },
      ],
    });
    expect(value(bench.guest(3).load(0x5000_0000, 4))).toBe(0n);
    expect(bench.guest(3).store(0x5000_0008, 4, 1n)).toEqual({ kind: "parked" });
    expect(bench.events(1).at(-2)).toMatchObject({ code: abi.EVENT_FAULT, b: 0x5000_0008n });
  });

  test("executing a device or a channel is a fault", () => {
    for (const ipa of [0x0a00_0000, 0x7000_0000]) {
      const bench = benchWith("stop");
      expect(bench.guest(0).fetch(ipa)).toEqual({ kind: "parked" });
      expect((bench.events(0).at(-2)?.a ?? 0n) >> 26n).toBe(BigInt(EC_INSTRUCTION_ABORT));
    }
  });
});

describe("on_failure", () => {
  test("restart: it starts anew, all its vCPUs but the first off, and counts the restart", () => {
    const bench = benchWith("restart");
    bench.guest(1).load(FOREIGN, 4);
    bench.machine.settle();
    expect(bench.guests.map(({ running }) => running)).toEqual([true, false, false, true]);
    expect(bench.guest(0).pcpu.pc).toBe(BigInt(0x6000_0000 + ENTRY_OFFSET));
    expect(bench.partition(0)).toMatchObject({ state: "running", restarts: 1 });
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 0 });
  });

  test("inspect: memory and registers stay as they were", () => {
    const bench = benchWith("inspect");
    const guest = bench.guest(0);
    for (let n = 0; n < 31; n++) guest.setX(n, BigInt(1000 + n));
    value(guest.msr("VBAR_EL1", 0x6000_8000n, 5));
    const registers = Array.from({ length: 31 }, (_, n) => guest.x(n));
    const pc = guest.pcpu.pc;
    bench.machine.memory.write64(0x6000_1000, 0x1234n);
    guest.load(FOREIGN, 4, { register: 3 });
    bench.machine.settle();
    expect(bench.partition(0).state).toBe("inspect");
    expect(Array.from({ length: 31 }, (_, n) => bench.machine.linear.getBigUint64(guest.pcpu.vcpu + 8 * n, true))).toEqual(
      registers,
    );
    expect(guest.pcpu.registers.ELR_EL2).toBe(pc);
    expect(guest.pcpu.registers.VBAR_EL1).toBe(0x6000_8000n);
    expect(bench.machine.memory.read64(0x6000_1000)).toBe(0x1234n);
  });

  test("stop and inspect: the host can start it again", () => {
    for (const onFailure of ["stop", "inspect"] as const) {
      const bench = benchWith(onFailure);
      bench.guest(0).load(FOREIGN, 4);
      bench.machine.settle();
      expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
      expect(bench.guest(0).running).toBe(true);
      expect(bench.partition(0)).toMatchObject({ state: "running" });
    }
  });
});

describe("stopping a partition", () => {
  test("silences the devices that do DMA, before anything else may use its memory", () => {
    const bench = benchWith("restart");
    value(bench.guest(0).store(0x0a00_0070, 4, 0xfn));
    value(bench.guest(0).store(0x0a00_0270, 4, 0xfn));
    bench.guest(0).load(FOREIGN, 4);
    bench.machine.settle();
    expect(value(bench.guest(0).load(0x0a00_0070, 4))).toBe(0n);
    expect(value(bench.guest(0).load(0x0a00_0270, 4))).toBe(0n);
  });

  test("an SError of a guest is a fault of its partition", () => {
    const bench = benchWith("stop");
    bench.machine.serror(bench.machine.pcpu(1), syndrome(0x2f, 0));
    bench.machine.settle();
    expect(bench.partition(0).state).toBe("failed");
    expect(bench.guest(3).running).toBe(true);
  });

  test("two vCPUs that fault at once are one stop", () => {
    const bench = benchWith("restart");
    bench.guest(0).load(FOREIGN, 4);
    bench.guest(1).load(FOREIGN, 4);
    bench.machine.settle();
    expect(bench.partition(0)).toMatchObject({ state: "running", restarts: 1 });
    expect(bench.events(0).filter(({ code }) => code === abi.EVENT_STOPPED)).toHaveLength(1);
  });

});

test.each([0, 1, 2, 3, 4, 5])(
  "a start that has begun and failed before whoever asked for it goes on: it can be started again (after %i steps)",
  (steps) => {
    const bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, cpus: [0] }, PLC] });
    const { machine } = bench;
    const guest = bench.guest(0);
    expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    const go = (): void => {
      while (machine.step(machine.pcpu(0))) continue;
    };
    const meanwhile = (): void => {
      // Whatever wakes its boot pCPU, it looks whether there is something to do.
      machine.gic.write(0, (machine.board.cpus[0]?.gicr ?? 0) + SGI_BASE + ISPENDR, 4, 1n << BigInt(KICK_SGI));
      go();
      if (guest.running) guest.load(FOREIGN, 8);
      go();
    };
    machine.onIntrinsic = (name, { index }) => {
      if (name !== "compareExchange32" || index !== STANDARD.housekeeper) return;
      machine.onIntrinsic = undefined;
      machine.intrude(steps, meanwhile);
    };
    expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(machine.endIntrusion()).toBe(true);
    machine.settle();
    if (!guest.running) expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect([guest.running, bench.partition(0).state]).toEqual([true, "running"]);
  },
);

describe("a partition that fails again and again", () => {
  const PAUSE = 1000;
  const fail = (bench: Bench): void => {
    bench.guest(0).load(FOREIGN, 4);
    bench.machine.settle();
  };

  test("restarts at once the first time, after a pause of a second if it fails again within a second, and so on", () => {
    const bench = benchWith("restart");
    fail(bench);
    expect(bench.guest(0).running).toBe(true);
    for (let n = 0; n < 5; n++) {
      bench.pass(10);
      fail(bench);
      expect(bench.guest(0).running).toBe(false);
      bench.pass(PAUSE - 20);
      expect(bench.guest(0).running).toBe(false);
      bench.pass(40);
      expect(bench.guest(0).running).toBe(true);
    }
    expect(bench.partition(0).restarts).toBe(6);
    expect(bench.guest(3).hvc(calls.HYPERCALL_VERSION).kind).toBe("done");
  });

  test("restarts at once if it has run for a second between two failures", () => {
    const bench = benchWith("restart");
    for (let n = 0; n < 5; n++) {
      fail(bench);
      expect(bench.guest(0).running).toBe(true);
      bench.pass(PAUSE + 10);
    }
    expect(bench.partition(0).restarts).toBe(5);
    // Nor is one that comes early behind a late one, or behind the host's, again.
    fail(bench);
    expect(bench.guest(0).running, "early, behind one that was late").toBe(true);
    bench.command(0, abi.COMMAND_RESTART);
    fail(bench);
    expect(bench.guest(0).running, "early, behind the host's restart").toBe(true);
    fail(bench);
    expect(bench.guest(0).running, "early, behind an early one").toBe(false);
  });

  test("can be started by the host during the pause, and is not started again when that is over", () => {
    const bench = benchWith("restart");
    fail(bench);
    fail(bench);
    expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(bench.guest(0).running).toBe(true);
    bench.guest(0).hvc(SYSTEM_OFF);
    bench.pass(2 * PAUSE);
    expect(bench.partition(0).state).toBe("off");
  });

  test("can be stopped by the host during the pause, and stays off then", () => {
    const bench = benchWith("restart");
    fail(bench);
    fail(bench);
    expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    bench.pass(2 * PAUSE);
    expect(bench.guest(0).running).toBe(false);
    expect(bench.partition(0).state).toBe("off");
  });

  test("waits also if it resets itself again and again; a reset now and then is done at once", () => {
    const bench = benchWith("restart");
    const reset = (): void => {
      bench.guest(0).hvc(SYSTEM_RESET);
      bench.machine.settle();
    };
    reset();
    expect(bench.guest(0).running).toBe(true);
    reset();
    expect(bench.guest(0).running).toBe(false);
    bench.pass(PAUSE + 20);
    expect(bench.guest(0).running).toBe(true);
    bench.pass(PAUSE + 20);
    reset();
    expect(bench.guest(0).running).toBe(true);
  });
});

describe("the other partition", () => {
  test("keeps its registers, memory, interrupts and counters while a partition fails and restarts", () => {
    const bench = benchWith("restart");
    const plc = bench.openInterrupts(3);
    bench.enable(3, 61);
    bench.machine.setLine(61, true);
    bench.machine.settle();
    for (let n = 0; n < 31; n++) plc.setX(n, BigInt(n * 3));
    const view = () => ({
      registers: { ...plc.pcpu.registers },
      pc: plc.pcpu.pc,
      pstate: plc.pcpu.pstate,
      general: Array.from({ length: 31 }, (_, n) => plc.x(n)),
      lists: plc.pcpu.gic.virtual.held(),
      memory: bench.machine.memory.readBytes(0x4800_0000, 0x10_0000),
      exits: bench.vcpu(1, 0).exits,
      held: bench.vcpu(1, 0).held,
    });
    const before = view();
    bench.guest(0).load(FOREIGN, 4);
    bench.machine.settle();
    bench.guest(0).hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect(view()).toEqual(before);
    expect(plc.acknowledge()).toBe(61);
  });
});

describe("a panic of the hypervisor on one pCPU", () => {
  test("is plain text with the registers, ends the partition, and leaves the other running", () => {
    const bench = benchWith("restart");
    const pcpu = bench.machine.pcpu(0);
    bench.machine.enter(pcpu, () => {
      bench.machine.core.panic(0x9600_0005n, 0x4020_1234n, 0x41_0000_0000n, pcpu.vcpu);
      return 0;
    });
    pcpu.phase = "halted";
    bench.pass(5);
    expect(bench.text).toContain([
      "", "axv: PANIC in the hypervisor on pCPU 0x0000000000000000",
      "axv:   ESR_EL2 0x0000000096000005 ELR_EL2 0x0000000040201234 FAR_EL2 0x0000004100000000",
      "axv:   its partition stops; the others go on", "",
    ].join("\r\n"));
    expect(bench.guest(1).running).toBe(false);
    expect(bench.guest(3).hvc(calls.HYPERCALL_VERSION).kind).toBe("done");
    expect(bench.events(0).some(({ code }) => code === abi.EVENT_PANIC)).toBe(true);
  });

  test("kicks whoever else belongs to that partition, and not itself", () => {
    const bench = benchWith("restart");
    bench.machine.panic(bench.machine.pcpu(1));
    expect([0, 1].map((pcpu) => bench.machine.pcpu(pcpu).gic.bank.isPending(KICK_SGI))).toEqual([true, false]);
  });

  test("with any value in TPIDR_EL2 only says so", () => {
    // Also whole records away from the real ones, where one would be if there were more pCPUs.
    const real = benchWith("stop").machine.pcpus.map(({ vcpu }) => vcpu);
    const [first = NaN, second = NaN] = real;
    const records = [
      0,
      1,
      0xffff_ffff,
      1025,
      0x7fff_fff0,
      first - (second - first),
      first + 8 * (second - first),
      first + 1,
      first + 1000 * (second - first),
    ];
    for (const record of records) {
      const bench = benchWith("stop");
      bench.machine.enter(bench.machine.pcpu(2), () => {
        bench.machine.core.panic(1n, 2n, 3n, record);
        return 0;
      });
      bench.pass(5);
      expect(bench.text).toContain("PANIC");
      expect([0, 1, 3].map((pcpu) => bench.guest(pcpu).running), `0x${record.toString(16)}`).toEqual([true, true, true]);
      expect(bench.machine.pcpus.map(({ vcpu }) => vcpu)).toEqual(real);
      expect(
        bench.frames
          .filter(({ kind }) => kind === abi.FRAME_EVENT)
          .map(decodeEvent)
          .some(({ code }) => code === abi.EVENT_PANIC || code === abi.EVENT_STOPPED),
      ).toBe(false);
    }
  });
});
