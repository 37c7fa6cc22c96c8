// The board's own watchdog (core/devices/watchdog.ts): armed before any guest runs, fed as long as somebody keeps house, by
// whoever does; no guest reaches it.
import { describe, expect, test } from "vitest";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { ImxWatchdog } from "../../tools/machine/imxWatchdog.ts";
import { BoardWatchdog } from "../../tools/machine/watchdog.ts";
import { Bench } from "./bench.ts";

const AT = 0x0903_0000;
/** 2^20 ticks of the simulated counter, 62.5 MHz: 16.8 ms. */
const TOP = 4;
const EXPIRES_MS = 17;
const SPARE = 2;
const GUARDED: SystemSpec = {
  ...STANDARD, board: { ...qemuVirt, watchdog: AT }, watchdog: { kind: "dw", address: AT, top: TOP },
};

function watchdogOf({ machine }: Bench): BoardWatchdog {
  const { watchdog } = machine.bus;
  if (!(watchdog instanceof BoardWatchdog)) throw new Error("this board has no watchdog of DesignWare's");
  return watchdog;
}

describe("the board's watchdog", () => {
  test("is armed, with what the plan says, for a reset at once, and nothing else of it is changed", () => {
    const watchdog = watchdogOf(new Bench(GUARDED));
    expect(watchdog).toMatchObject({ isArmed: true, timeout: (TOP << 4) | TOP, control: 0x1d });
  });

  test("is fed each tick, however long the system runs", () => {
    const bench = new Bench(GUARDED);
    const { restarts } = watchdogOf(bench);
    bench.pass(10 * EXPIRES_MS);
    expect(watchdogOf(bench).hasExpired).toBe(false);
    expect(watchdogOf(bench).restarts - restarts).toBeGreaterThanOrEqual(10 * EXPIRES_MS - 1);
  });

  test("is fed by who keeps house next, when the housekeeper has panicked", () => {
    const bench = new Bench(GUARDED);
    bench.machine.panic(bench.machine.pcpu(SPARE));
    bench.machine.settle();
    bench.pass(5 * EXPIRES_MS);
    expect(watchdogOf(bench).hasExpired).toBe(false);
  });

  test("is fed by nobody where nobody keeps house any more: it resets the board", () => {
    const bench = new Bench({
      ...GUARDED, housekeeper: 0,
      partitions: [{ ...LINUX, cpus: [0, 1] }, { ...PLC, cpus: [3, 2], direct: true }],
    });
    bench.machine.panic(bench.machine.pcpu(0));
    bench.machine.settle();
    bench.machine.panic(bench.machine.pcpu(1));
    bench.machine.settle();
    bench.pass(EXPIRES_MS - 2);
    expect(watchdogOf(bench).hasExpired).toBe(false);
    bench.pass(3);
    expect(watchdogOf(bench).hasExpired).toBe(true);
    expect(bench.guest(3).running, "the others have gone on so far").toBe(true);
  });

  test("is left alone where board.yaml has none", () => {
    const bench = new Bench({ ...STANDARD, board: { ...qemuVirt, watchdog: AT } });
    bench.pass(EXPIRES_MS);
    expect(watchdogOf(bench)).toMatchObject({ isArmed: false, restarts: 0 });
  });
});

describe("i.MX's watchdog, whose registers have 16 bits", () => {
  const imx: SystemSpec = {
    ...STANDARD, board: { ...qemuVirt, watchdog: AT, watchdogKind: "imx" }, watchdog: { kind: "imx", address: AT, top: 0 },
  };
  const SECONDS = 10;
  const found = ({ machine }: Bench): ImxWatchdog => {
    const { watchdog } = machine.bus;
    if (!(watchdog instanceof ImxWatchdog)) throw new Error("this board has no watchdog of i.MX's");
    return watchdog;
  };

  test("is armed for ten seconds, and what firmware has set of it stays", () => {
    expect(found(new Bench(imx))).toMatchObject({ isArmed: true, control: 0x1334 });
  });

  test("is fed each tick", () => {
    const bench = new Bench(imx);
    const { services } = found(bench);
    bench.pass(100);
    expect(found(bench).services - services).toBeGreaterThanOrEqual(99);
    expect(found(bench).hasExpired).toBe(false);
  });

  test("is fed by nobody where nobody keeps house any more: it resets the board", () => {
    const bench = new Bench({ ...imx, housekeeper: 0, partitions: [LINUX, { ...PLC, direct: true }] });
    for (const pcpu of [0, 1, SPARE]) bench.machine.panic(bench.machine.pcpu(pcpu));
    bench.machine.settle();
    bench.machine.elapse((SECONDS - 1) * 1e9);
    expect(found(bench).hasExpired).toBe(false);
    bench.machine.elapse(2e9);
    expect(found(bench).hasExpired).toBe(true);
  });
});
