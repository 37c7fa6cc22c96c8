// The table of attempts as such: enough of them, of every subject, each with steps on some machine, and all of them fit into the
// guest's image.
import { describe, expect, test } from "vitest";
import { SUBJECTS } from "../attempt.ts";
import { encodeSteps } from "../encode.ts";
import { Random } from "../../random.ts";
import { besiege } from "../../simulator/aarch64/attack.ts";
import { FIELDS } from "../../simulator/aarch64/systems.ts";
import { ATTEMPTS } from "./index.ts";

const AT_LEAST = 60;
const targets = FIELDS.map(({ name, spec }) => ({ name, target: besiege(spec).target }));

test("there are enough, of every subject, and no two of one name", () => {
  expect(ATTEMPTS.length).toBeGreaterThanOrEqual(AT_LEAST);
  expect(new Set(ATTEMPTS.map(({ subject }) => subject))).toEqual(new Set(SUBJECTS));
  expect(new Set(ATTEMPTS.map(({ name }) => name)).size).toBe(ATTEMPTS.length);
});

test.each(ATTEMPTS.map((attempt) => [attempt.name, attempt] as const))("%s is made on some machine", (_, attempt) => {
  const made = targets.filter(
    ({ target }) => (attempt.when?.(target) ?? true) && attempt.steps(target, new Random(1)).length > 0
  );
  expect(made).not.toEqual([]);
});

describe.each(targets)("$name", ({ target }) => {
  const attempts = ATTEMPTS.filter(({ when }) => when?.(target) ?? true);

  test("every step can be assembled, and all of them fit into the guest's image", () => {
    for (let seed = 0; seed < 8; seed++) {
      const steps = attempts.flatMap((attempt) => attempt.steps(target, new Random(seed)));
      expect(() => encodeSteps(steps, { gic: target.gic, gicc: 0, console: target.console.at })).not.toThrow();
    }
  });

  test("foreign places are not its own", () => {
    const own = [
      target.ram, target.channel, target.console, target.gicd, target.gicr, target.gicc, target.mailbox, ...target.devices,
    ].filter((place) => place !== undefined);
    expect(
      target.foreign.filter(({ at, size }) => own.some((place) => at < place.at + place.size && place.at < at + size))
    ).toEqual([]);
    expect(target.foreign.length).toBeGreaterThan(10);
  });

  test("the same seed makes the same attempts, another one others", () => {
    const made = (seed: number): string =>
      JSON.stringify(
        attempts.map((attempt) => attempt.steps(target, new Random(seed))),
        (__, value: unknown) => (typeof value === "bigint" ? String(value) : value),
      );
    expect(made(5)).toBe(made(5));
    expect(made(5)).not.toBe(made(6));
  });
});
