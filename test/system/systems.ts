// Systems that several tests boot.
import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";

/** The boards that differ in what the hypervisor does on them: GICv3 and GICv2. */
export const BOARDS = ["qemu-aarch64", "qemu-aarch64-gicv2"] as const;
export const INTERRUPTS = ["direct", "injected"] as const;
export type Interrupts = (typeof INTERRUPTS)[number];

/** An emulator on a busy machine may stand still for seconds; how long a watchdog is, is not what is tested. */
export const PATIENT_WATCHDOG = "30s";

/** What a test makes of the two PLC guests. */
interface TwoPlcs {
  readonly board?: string;
  /** Of both. */
  readonly interrupts?: Interrupts;
  /** Of the first. */
  readonly onFailure?: "stop" | "restart" | "inspect";
  readonly watchdog?: string;
}

/** Two PLC guests, nothing else: boots in a second. */
export const twoPlcs = ({
  board = "qemu-aarch64",
  interrupts = "injected",
  onFailure = "stop",
  watchdog = PATIENT_WATCHDOG,
}: TwoPlcs = {}): string => `
board: ${board}
partitions:
  first:
    guest: plc
    cpus: [1]
    memory: 16M
    interrupts: ${interrupts}
    watchdog: ${watchdog}
    on_failure: ${onFailure}
  second:
    guest: plc
    cpus: [3]
    memory: 16M
    interrupts: ${interrupts}
channels:
  process-image: { between: [first, second] }
`;

/** Of boards that have not the pCPUs of the demo's: one is Linux's, one the PLC guest's. */
const TWO_PCPUS = new Set(["xlnx-versal-virt"]);

/** The demo's system on RISC-V, whose Linux reads along, and may commit. */
export function demoRiscv64(): string {
  const system = parseDocument(readFileSync("partitions/examples/demo-riscv64.yaml", "utf8"));
  for (const key of ["telemetry", "commits"]) system.setIn(["partitions", "linux", key], true);
  system.setIn(["partitions", "plc", "watchdog"], PATIENT_WATCHDOG);
  return system.toString();
}

/** The demo's system, on that board and with such interrupts for its PLC guest. */
export function demo(board: string, interrupts: Interrupts): string {
  const system = parseDocument(readFileSync("partitions/examples/demo.yaml", "utf8"));
  system.set("board", board);
  system.setIn(["partitions", "plc", "interrupts"], interrupts);
  system.setIn(["partitions", "plc", "watchdog"], PATIENT_WATCHDOG);
  if (TWO_PCPUS.has(board)) {
    system.setIn(["partitions", "linux", "cpus"], [0]);
    system.setIn(["partitions", "plc", "cpus"], [1]);
  }
  return system.toString();
}
