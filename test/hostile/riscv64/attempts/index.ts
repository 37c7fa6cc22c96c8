// Every attempt on RISC-V. Those that leave its second hart spinning come last.
import type { Attempt } from "../attempt.ts";
import { CALLS } from "./calls.ts";
import { CONTROLLER } from "./controller.ts";
import { PLIC } from "./plic.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import { DEVICES, FILES, MEMORY } from "./memory.ts";
import { REGISTERS } from "./registers.ts";
import { STORMS } from "./storms.ts";
import { WALKS } from "./walks.ts";

export const ATTEMPTS: readonly Attempt[] = [
  ...REGISTERS, ...INSTRUCTIONS, ...CALLS, ...MEMORY, ...FILES, ...CONTROLLER, ...PLIC, ...DEVICES, ...WALKS, ...STORMS,
];
