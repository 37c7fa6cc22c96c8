// Interrupts that system.yaml gives to partitions by their numbers: of a GIC, that is.
import { notOnRiscv } from "../../diagnostics/catalogue.ts";
import type { Problem } from "../../diagnostics/diagnostic.ts";

export const timerOf = (): undefined => undefined;

export const numberProblem = (): Problem =>
  notOnRiscv("SPI", "name the device that has the interrupt in `devices`: its sources come with it");
