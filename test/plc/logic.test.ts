// The PLC's function blocks, as IEC 61131-3 has them, and its controller.
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { loadLogic, type Logic } from "./logicProgram.ts";

let logic: Logic;
beforeEach(async () => {
  logic = await loadLogic();
});

describe("TON: on-delay timer", () => {
  const PRESET = 5;
  const scan = (input: boolean, passed = 1): { q: boolean; et: number } => {
    const q = logic.timerUpdate(Number(input), PRESET, passed) !== 0;
    return { q, et: logic.timerElapsed() };
  };

  test("ET runs from the scan that sees IN rise, and Q follows when ET reaches PT", () => {
    const run = Array.from({ length: 8 }, () => scan(true));
    expect(run.map(({ et }) => et)).toEqual([0, 1, 2, 3, 4, 5, 5, 5]);
    expect(run.map(({ q }) => q)).toEqual([false, false, false, false, false, true, true, true]);
  });

  test("IN falling resets ET and Q at once; a short IN never gives Q", () => {
    for (let i = 0; i < 4; i++) scan(true);
    expect(scan(false)).toEqual({ q: false, et: 0 });
    expect(scan(true)).toEqual({ q: false, et: 0 });
    for (let i = 0; i < 5; i++) scan(true);
    expect(scan(true).q).toBe(true);
    expect(scan(false)).toEqual({ q: false, et: 0 });
  });

  test("missed scans count as the time they took; ET stops at PT, however long it was", () => {
    scan(true);
    expect(scan(true, 3)).toEqual({ q: false, et: 3 });
    expect(scan(true, 0xffff_ffff)).toEqual({ q: true, et: 5 });
  });

  test("PT = 0 is no delay", () => {
    expect(logic.timerUpdate(1, 0, 1)).toBe(1);
    expect(logic.timerUpdate(0, 0, 1)).toBe(0);
  });

  test("against the definition: Q is IN for at least PT without a break", () => {
    const steps = fc.array(fc.record({ input: fc.boolean(), passed: fc.integer({ min: 1, max: 4 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (run) => {
        logic.timerUpdate(0, PRESET, 1);
        let since: number | undefined; // time at which IN was first seen true
        let time = 0;
        for (const { input, passed } of run) {
          time += passed;
          since = input ? (since ?? time) : undefined;
          const elapsed = since === undefined ? 0 : Math.min(time - since, PRESET);
          expect(scan(input, passed)).toEqual({ q: since !== undefined && elapsed === PRESET, et: elapsed });
        }
      }),
    );
  });
});

describe("CTU: up-counter", () => {
  const scan = (count: boolean, reset = false): { q: boolean; cv: number } => {
    const q = logic.counterUpdate(Number(count), Number(reset), 3) !== 0;
    return { q, cv: logic.counterValue() };
  };

  test("counts rising edges only; Q from CV = PV on", () => {
    const run = [true, true, false, true, false, false, true, false, true].map((count) => scan(count));
    expect(run.map(({ cv }) => cv)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 4]);
    expect(run.map(({ q }) => q)).toEqual([false, false, false, false, false, false, true, true, true]);
  });

  test("R comes before CU, and an edge under R is gone", () => {
    scan(true);
    expect(scan(false).cv).toBe(1);
    expect(scan(true, true)).toEqual({ q: false, cv: 0 });
    expect(scan(true)).toEqual({ q: false, cv: 0 });
  });

  test("stops at its largest value instead of wrapping to 0", () => {
    logic.counterSet(0xffff_fffe);
    for (let i = 0; i < 3; i++) {
      scan(true);
      scan(false);
    }
    expect(logic.counterValue() >>> 0).toBe(0xffff_ffff);
  });
});

describe("PID controller", () => {
  const MAXIMUM = 100_000;

  test("P alone: gain times error, held within the output's range", () => {
    logic.pidConfigure(2000, 0, 0, 0, MAXIMUM);
    expect(logic.pidUpdate(60_000, 50_000, 1)).toBe(20_000);
    expect(logic.pidUpdate(60_000, 70_000, 1)).toBe(0);
    expect(logic.pidUpdate(60_000, -60_000, 1)).toBe(MAXIMUM);
  });

  test("I alone: error times time, one thousandth of error is not lost", () => {
    logic.pidConfigure(0, 1000, 0, -MAXIMUM, MAXIMUM);
    for (let i = 0; i < 999; i++) expect(logic.pidUpdate(1, 0, 1)).toBe(0);
    expect(logic.pidUpdate(1, 0, 1)).toBe(1); // 1 thousandth for 1 s at 1 a second
    expect(logic.pidUpdate(1000, 0, 1000)).toBe(1001); // a long scan counts as long as it was
  });

  test("I does not wind up: after an hour at the limit it leaves it at once", () => {
    logic.pidConfigure(0, 1000, 0, 0, MAXIMUM);
    for (let i = 0; i < 3600; i++) logic.pidUpdate(100_000, 0, 1000);
    expect(logic.pidUpdate(100_000, 0, 1)).toBe(MAXIMUM);
    expect(logic.pidUpdate(0, 10_000, 1000)).toBe(MAXIMUM - 10_000);
  });

  test("D acts on the measured value against its slope, not on a step of the setpoint", () => {
    logic.pidConfigure(0, 0, 1000, -MAXIMUM, MAXIMUM);
    expect(logic.pidUpdate(0, 500, 1)).toBe(0); // no slope yet
    expect(logic.pidUpdate(90_000, 500, 1)).toBe(0);
    expect(logic.pidUpdate(90_000, 510, 1)).toBe(-10_000); // 10 thousandths in 1 ms: 10 a second
    expect(logic.pidUpdate(90_000, 530, 4)).toBe(-5000);
  });

  test("the output stays within its range for any input, and nothing overflows", () => {
    const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    const gain = fc.integer({ min: 0, max: 100_000 });
    const steps = fc.array(fc.tuple(i32, i32, fc.integer({ min: 1, max: 0xffff_ffff })), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(gain, gain, gain, steps, (p, i, d, run) => {
        logic.pidConfigure(p, i, d, 0, MAXIMUM);
        for (const [setpoint, measured, passed] of run) {
          const output = logic.pidUpdate(setpoint, measured, passed);
          expect(output).toBeGreaterThanOrEqual(0);
          expect(output).toBeLessThanOrEqual(MAXIMUM);
          // On the first step P and I point the same way, and there is no D: an overflow would turn that round.
          if (run.length === 1 && setpoint < measured) expect(output).toBe(0);
          if (run.length === 1 && p >= 1000 && setpoint - measured >= MAXIMUM) expect(output).toBe(MAXIMUM);
        }
      }),
    );
  });
});
