// The order of the test files: those that take longest come first, so that no worker is left alone with one in the end. vitest
// knows how long they took only where it has run before; a CI machine is new each time.
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";

/** Of those that need no QEMU: they take as long as all others together. */
const LONG = [
  "test/core/races.test.ts",
  "test/core/riscv64/races.test.ts",
  "test/core/property/isolation.test.ts",
  "test/hostile/fuzz.test.ts",
  "test/prove/fuzz.test.ts",
  "test/build/differential.test.ts",
];
/** npm run test:quick leaves these out, too: of the others they are those that take most of the time. */
const SLOW = [
  "test/boards/boardCommand.test.ts",
  "test/boards/compare.test.ts",
  "test/boards/fromDtb.test.ts",
  "test/boards/fuzz.test.ts",
  "test/bridge/bridge.test.ts",
  "test/bridge/commit.test.ts",
  "test/bridge/init.test.ts",
  "test/bridge/pack.test.ts",
  "test/bridge/peers.test.ts",
  "test/bridge/running.test.ts",
  "test/bridge/steady.test.ts",
  "test/build/core.test.ts",
  "test/build/disassemble.test.ts",
  "test/build/errors.test.ts",
  "test/build/generate.test.ts",
  "test/build/random.test.ts",
  "test/build/relocations.riscv64.test.ts",
  "test/build/relocations.test.ts",
  "test/build/replay.test.ts",
  "test/build/toolchain.test.ts",
  "test/closing-line.test.ts",
  "test/core/crypto.test.ts",
  "test/core/emptySyndrome.test.ts",
  "test/core/interruptRaces.test.ts",
  "test/core/property/foreign.test.ts",
  "test/core/reference/reference.test.ts",
  "test/devicetree/board-tree/splits.test.ts",
  "test/firmware/backup.test.ts",
  "test/firmware/build.test.ts",
  "test/firmware/deploy.test.ts",
  "test/firmware/deployDevice.test.ts",
  "test/firmware/deployManifest.test.ts",
  "test/firmware/deploySsh.test.ts",
  "test/firmware/disk/build.test.ts",
  "test/firmware/disk/image.test.ts",
  "test/firmware/inspect.test.ts",
  "test/firmware/keys/command.test.ts",
  "test/firmware/onePartition.test.ts",
  "test/firmware/readme.test.ts",
  "test/firmware/slotsInLinux.test.ts",
  "test/init/init.test.ts",
  "test/library/compile.test.ts",
  "test/library/hostile.test.ts",
  "test/library/ring.test.ts",
  "test/library/services.test.ts",
  "test/linux/updateSender.test.ts",
  "test/modbus/fuzz.test.ts",
  "test/opcua/feed.test.ts",
  "test/opcua/fuzz.test.ts",
  "test/opcua/security.test.ts",
  "test/output/streams.test.ts",
  "test/partitions/cli.test.ts",
  "test/partitions/json-schema.test.ts",
  "test/partitions/limits.test.ts",
  "test/partitions/other-boards.test.ts",
  "test/partitions/own-shelf-fuzz.test.ts",
  "test/partitions/prove.test.ts",
  "test/plc/reader.test.ts",
  "test/prove/command.test.ts",
  "test/prove/riscv64.test.ts",
  "test/run/console.test.ts",
  "test/run/csv-command.test.ts",
  "test/run/monitor.test.ts",
  "test/run/run.test.ts",
  "test/run/terminal.test.ts",
  "test/setup.test.ts",
  "test/side-by-side.test.ts",
  "test/tags/cli.test.ts",
  "test/verify/native/bounds.test.ts",
  "test/verify/native/cfg.test.ts",
  "test/verify/native/kept.test.ts",
  "test/verify/native/longest.test.ts",
  "test/verify/native/riscv64.test.ts",
  "test/verify/native/stack.test.ts",
  "test/verify/verify.test.ts",
  "test/verify/wasm/rules.test.ts",
  "test/web/hub.test.ts",
  "test/web/page.browser.test.ts",
];
export const NOT_QUICK = [...LONG, ...SLOW];
const SLOWEST = [
  "test/core/races.test.ts",
  "test/bench/bars.qemu.test.ts",
  "test/core/property/isolation.test.ts",
  "test/verify/measured.qemu.test.ts",
  ...LONG.slice(2),
  ...SLOW,
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
