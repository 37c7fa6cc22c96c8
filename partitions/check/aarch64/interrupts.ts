// SPIs that system.yaml gives to partitions by their numbers.
import type { Aarch64Board as Board } from "../../../boards/schema.ts";
import { interruptReserved, unknownSpi } from "../../diagnostics/catalogue.ts";
import type { Problem } from "../../diagnostics/diagnostic.ts";
import { FIRST_PPI } from "../../plan/aarch64/sizes.ts";

/** What timer has that INTID. */
export const timerOf = (board: Board, intid: number): string | undefined =>
  Object.entries(board.timer)
    .filter(([, ppi]) => FIRST_PPI + ppi === intid)
    .map(([kind]) => `${kind} timer`)[0];

/** Why the board has no such SPI to give away. */
export function numberProblem(board: Board, spi: number): Problem | undefined {
  const [firstSpare, lastSpare] = board.spare_spis;
  if (spi >= board.gic.spis) return unknownSpi(spi, board.name, board.gic.spis);
  if (spi === board.uart.spi) return interruptReserved(spi, "the hypervisor's own UART");
  const pcpu = typeof board.pmu === "object" ? board.pmu.spis.indexOf(spi) : -1;
  if (pcpu >= 0) return interruptReserved(spi, `the PMU's of pCPU ${pcpu}, which goes to a partition by \`pmu: true\``);
  if (spi >= firstSpare && spi <= lastSpare)
    return interruptReserved(spi, "one of the spare SPIs that consoles and channels use");
  return undefined;
}
