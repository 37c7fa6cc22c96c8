// What a machine consists of, for the parts of it that act on others: intrinsics, walks, instructions of a guest.
import type { Board } from "./board.ts";
import type { Bus } from "../bus.ts";
import type { Clock } from "../clock.ts";
import type { Cluster } from "./cluster.ts";
import type { DataCache } from "../dataCache.ts";
import type { Firmware } from "./firmware.ts";
import type { Gic } from "./gic/gic.ts";
import type { InstructionCaches } from "../instructionCache.ts";
import type { PhysicalMemory } from "../memory.ts";
import type { PCpu } from "./pcpu.ts";
import type { Stage1 } from "./stage1.ts";
import type { Mapping } from "./stage2.ts";
import type { StoreBuffer } from "../storeBuffer.ts";
import type { Synchronisation } from "../synchronisation.ts";
import type { TableWrites } from "../tableWrites.ts";
import type { Tlb } from "../tlb.ts";

export interface Hardware {
  readonly board: Board;
  readonly clock: Clock;
  readonly memory: PhysicalMemory;
  readonly bus: Bus;
  readonly gic: Gic;
  readonly firmware: Firmware;
  readonly cluster: Cluster;
  readonly tlb: Tlb<Mapping>;
  readonly stage1: Stage1;
  readonly instructionCaches: InstructionCaches;
  readonly dataCache: DataCache;
  readonly tableWrites: TableWrites;
  readonly synchronisation: Synchronisation;
  /** Stores that others see late: only of a core that says when it stores (instrumented.ts). */
  readonly storeBuffer: StoreBuffer | undefined;
  readonly pcpus: readonly PCpu[];
  /** The pCPU that is executing the core now, or did so last. */
  readonly current: PCpu;
  /** Linear memory, as the core sees it. */
  readonly linear: DataView;
  /** Fails the test if the hypervisor may not write there; keeps account otherwise. */
  allowWrite(pa: number, bytes: number): void;
  /** DSB of the pCPU that is in the core: whatever it has begun is done. */
  dataBarrier(): void;
  /** ISB, exception entry, exception return. */
  synchronise(pcpu: PCpu): void;
  /** A pCPU in the core waits for another: those that firmware has just started run, or time passes. */
  runOthers(): void;
}
