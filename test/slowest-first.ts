// The order of the test files: those that take longest come first, so that no worker is left alone with one in the end. vitest
// knows how long they took only where it has run before; a CI machine is new each time.
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";

/** Of those that need no QEMU: they take as long as all others together. */
export const LONG = [
  "test/core/races.test.ts",
  "test/core/riscv64/races.test.ts",
  "test/core/property/isolation.test.ts",
  "test/hostile/fuzz.test.ts",
  "test/prove/fuzz.test.ts",
  "test/build/differential.test.ts",
];
const SLOWEST = [
  "test/core/races.test.ts",
  "test/bench/bars.qemu.test.ts",
  "test/core/property/isolation.test.ts",
  "test/verify/measured.qemu.test.ts",
  ...LONG.slice(2),
];

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = SLOWEST.findIndex((name) => moduleId.endsWith(name));
      return found < 0 ? SLOWEST.length : found;
    };
    const sorted = await super.sort(files);
    return sorted
      .map((file, at) => ({ file, at, rank: rank(file) }))
      .sort((a, b) => a.rank - b.rank || a.at - b.at)
      .map(({ file }) => file);
  }
}
