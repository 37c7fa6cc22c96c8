// What the host may ask (core/uplink.ts), and what it hears unasked (core/telemetry.ts, events.ts).
import { decode } from "cborg";
import { beforeEach, describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { numbered } from "../../industrial/link/commands.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import type { PartitionTelemetry } from "../../industrial/link/telemetry.ts";
import { COUNTER_FREQUENCY } from "../../tools/machine/aarch64/timers.ts";
import { GUEST_UART, LINUX, makeSystem, PLC, STANDARD, TELEMETRY_MILLISECONDS } from "../../tools/machine/aarch64/system.ts";
import { Bench, value } from "./bench.ts";
import { CPU_OFF, CPU_ON_64, PSCI_VERSION, SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";


let bench: Bench;
beforeEach(() => {
  bench = new Bench();
  bench.guest(0).hvc(CPU_ON_64, 1, 0x6000_0000, 0);
  bench.machine.settle();
});

const running = (): boolean[] => bench.guests.map((guest) => guest.running);

describe("commands", () => {
  test("two that come without a pause are carried out, one after the other", () => {
    const frames = [abi.COMMAND_PAUSE, abi.COMMAND_RESUME].map((command, n) =>
      encodeFrame({ kind: abi.FRAME_COMMAND, partition: 1, payload: numbered(command, 0x8000_0080 + n) }),
    );
    bench.send(Uint8Array.from(frames.flatMap((frame) => [...frame])));
    bench.pass(10);
    expect(bench.frames.filter(({ kind }) => kind === abi.FRAME_REPLY).map(({ payload }) => [...payload])).toEqual([
      [abi.REPLY_OK, 0x80, 0, 0, 0x80],
      [abi.REPLY_OK, 0x81, 0, 0, 0x80],
    ]);
  });

  test("behind a frame that is too long, cut off, or wrong in its checksum the next one is heard", () => {
    const good = encodeFrame({ kind: abi.FRAME_COMMAND, partition: 1, payload: numbered(abi.COMMAND_STOP, 1) });
    const wrong = good.map((byte, n) => (n === good.length - 2 ? (byte % 255) + 1 : byte));
    for (const [what, bytes] of [
      ["too long", [0, ...new Array<number>(3 * abi.FRAME_PAYLOAD_MAX).fill(0xff), 0]],
      ["cut off", [...good.subarray(0, 5), 0]],
      ["wrong", [...wrong]],
    ] as const) {
      bench.send(Uint8Array.from(bytes));
      bench.pass(5);
      expect(running()[3], what).toBe(true);
      expect(bench.command(1, abi.COMMAND_STOP), what).toBe(abi.REPLY_OK);
      expect(bench.command(1, abi.COMMAND_START), what).toBe(abi.REPLY_OK);
    }
  });

  test("are answered, and nothing else is", () => {
    bench.pass(200);
    expect(bench.frames.filter(({ kind }) => kind === abi.FRAME_REPLY)).toEqual([]);
    bench.command(1, abi.COMMAND_PAUSE);
    bench.pass(200);
    expect(bench.frames.filter(({ kind }) => kind === abi.FRAME_REPLY).length).toBe(1);
  });

  test("stop parks all vCPUs of the partition, and no other", () => {
    expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect(running()).toEqual([false, false, false, true]);
    expect(bench.partition(0)).toMatchObject({ state: "off", restarts: 0 });
    expect(bench.events(0).at(-1)).toMatchObject({ code: abi.EVENT_STOPPED, a: BigInt(abi.STOP_COMMAND) });
  });

  test("start begins at the entry, with images copied anew", () => {
    bench.command(0, abi.COMMAND_STOP);
    bench.machine.memory.write64(0x6008_0000, 0n);
    expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(running()).toEqual([true, false, false, true]);
    expect(bench.guest(0).pcpu.pc).toBe(0x6008_0000n);
    expect(bench.machine.memory.readBytes(0x6008_0000, 8)).toEqual(LINUX.image?.subarray(0, 8));
  });

  test("restart of a running partition is one restart; of one that is off, a start", () => {
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 1 });
    bench.command(1, abi.COMMAND_STOP);
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 1 });
  });

  test("what does not start by itself waits for it, whatever else it is", () => {
    const other = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, autostart: false, pmu: true, ownClock: true }] });
    other.pass(10);
    expect(other.guest(3).running).toBe(false);
    expect(other.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(other.guest(3).running).toBe(true);
  });

  test("in the wrong state they are refused", () => {
    expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_WRONG_STATE);
    bench.command(0, abi.COMMAND_STOP);
    expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_WRONG_STATE);
  });

  test("for a partition that does not exist, or unknown ones, are refused", () => {
    for (const partition of [2, 8, 0xff]) expect(bench.command(partition, abi.COMMAND_STOP)).toBe(abi.REPLY_NO_SUCH_PARTITION);
    for (const command of [0, abi.COMMAND_HEALTHY, abi.COMMAND_COMMIT, abi.COMMAND_ROLLBACK + 1, 0xff])
      expect(bench.command(0, command)).toBe(abi.REPLY_UNKNOWN_COMMAND);
    expect(running()).toEqual([true, true, false, true]);
  });

  test("start after every way of stopping", () => {
    const ways = [
      () => bench.guest(3).hvc(SYSTEM_OFF),
      () => bench.guest(3).hvc(CPU_OFF),
      () => bench.command(1, abi.COMMAND_STOP),
    ];
    for (const stop of ways) {
      stop();
      bench.machine.settle();
      expect(bench.partition(1).state).toBe("off");
      expect(bench.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
      expect(bench.guest(3).running).toBe(true);
    }
  });
});

describe("telemetry", () => {
  test("every partition and every vCPU once a period; none for spare pCPUs", () => {
    bench.pass(50);
    const from = bench.frames.length;
    bench.pass(TELEMETRY_MILLISECONDS * 5);
    const frames = bench.frames.slice(from);
    const count = (kind: number, partition: number): number =>
      frames.filter((frame) => frame.kind === kind && frame.partition === partition).length;
    expect([
      count(abi.FRAME_PARTITION, 0),
      count(abi.FRAME_PARTITION, 1),
      count(abi.FRAME_VCPU, 0),
      count(abi.FRAME_VCPU, 1),
    ]).toEqual([5, 5, 10, 5]);
    expect(frames.every(({ partition }) => partition < 2)).toBe(true);
  });

  test("each frame has the keys that there are of its kind, and no others (core/abi.ts)", () => {
    bench.command(1, abi.COMMAND_STOP);
    bench.pass(TELEMETRY_MILLISECONDS);
    for (const [kind, keys] of [[abi.FRAME_PARTITION, 8], [abi.FRAME_VCPU, 7], [abi.FRAME_EVENT, 5]] as const) {
      const maps = bench.frames
        .filter((frame) => frame.kind === kind)
        .map(({ payload }) => decode(payload, { useMaps: true }) as ReadonlyMap<number, unknown>);
      expect(maps.length).toBeGreaterThan(0);
      for (const map of maps) expect([...map.keys()].sort()).toEqual(Array.from({ length: keys }, (_, n) => n));
    }
  });

  test("none before the first period is over", () => {
    const fresh = new Bench();
    fresh.pass(TELEMETRY_MILLISECONDS - 10);
    expect(fresh.frames.filter(({ kind }) => kind === abi.FRAME_PARTITION || kind === abi.FRAME_VCPU)).toEqual([]);
  });

  test("says where each vCPU is and what it is doing", () => {
    expect(bench.vcpu(0, 0)).toMatchObject({ partition: 0, index: 0, pcpu: 0, state: "on" });
    expect(bench.vcpu(0, 1)).toMatchObject({ partition: 0, index: 1, pcpu: 1, state: "on" });
    expect(bench.vcpu(1, 0)).toMatchObject({ partition: 1, index: 0, pcpu: 3, state: "on" });
    bench.guest(1).hvc(CPU_OFF);
    expect(bench.vcpu(0, 1).state).toBe("off");
  });

  test("time and uptime are nanoseconds; uptime begins anew with a restart", () => {
    const first = bench.partition(1);
    const second = bench.partition(1);
    expect(Number(second.time - first.time) / 1e6).toBeCloseTo(2 * TELEMETRY_MILLISECONDS, -1);
    expect(Number(second.uptime - first.uptime)).toBe(Number(second.time - first.time));
    bench.guest(3).hvc(SYSTEM_RESET);
    expect(Number(bench.partition(1).uptime)).toBeLessThan(210e6);
  });

  test("a partition that is to run, and has not begun, has been up for no time", () => {
    const one = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, autostart: false }] });
    one.pass(300);
    let seen: PartitionTelemetry | undefined;
    // Its image is being copied, for as long as two rounds of telemetry take.
    one.machine.onIntrinsic = (name, { index }) => {
      if (index !== 3 || name !== "copyPhysical" || seen !== undefined) return;
      one.machine.onIntrinsic = undefined;
      seen = one.partition(1);
    };
    expect(one.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(seen).toMatchObject({ state: "running", uptime: 0n });
  });

  test("an event tells when it was: nanoseconds, as telemetry does", () => {
    bench.pass(1234);
    const before = Number(bench.partition(1).time);
    bench.guest(3).hvc(SYSTEM_RESET);
    bench.pass(5);
    const times = bench.events(1).slice(-2).map(({ time }) => Number(time));
    for (const time of times) expect(time - before).toBeGreaterThan(0);
    for (const time of times) expect(time - before).toBeLessThan((TELEMETRY_MILLISECONDS + 10) * 1e6);
  });

  test("time begins with the hypervisor, however long the firmware took", () => {
    bench = new Bench({ ...STANDARD, board: { ...STANDARD.board, bootTicks: 10 * COUNTER_FREQUENCY } });
    expect(Number(bench.partition(1).time)).toBeLessThan(1e9);
    for (const { time } of bench.events(1)) expect(Number(time)).toBeLessThan(1e9);
  });

  test("an event that is not all there yet is not sent, nor what stood in its place before", () => {
    const rounds = 32 / 2; // an event for each stop and start: no place in the ring has not held one
    for (let n = 0; n < rounds; n++)
      for (const command of [abi.COMMAND_STOP, abi.COMMAND_START]) expect(bench.command(1, command)).toBe(abi.REPLY_OK);
    const before = bench.events(1).length;
    let meanwhile = NaN;
    let last = "";
    bench.machine.onIntrinsic = (name, pcpu) => {
      const reserved = pcpu.index === 3 && last === "atomicAdd32"; // recordEvent has its place, and has not published it
      last = name;
      if (!reserved || !Number.isNaN(meanwhile)) return;
      meanwhile = 0;
      meanwhile = bench.events(1).length;
    };
    bench.guest(3).hvc(SYSTEM_OFF);
    expect([meanwhile, bench.events(1).length]).toEqual([before, before + 1]);
  });

  test("exits are counted by cause", () => {
    const guest = bench.guest(3);
    const before = bench.vcpu(1, 0).exits;
    guest.hvc(calls.HYPERCALL_VERSION);
    guest.smc(PSCI_VERSION);
    guest.load(0x0800_0004, 4);
    guest.load(0x0900_0018, 4);
    guest.mrs("ID_AA64PFR0_EL1");
    guest.msr("ICC_SGI1R_EL1", 1n);
    const after = bench.vcpu(1, 0).exits;
    const more = after.map((count, cause) => count - (before[cause] ?? 0));
    const expected = new Array<number>(abi.EXIT_CAUSES).fill(0);
    const { EXIT_HYPERCALL, EXIT_FIRMWARE_CALL, EXIT_CONTROLLER, EXIT_CONSOLE, EXIT_REGISTER, EXIT_IPI } = abi;
    for (const cause of [EXIT_HYPERCALL, EXIT_FIRMWARE_CALL, EXIT_CONTROLLER, EXIT_CONSOLE, EXIT_REGISTER, EXIT_IPI])
      expected[cause] = 1;
    expect(more).toEqual(expected);
  });

  test("a housekeeper that shares its pCPU with a guest counts its ticks there, and does all the same", () => {
    const one = new Bench({ ...STANDARD, housekeeper: 3 });
    const before = one.vcpu(1, 0).exits[abi.EXIT_TICK] ?? 0;
    one.pass(100);
    expect((one.vcpu(1, 0).exits[abi.EXIT_TICK] ?? 0) - before).toBeGreaterThan(99);
    expect(one.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(one.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect(one.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(one.guest(3).running).toBe(true);
  });

  test("goes on when the clock was stopped for a while (a debugger)", () => {
    bench.machine.clock.advance(3600e9);
    bench.machine.settle();
    expect(bench.partition(0).state).toBe("running");
  });

  test("an event ring that is full drops events, and the telemetry still tells", () => {
    bench.machine.uart.stalled = true;
    for (let n = 0; n < 40; n++) {
      bench.pass(1010); // resets in quicker succession are made to wait
      bench.guest(3).hvc(SYSTEM_RESET);
      bench.machine.settle();
    }
    bench.machine.uart.stalled = false;
    expect(bench.partition(1).restarts).toBe(40);
    expect(bench.events(1).length).toBeGreaterThan(10);
    expect(bench.events(1).length).toBeLessThan(60);
    bench.guest(3).hvc(SYSTEM_OFF);
    expect(bench.events(1).at(-1)).toMatchObject({ code: abi.EVENT_STOPPED, a: BigInt(abi.STOP_SYSTEM_OFF) });
  });
});

describe("eight partitions on eight pCPUs", () => {
  const cpus = Array.from({ length: 8 }, (_, n) => ({
    mpidr: BigInt(((n >> 2) << 8) | (n & 3)),
    gicr: 0x080a_0000 + n * 0x2_0000,
  }));
  const partitions = cpus.map((_, n) => ({
    ...PLC,
    name: `p${n}`,
    cpus: [n],
    channels: [],
    interrupts: [{ intid: 40 + n, trigger: "edge" as const, use: "console" }],
    consoleInterrupt: 40 + n,
    regions: [
      {
        name: "memory",
        ipa: 0x4000_0000,
        pa: 0x5000_0000 + n * 0x100_0000,
        size: 0x100_0000,
        kind: "ram" as const,
        access: "rwx",
      },
    ],
  }));

  test("all run, in clusters (MPIDR_EL1.Aff1), and each can be commanded", () => {
    expect(() => makeSystem({ board: { ...STANDARD.board, cpus }, housekeeper: 0, partitions })).not.toThrow();
    const many = new Bench({ board: { ...STANDARD.board, cpus }, housekeeper: 0, partitions });
    expect(many.guests.every((guest) => guest.running)).toBe(true);
    expect(many.command(7, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect(many.guests.map((guest) => guest.running)).toEqual([true, true, true, true, true, true, true, false]);
    expect(many.command(7, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    for (let n = 0; n < 8; n++) expect(many.partition(n).state, `partition ${n}`).toBe("running");
  });

  test("each has its console to itself, both ways at the same time, and one of them reads along", () => {
    const console = (n: number): string => `partition ${n} `.repeat(3 + n);
    const many = new Bench({
      board: { ...STANDARD.board, cpus },
      housekeeper: 0,
      partitions: partitions.map((partition, n) => ({ ...partition, telemetry: n === 7 })),
    });
    const uart = { data: GUEST_UART, flags: GUEST_UART + 0x18, receiveEmpty: 0x10n };
    value(many.guest(7).store(GUEST_UART + 0x1000 + 0x30, 4, 0x301n)); // its second UART: UARTEN, TXE, RXE
    for (let round = 0; round < 3; round++) {
      for (const [n, guest] of many.guests.entries()) {
        many.type(n, console(n).toUpperCase());
        for (const byte of Buffer.from(console(n))) value(guest.store(uart.data, 1, BigInt(byte)));
      }
      many.pass(50);
      for (const [n, guest] of many.guests.entries()) {
        let got = "";
        while ((value(guest.load(uart.flags, 4)) & uart.receiveEmpty) === 0n)
          got += String.fromCharCode(Number(value(guest.load(uart.data, 4))));
        expect(got, `partition ${n}`).toBe(console(n).toUpperCase());
      }
    }
    for (let n = 0; n < 8; n++) expect(many.console(n)).toBe(console(n).repeat(3));
    expect(value(many.guest(7).load(GUEST_UART + 0x1000 + 0x18, 4)) & uart.receiveEmpty).toBe(0n);
  });
});
