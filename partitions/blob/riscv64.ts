// What a plan says of the fields that RISC-V's blob has (riscv64.table.ts).
import type { Riscv64Plan, Riscv64PlannedPartition } from "../plan/plan.ts";
import type { BlobRecord } from "./codec.ts";

export const machineRecord = ({ imsic, aplic, counterHz }: Riscv64Plan): BlobRecord => ({
  imsic: BigInt(imsic.base),
  imsicShift: Math.log2(imsic.stride),
  sources: aplic.sources,
  aplic: BigInt(aplic.base),
  timebase: counterHz,
  identities: imsic.identities,
});

export const cpuRecord = ({ hart, guestFiles }: Riscv64Plan["cpus"][number]): BlobRecord => ({
  id: BigInt(hart), guestFiles, reserved: 0,
});

export const flagsOf = (): number => 0;
export const partitionRecord = ({ aplic, plic }: Riscv64PlannedPartition): BlobRecord => ({
  controller: BigInt(aplic === 0 ? plic : aplic),
});
