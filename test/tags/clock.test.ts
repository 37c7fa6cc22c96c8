// Told times: near the truth while the wall clock is right, and never going back, whatever it and the counter do.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScanClock, SLEW } from "../../industrial/tags/clock.ts";

const HZ = 62_500_000;
const TICKS_PER_MS = BigInt(HZ / 1000);
const HOUR = 3_600_000;
const FIRST = Date.UTC(2026, 0, 1);

/** The world: true time goes on, the wall clock is right but for what it is set wrong, an image takes some time to arrive. */
class World {
  passed = 0;
  wrong = 0;
  readonly clock = new ScanClock(HZ, () => ({ wall: FIRST + this.passed + this.wrong, steady: 1e6 + this.passed }));

  /** What a scan made now is told to be, against the truth; it arrives `late`. */
  scan(late: number): number {
    const made = this.passed;
    this.passed += late;
    return this.clock.scan(BigInt(Math.round(made)) * TICKS_PER_MS) - FIRST - made;
  }
}

test("the first scan is told late by what its image took, later ones by the least that any took", () => {
  const world = new World();
  const told = [8, 3, 9, 5, 30].map((late) => {
    world.passed += 100;
    return Math.round(world.scan(late));
  });
  expect(told[0]).toBe(8);
  // What has been told is not taken back at once: it is approached.
  expect(told.slice(1).every((late) => late >= 3 && late <= 8)).toBe(true);
  for (let k = 0; k < 10; k++) {
    world.passed += 100;
    world.scan(5);
  }
  expect(Math.round(world.scan(20))).toBe(3);
});

test("the wall clock set forward is followed at once", () => {
  const world = new World();
  world.scan(2);
  world.wrong = HOUR;
  world.passed += 100;
  expect(Math.round(world.scan(2))).toBe(HOUR + 2);
});

test("set back, told time goes on, more slowly than true time, until it is right", () => {
  const world = new World();
  world.scan(0);
  world.wrong = -1000;
  const steps: number[] = [];
  let last = 0;
  for (let k = 0; k < 100; k++) {
    world.passed += 100;
    const told = world.scan(0) + world.passed;
    steps.push(Math.round(told - last));
    last = told;
  }
  const slow = 100 - 100 / SLEW;
  expect([Math.min(...steps), Math.max(...steps)]).toEqual([Math.round(slow), 100]);
  expect(Math.round(last - world.passed)).toBe(-1000);
});

test("crystals that differ do not carry it away", () => {
  const drift = 1 + 50e-6;
  let passed = 0;
  const clock = new ScanClock(1_000_000, () => ({ wall: FIRST + passed, steady: passed }));
  let told = 0;
  for (let minute = 0; minute < 600; minute++) {
    for (let k = 0; k < 4; k++) {
      passed += 15_000;
      told = clock.scan(BigInt(Math.round(passed * drift * 1000)));
    }
  }
  expect(Math.abs(told - FIRST - passed)).toBeLessThan(10); // 50 ppm of the two minutes that it remembers
});

test("a guest that was paused: after restart() its stopped counter is measured anew", () => {
  let passed = 0;
  const clock = new ScanClock(1000, () => ({ wall: FIRST + passed, steady: passed }));
  clock.scan(0n);
  passed = 10_000;
  clock.restart();
  expect(clock.scan(1n) - FIRST).toBe(10_000);
});

describe("whatever happens", () => {
  const step = fc.record({
    pass: fc.integer({ min: 0, max: 10_000 }),
    late: fc.integer({ min: 0, max: 500 }),
    set: fc.option(fc.integer({ min: -2 * HOUR, max: 2 * HOUR }), { freq: 5 }),
    counter: fc.constantFrom("goes on", "goes on", "goes on", "begins anew", "jumps"),
    what: fc.constantFrom("scan", "scan", "moment", "restart"),
  });

  test("told times never go back, and are numbers", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let [passed, wrong, ticks] = [0, 0, 0n];
        const clock = new ScanClock(HZ, () => ({ wall: FIRST + passed + wrong, steady: passed }));
        let last = Number.NEGATIVE_INFINITY;
        for (const { pass, late, set, counter, what } of steps) {
          passed += pass;
          wrong = set ?? wrong;
          ticks =
            counter === "begins anew" ? 0n : counter === "jumps" ? ticks + (1n << 55n) : ticks + BigInt(pass) * TICKS_PER_MS;
          const made = ticks;
          passed += late;
          if (what === "restart") clock.restart();
          const told = what === "moment" ? clock.moment() : clock.scan(made);
          expect(Number.isFinite(told) && told >= last).toBe(true);
          last = told;
        }
      }),
      { numRuns: 300 },
    );
  });

  test("with a wall clock that is right, a scan is told neither before it was made nor after it has arrived", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 500 })), { minLength: 1, maxLength: 60 }),
        (scans) => {
          const world = new World();
          for (const [pass, late] of scans) {
            world.passed += pass;
            const told = world.scan(late);
            expect(told).toBeGreaterThanOrEqual(-1e-3);
            expect(told).toBeLessThanOrEqual(500 + 1e-3);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
