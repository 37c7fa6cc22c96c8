// The simulated boards say what their board.yaml says (board.ts): what is tested here is what is planned for.
import { expect, test } from "vitest";
import { redistributorsOf } from "../../../boards/aarch64.ts";
import { aarch64Board } from "../../aarch64.ts";
import { Findings } from "../../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../../partitions/shelf.ts";
import { YamlSource } from "../../../partitions/source/yaml.ts";
import { qemuVirt, qemuVirtGicv2 } from "../../../tools/machine/aarch64/board.ts";

const FIRST_PPI = 16;
const FIRST_SPI = 32;

test.each([["qemu-aarch64", qemuVirt], ["qemu-aarch64-gicv2", qemuVirtGicv2]] as const)("%s", (name, simulated) => {
  const findings = new Findings(new YamlSource("none", ""));
  const board = aarch64Board(boards().get(name, findings));
  const { gic, timer } = board;
  expect(simulated.gicVersion).toBe(gic.version);
  expect([simulated.gicd, simulated.spiLimit, simulated.maintenance]).toEqual(
    [gic.gicd, FIRST_SPI + gic.spis, FIRST_PPI + gic.maintenance]
  );
  expect(simulated.cpus.map(({ mpidr }) => Number(mpidr))).toEqual(board.cpus.mpidr);
  if (gic.version === 2) expect([simulated.gicc, simulated.gich, simulated.gicv]).toEqual([gic.gicc, gic.gich, gic.gicv]);
  else expect(simulated.cpus.map(({ gicr }) => gicr)).toEqual(redistributorsOf(gic, board.cpus.mpidr.length));
  expect([simulated.hypervisorTimer, simulated.virtualTimer, simulated.physicalTimer]).toEqual(
    [timer.hypervisor, timer.virtual, timer.physical].map((ppi) => FIRST_PPI + ppi)
  );
  expect(simulated.pmuInterrupt).toBe(typeof board.pmu === "number" ? FIRST_PPI + board.pmu : 0);
  expect(simulated.uart).toBe(board.uart.reg);
  expect(simulated.imageBase).toBe(board.boot.image);
  expect(simulated.ram).toEqual(board.ram.map(({ base, size }) => ({ pa: base, size })));
});
