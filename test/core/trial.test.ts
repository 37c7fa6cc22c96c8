// A system on trial (core/trial.ts): the firmware's device tree says so; healthy it is after a while in which all was well, and
// committed by whoever may; otherwise the board is reset, and never without a trial.
import { decode } from "cborg";
import { describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { decodeReply, numbered } from "../../industrial/link/commands.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import { decodeEvent } from "../../industrial/link/telemetry.ts";
import type { HypervisorEvent } from "../../industrial/link/telemetry.ts";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { PSCI_SYSTEM_RESET } from "../../tools/machine/aarch64/firmware.ts";
import { GUEST_UART, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { COMMIT_MICROSECONDS, HEALTHY_MICROSECONDS } from "../../tools/machine/system.ts";
import { Bench } from "./bench.ts";
import { SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const HEALTHY_MS = HEALTHY_MICROSECONDS / 1000;
const COMMIT_MS = COMMIT_MICROSECONDS / 1000;
/** Behind the event that says that it has failed. */
const LAST_WORDS_MS = 200;
const FEED_MS = 50;
const PORT = GUEST_UART + 0x1000;
const [LINUX_INDEX, PLC_INDEX] = [0, 1];
const ON_TRIAL = 'axv,slot = "b", "pending";';

class Trial extends Bench {
  constructor(chosen: string, partitions: readonly PartitionSpec[] = [LINUX, PLC], more: { readonly model?: string } = {}) {
    const bytes = Uint8Array.from(compileTree(`/dts-v1/; / { model = "x"; chosen { ${chosen} }; cpus { ${ON_TRIAL} }; };`));
    super({
      ...STANDARD, partitions,
      board: { ...qemuVirt, resets: true, deviceTree: { pa: 0x5800_0000, bytes } },
      firmwareTree: {
        expected: true,
        matches: more.model === undefined ? [] : [{ path: "/", property: "model", how: "is", value: more.model }],
      },
    });
  }

  get resets(): number {
    return this.machine.firmware.calls.filter((call) => call === PSCI_SYSTEM_RESET).length;
  }

  /** As its watchdog wants it; with what else is to be done each time. */
  fed(milliseconds: number, meanwhile: () => void = () => {}): void {
    for (let passed = 0; passed < milliseconds; passed += FEED_MS) {
      feed(this);
      meanwhile();
      this.pass(FEED_MS);
    }
  }

  /** Of all that have come; undefined: none has. */
  get heard(): { slot: string; update: number } | undefined {
    const frame = this.frames.findLast(({ kind }) => kind === abi.FRAME_SYSTEM);
    if (frame === undefined) return undefined;
    const fields = decode(frame.payload, { useMaps: true }) as ReadonlyMap<number, number>;
    return { slot: String.fromCharCode(fields.get(abi.SYSTEM_SLOT) ?? 0), update: fields.get(abi.SYSTEM_UPDATE) ?? -1 };
  }

  get #events(): HypervisorEvent[] {
    return this.frames.filter(({ kind }) => kind === abi.FRAME_EVENT).map(decodeEvent);
  }

  /** Which, and of whom. */
  get happened(): unknown[] {
    return this.#events.map(({ code, partition }) => [code, partition]);
  }

  get failures(): unknown[] {
    return this.#events
      .filter(({ code }) => code === abi.EVENT_TRIAL_FAILED).map(({ a, b }) => ({ a, b }));
  }

  ask(command: number): number {
    return this.command(abi.FRAME_HYPERVISOR, command);
  }
}

const call = (bench: Bench, pcpu: number, number: number, ...parameters: bigint[]): void => {
  if (bench.guest(pcpu).running) bench.guest(pcpu).hvc(number, ...parameters);
};
const feed = (bench: Bench): void => call(bench, 3, calls.HYPERCALL_WATCHDOG_FEED);

describe("what firmware says of the slot", () => {
  test.each([
    ['axv,slot = "a", "good";', { slot: "a", update: abi.UPDATE_NONE }],
    ['axv,slot = "b", "good";', { slot: "b", update: abi.UPDATE_NONE }],
    ['axv,slot = "a", "pending";', { slot: "a", update: abi.UPDATE_PENDING }],
    ['axv,slot = "a";', { slot: "a", update: abi.UPDATE_NONE }],
    ['axv,slot = "c", "pending";', undefined],
    ['axv,slot = "ab", "pending";', { slot: "a", update: abi.UPDATE_NONE }],
    ['axv,slot = "pending";', undefined],
    ["axv,slot;", undefined],
    ['axv,slots = "b", "pending";', undefined],
    ['axv,slo = "b", "pending";', undefined],
    ["", undefined],
  ])("%s", (chosen, system) => {
    const bench = new Trial(chosen);
    bench.fed(200);
    expect(bench.heard).toEqual(system);
  });

  test("a system that is not on trial is never reset, whatever becomes of its partitions", () => {
    for (const chosen of ["", 'axv,slot = "a", "good";']) {
      const bench = new Trial(chosen);
      call(bench, 0, SYSTEM_RESET);
      bench.pass(2 * COMMIT_MS);
      bench.machine.panic(bench.machine.pcpu(3));
      bench.pass(2 * COMMIT_MS);
      expect(bench.resets).toBe(0);
      expect([bench.ask(abi.COMMAND_HEALTHY), bench.ask(abi.COMMAND_COMMIT)]).toEqual([abi.REPLY_OK, abi.REPLY_WRONG_STATE]);
      expect(bench.heard?.update).toBe(chosen === "" ? undefined : abi.UPDATE_NONE);
    }
  });
});

describe("on trial", () => {
  test("it is healthy when all has been well long enough, not before; then it is committed, and never reset", () => {
    const bench = new Trial(ON_TRIAL);
    bench.fed(HEALTHY_MS - 2 * FEED_MS);
    expect([bench.ask(abi.COMMAND_HEALTHY), bench.ask(abi.COMMAND_COMMIT)]).toEqual([
      abi.REPLY_WRONG_STATE, abi.REPLY_WRONG_STATE,
    ]);
    expect(bench.heard).toEqual({ slot: "b", update: abi.UPDATE_PENDING });
    bench.fed(4 * FEED_MS);
    expect(bench.ask(abi.COMMAND_HEALTHY)).toBe(abi.REPLY_OK);
    bench.fed(2 * FEED_MS);
    expect(bench.heard?.update).toBe(abi.UPDATE_HEALTHY);
    expect(bench.ask(abi.COMMAND_COMMIT)).toBe(abi.REPLY_OK);
    expect(bench.ask(abi.COMMAND_COMMIT), "there is no trial any more").toBe(abi.REPLY_WRONG_STATE);
    bench.pass(3 * COMMIT_MS); // nobody feeds the watchdog
    expect(bench.heard?.update).toBe(abi.UPDATE_COMMITTED);
    expect([bench.resets, bench.failures]).toEqual([0, []]);
  });

  test("healthy, and nobody commits: the board is reset in the end, and that is said before", () => {
    const bench = new Trial(ON_TRIAL);
    bench.fed(COMMIT_MS - FEED_MS);
    expect(bench.failures).toEqual([]);
    bench.fed(LAST_WORDS_MS);
    expect(bench.failures).toEqual([{ a: BigInt(abi.UPDATE_HEALTHY), b: 0x62n }]);
    expect(bench.resets).toBe(0);
    expect(bench.ask(abi.COMMAND_COMMIT), "too late").toBe(abi.REPLY_WRONG_STATE);
    bench.fed(LAST_WORDS_MS);
    expect(bench.resets).toBeGreaterThan(0);
    expect(bench.failures).toHaveLength(1);
  });

  test("before the reset every partition is stopped, one that is held and one that waits for its restart, too", () => {
    const bench = new Trial(ON_TRIAL);
    bench.fed(COMMIT_MS - 2 * FEED_MS);
    expect(bench.command(LINUX_INDEX, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    for (let life = 0; life < 2; life++) {
      call(bench, 3, SYSTEM_RESET);
      bench.pass(1);
    }
    bench.frames.splice(0);
    bench.pass(2 * FEED_MS + LAST_WORDS_MS / 2);
    expect(bench.command(PLC_INDEX, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    bench.pass(LAST_WORDS_MS / 4);
    expect(bench.happened).toEqual([
      [abi.EVENT_TRIAL_FAILED, abi.FRAME_HYPERVISOR],
      [abi.EVENT_STOPPED, LINUX_INDEX],
      [abi.EVENT_STARTED, PLC_INDEX],
      [abi.EVENT_STOPPED, PLC_INDEX],
    ]);
    expect(bench.resets).toBe(0);
  });

  const unwell = (what: string, partitions: readonly PartitionSpec[], meanwhile: (bench: Trial) => void): void =>
    test(what, () => {
      const bench = new Trial(ON_TRIAL, partitions);
      for (let passed = 0; passed < COMMIT_MS - FEED_MS; passed += FEED_MS) {
        meanwhile(bench);
        bench.pass(FEED_MS);
        expect(bench.ask(abi.COMMAND_HEALTHY)).toBe(abi.REPLY_WRONG_STATE);
      }
      for (let passed = 0; passed < 2 * LAST_WORDS_MS; passed += FEED_MS) {
        meanwhile(bench);
        bench.pass(FEED_MS);
      }
      expect(bench.failures).toEqual([{ a: BigInt(abi.UPDATE_PENDING), b: 0x62n }]);
      expect(bench.resets).toBeGreaterThan(0);
    });

  describe("it is not healthy", () => {
    unwell("where a guest has never fed its watchdog", [LINUX, PLC], () => {});
    let fed = 0;
    unwell("where a watchdog expires time and again", [LINUX, PLC], (bench) => {
      if (fed++ % 5 === 0) feed(bench);
    });
    let life = 0;
    unwell("where a partition restarts time and again", [LINUX, PLC], (bench) => {
      feed(bench);
      if (life++ % 4 === 0) call(bench, 0, SYSTEM_RESET);
    });
    unwell("where one has stopped", [LINUX, PLC], (bench) => {
      feed(bench);
      call(bench, 0, SYSTEM_OFF);
    });
    let held = false;
    unwell("where one is paused", [LINUX, PLC], (bench) => {
      feed(bench);
      if (!held) expect(bench.command(LINUX_INDEX, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
      held = true;
    });
    let overruns = 0n;
    unwell("where cycles are too long", [LINUX, { ...PLC, overrunTag: 2 }], (bench) => {
      feed(bench);
      call(bench, 3, calls.HYPERCALL_TAG_PUBLISH, 1n, overruns++);
    });
  });

  test("other counts of a guest, and partitions that do not start by themselves, say nothing of its health", () => {
    let scans = 0n;
    const bench = new Trial(ON_TRIAL, [{ ...LINUX, autostart: false }, { ...PLC, overrunTag: 2 }]);
    bench.fed(HEALTHY_MS + FEED_MS, () => call(bench, 3, calls.HYPERCALL_TAG_PUBLISH, 0n, scans++));
    expect(bench.ask(abi.COMMAND_HEALTHY)).toBe(abi.REPLY_OK);
  });

  test("what goes wrong once only begins the time anew, healthy or not", () => {
    const bench = new Trial(ON_TRIAL);
    bench.fed(HEALTHY_MS + FEED_MS);
    expect(bench.ask(abi.COMMAND_HEALTHY)).toBe(abi.REPLY_OK);
    call(bench, 0, SYSTEM_RESET);
    bench.fed(FEED_MS);
    expect(bench.ask(abi.COMMAND_COMMIT)).toBe(abi.REPLY_WRONG_STATE);
    bench.fed(HEALTHY_MS + FEED_MS);
    expect(bench.ask(abi.COMMAND_COMMIT)).toBe(abi.REPLY_OK);
    expect(bench.resets).toBe(0);
  });

  test("a panic of the hypervisor ends it at once", () => {
    const bench = new Trial(ON_TRIAL);
    bench.fed(FEED_MS);
    bench.machine.panic(bench.machine.pcpu(3));
    expect(bench.resets).toBe(1);
  });

  test("so does a system that does not start, on another board say", () => {
    const bench = new Trial(ON_TRIAL, [LINUX, PLC], { model: "y" });
    expect(bench.machine.pcpu(0).phase).not.toBe("guest");
    expect(bench.resets).toBe(1);
    expect(new Trial('axv,slot = "b", "good";', [LINUX, PLC], { model: "y" }).resets).toBe(0);
  });
});

describe("from inside", () => {
  const told = (linux: Partial<PartitionSpec>, command: number, partition: number = abi.FRAME_HYPERVISOR): unknown => {
    const bench = new Trial(ON_TRIAL, [{ ...LINUX, telemetry: true, ...linux }, PLC]);
    const guest = bench.openInterrupts(0);
    bench.fed(HEALTHY_MS + FEED_MS);
    bench.frames.splice(0);
    for (const byte of encodeFrame({ kind: abi.FRAME_COMMAND, partition, payload: numbered(command, 7) }))
      guest.store(PORT, 4, BigInt(byte));
    bench.fed(2 * FEED_MS);
    return bench.frames.filter(({ kind }) => kind === abi.FRAME_REPLY).map(decodeReply).map(({ result }) => result);
  };

  test("whom the plan lets commits", () => expect(told({ commits: true }, abi.COMMAND_COMMIT)).toEqual([abi.REPLY_OK]));
  test("who may not is told so, though it may command partitions", () => {
    expect(told({ controls: [PLC_INDEX] }, abi.COMMAND_COMMIT)).toEqual([abi.REPLY_NOT_ALLOWED]);
    expect(told({}, abi.COMMAND_COMMIT)).toEqual([abi.REPLY_NOT_ALLOWED]);
  });
  test("who reads along may ask", () => expect(told({}, abi.COMMAND_HEALTHY)).toEqual([abi.REPLY_OK]));
  test("a partition is not committed", () => {
    expect(told({ commits: true, controls: [PLC_INDEX] }, abi.COMMAND_COMMIT, PLC_INDEX)).toEqual([abi.REPLY_UNKNOWN_COMMAND]);
    expect(told({ commits: true }, abi.COMMAND_COMMIT, PLC_INDEX)).toEqual([abi.REPLY_NOT_ALLOWED]);
  });
});
