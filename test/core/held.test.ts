// What VCPU_HELD counts (core/abi.ts, core/partition.ts endHold).
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { Bench } from "./bench.ts";
import { SYSTEM_RESET } from "./functions.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe("HELD counts the time for which a vCPU stands still by the hypervisor's will", () => {
  const held = (pcpu: number): number => Number(bench.vcpu(pcpu < 2 ? 0 : 1, pcpu < 2 ? pcpu : 0).held / 1_000_000n);

  test("a pause", () => {
    bench.command(1, abi.COMMAND_PAUSE);
    const before = held(3);
    expect(before, "less than the telemetry takes").toBeLessThan(400);
    bench.pass(200);
    const { held: ticks, time } = bench.vcpu(1, 0);
    expect(Number(ticks / 1_000_000n)).toBeGreaterThanOrEqual(before + 200);
    expect(ticks, "no more than there has been").toBeLessThan(time);
    bench.command(1, abi.COMMAND_RESUME);
    expect(held(3)).toBeGreaterThanOrEqual(before + 200);
  });

  test("while it stands still for a second time, that and the first", () => {
    for (let n = 0; n < 2; n++) {
      bench.command(1, abi.COMMAND_PAUSE);
      bench.pass(300);
      if (n === 0) bench.command(1, abi.COMMAND_RESUME);
    }
    expect(held(3)).toBeGreaterThanOrEqual(600);
  });

  test("not what follows a stop by command, even of a paused partition", () => {
    bench.command(1, abi.COMMAND_PAUSE);
    bench.pass(100);
    bench.command(1, abi.COMMAND_STOP);
    const before = held(3);
    expect(before).toBeGreaterThanOrEqual(100);
    bench.pass(500);
    bench.command(1, abi.COMMAND_START);
    expect(held(3)).toBe(before);
  });

  test("a restart's wait, of the boot vCPU; not another one's until CPU_ON", () => {
    const restart = (): void => {
      bench.guest(0).hvc(SYSTEM_RESET);
      bench.pass(1);
    };
    restart(); // not the first one so early waits, but the second
    restart();
    bench.pass(2000);
    expect(held(0)).toBeGreaterThanOrEqual(900);
    const before = held(1);
    bench.pass(500);
    expect(held(1)).toBe(before);
    expect(before).toBe(0);
  });

  test("a restart that is given up counts no longer", () => {
    for (let n = 0; n < 2; n++) {
      bench.guest(0).hvc(SYSTEM_RESET);
      bench.pass(1);
    }
    expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    const before = held(0);
    bench.pass(1000);
    expect(held(0)).toBe(before);
  });
});
