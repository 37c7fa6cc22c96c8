// The facts that a simulated machine of any ISA is built from.
import type { Plan } from "../../partitions/plan/plan.ts";
import type { UartWords } from "../../partitions/blob/uart.ts";
import type { Range } from "./memory.ts";
import type { UartFacts } from "./uart.ts";

/** Where from the image's first byte on the packer has written which UART the board has. */
export const IMAGE_UART = 64;

export interface BoardFacts {
  readonly cpus: readonly unknown[];
  readonly uart: number;
  /** Where its watchdog is, if it has one; DesignWare's, if nothing else is said. */
  readonly watchdog?: number;
  readonly watchdogKind?: "dw" | "imx";
  /** Left out: the one that all boards of the ISA have here. */
  readonly uartFacts?: UartFacts;
  /** How far the system counter has come when the image begins. */
  readonly bootTicks?: number;
  readonly ram: readonly Range[];
  /** What of it firmware keeps; left out: nothing. */
  readonly reserved?: Plan["reserved"];
  /** What the loader gives the image as its device tree, and what stands there. */
  readonly deviceTree?: { readonly pa: number; readonly bytes: Uint8Array };
  /** Devices that may be passed through to a guest. */
  readonly devices: readonly Range[];
  /** Where the image is loaded, and how large the core is in it. */
  readonly imageBase: number;
  readonly imageSize: number;
  /** From the image's first byte: where linear memory and the entry of secondary pCPUs are. */
  readonly linearOffset: number;
  readonly secondaryEntryOffset: number;
}

/** What is in memory at reset, and what of it is whose. */
export interface Contents {
  /** The image behind the core: the system blob, then what partitions load. */
  readonly blob: Uint8Array;
  /** Ahead of them, in the image's header. */
  readonly uart: UartWords;
  /** Bytes at offsets from the image's first byte. */
  readonly loads?: readonly { readonly source: number; readonly bytes: Uint8Array }[];
  /** Where the hypervisor may write, besides its own image. */
  readonly partitionMemory: readonly Range[];
  /** Of that, what a partition shares with nobody: memory that is shared is used with caches on, or not at all. */
  readonly privateMemory: readonly Range[];
  /** Device registers that the plan has it write when a partition stops. */
  readonly silencers: readonly number[];
}
