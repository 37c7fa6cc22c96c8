import { qemuVirt, qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import { DistributorContention } from "./property/aarch64/contention.ts";
import { interruptRaces } from "./property/interruptRaces.ts";

interruptRaces("aarch64", [
  ["GICv3", () => new DistributorContention(qemuVirt)],
  ["GICv3, one list register", () => new DistributorContention({ ...qemuVirt, listRegisters: 1 })],
  ["GICv2, two list registers", () => new DistributorContention({ ...qemuVirtGicv2, listRegisters: 2 })],
]);
