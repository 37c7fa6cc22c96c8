// Tests for mutants: in one process, one file after the other, in the order that the environment says, up to the first that
// fails.
import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";

const order = (process.env["AXV_MUTANTS_TESTS"] ?? "").split(",").filter((file) => file !== "");
const SECOND = 1000;

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => order.findIndex((file) => moduleId.endsWith(file));
    return Promise.resolve([...files].sort((a, b) => place(a) - place(b)));
  }
}

export default defineConfig({
  test: {
    include: order,
    reporters: ["dot"],
    bail: 1,
    isolate: false,
    fileParallelism: false,
    maxWorkers: 1,
    sequence: { sequencer: InOrder },
    testTimeout: 180 * SECOND,
    hookTimeout: 180 * SECOND,
  },
});
