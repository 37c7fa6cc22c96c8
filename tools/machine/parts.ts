// What a machine consists of, whichever its ISA: memory, caches, a clock, a UART, wires, and the core's own wasm with its linear
// memory.
import { IMAGE_UART } from "./board.ts";
import type { BoardFacts, Contents } from "./board.ts";
import { Bus } from "./bus.ts";
import type { Controller } from "./bus.ts";
import { Clock } from "./clock.ts";
import { DataCache } from "./dataCache.ts";
import { hex, MachineError } from "./errors.ts";
import type { Value } from "./imports.ts";
import { InstructionCaches } from "./instructionCache.ts";
import { Intrusion } from "./intrusion.ts";
import type { Intruder } from "./intrusion.ts";
import type { Lines, PrivateLines } from "./lines.ts";
import type { Loaded } from "./load.ts";
import type { Mapping } from "./mapping.ts";
import { PhysicalMemory } from "./memory.ts";
import type { Range } from "./memory.ts";
import type { PCpu } from "./pcpu.ts";
import type { StoreBuffer } from "./storeBuffer.ts";
import type { Synchronisation } from "./synchronisation.ts";
import { TableWrites } from "./tableWrites.ts";
import { Tlb } from "./tlb.ts";
import type { Uart } from "./uart.ts";
import { ImxWatchdog } from "./imxWatchdog.ts";
import { BoardWatchdog } from "./watchdog.ts";

const UART_WORD = 8;

/** What arch/<isa>/index.ts exports for every ISA's entry code to call; vcpu is an offset in linear memory. */
export interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly boot: (tree: bigint) => number;
  readonly bootSecondary: (cpu: number) => number;
  readonly park: (vcpu: number) => number;
  readonly idle: (vcpu: number) => void;
}

export interface Timing {
  /** Ticks of the system counter in a second. */
  readonly counterFrequency: number;
  /** An invalidation of the TLB has an effect when it is made, and waited for, twice. */
  readonly repeatsInvalidation?: boolean | undefined;
}

export abstract class Parts<Cpu extends PCpu, Core extends Exports, Found extends Mapping> {
  abstract readonly board: BoardFacts;
  abstract readonly uart: Uart;
  abstract readonly bus: Bus;
  abstract readonly pcpus: readonly Cpu[];
  abstract readonly synchronisation: Synchronisation;
  /** The pCPU that is executing the core now, or did so last. */
  abstract current: Cpu;
  protected abstract readonly loaded: Loaded<Core>;
  readonly clock: Clock;
  readonly memory: PhysicalMemory;
  readonly tlb: Tlb<Found>;
  readonly instructionCaches: InstructionCaches;
  readonly dataCache: DataCache;
  readonly tableWrites = new TableWrites();
  /** What the hypervisor wrote outside linear memory, since a test last emptied it. */
  readonly writes: Range[] = [];
  /** Hears of each intrinsic that others could notice, just before it. */
  onIntrinsic: ((name: string, pcpu: PCpu) => void) | undefined = undefined;
  private readonly writable: readonly Range[];
  private readonly intrusion = new Intrusion();

  constructor(board: BoardFacts, contents: Contents, timing: Timing) {
    this.clock = new Clock(timing.counterFrequency);
    this.clock.forward(board.bootTicks ?? 0);
    this.memory = new PhysicalMemory(board.ram);
    this.tlb = new Tlb(board.cpus.length, timing.repeatsInvalidation);
    this.dataCache = new DataCache(contents.privateMemory);
    this.instructionCaches = new InstructionCaches(board.cpus.length);
    this.writable = [{ pa: board.imageBase, size: board.imageSize }, ...contents.partitionMemory];
  }

  get core(): Core {
    return this.loaded.core;
  }

  /** Linear memory, as the core sees it. */
  get linear(): DataView {
    return this.loaded.linear;
  }

  /** Stores that others see late: only of a core that says when it stores (instrumented.ts). */
  get storeBuffer(): StoreBuffer | undefined {
    return this.loaded.storeBuffer;
  }

  /** The wire of an interrupt that devices raise. */
  abstract setLine(line: number, high: boolean): void;
  /** What its interrupt controllers keep for each line, and for each pCPU alone: IPIs, timers. */
  abstract readonly lines: Lines;
  abstract privates(pcpu: Cpu): PrivateLines;
  /** What the tables say that its guest's addresses are translated by. `table` hears of each of those. */
  abstract mappings(pcpu: Cpu, table?: (pa: number, bytes: number) => void): Found[];

  /** Puts the image and what it loads into memory, and the core's linear memory. */
  protected fill({ blob, uart, loads = [] }: Contents): void {
    const { board, memory } = this;
    uart.forEach((word, n) => memory.write64(board.imageBase + IMAGE_UART + n * UART_WORD, word));
    memory.placeLinear(board.imageBase + board.linearOffset, this.core.memory.buffer as ArrayBuffer);
    memory.writeBytes(board.imageBase + board.imageSize, blob);
    if (board.deviceTree !== undefined) memory.writeBytes(board.deviceTree.pa, board.deviceTree.bytes);
    for (const { source, bytes } of loads) memory.writeBytes(board.imageBase + source, bytes);
  }

  protected busOf(controller: Controller, silencers: readonly number[]): Bus {
    const { watchdog: at, watchdogKind } = this.board;
    const Kind = watchdogKind === "imx" ? ImxWatchdog : BoardWatchdog;
    const watchdog = at === undefined ? undefined : new Kind(at, this.clock);
    return new Bus(controller, this.uart, this.board.uart, this.memory, this.board.devices, silencers, watchdog);
  }

  /**
   * Concurrency: lets other pCPUs do something in the middle of what this one does in the core from now on, just before the
   * intrinsic number `after` that anybody could notice: of a core that says when it stores, those alone ahead of which it has
   * stored something that others do not see yet. `times`: and again, when this one has come as far as `every` says behind each
   * time.
   */
  intrude(after: number, run: () => void, often: Omit<Intruder, "run"> = {}): void {
    this.intrusion.begin(after, { run, ...often });
  }

  /** True: it came to that, as often as it was to. In any case nobody intrudes any more. */
  endIntrusion(): boolean {
    return this.intrusion.end();
  }

  protected betweenIntrinsics(name: string, first?: Value): void {
    this.onIntrinsic?.(name, this.current);
    if (!this.intrusion.isPending || this.isInUart(name, first)) return;
    const { storeBuffer } = this;
    const { index } = this.current;
    if (storeBuffer?.isSame(index, name) === true) return;
    this.intrusion.pass((run) => (storeBuffer === undefined ? run() : storeBuffer.hidden(index, run)));
  }

  /**
   * What the housekeeper reads and writes of its UART is nobody else's business: whoever came now would find everything as
   * ahead of it.
   */
  private isInUart(name: string, first: Value | undefined): boolean {
    return typeof first === "bigint" && name.startsWith("mmio") && this.bus.inUart(Number(first));
  }

  /** Barrier of the pCPU that is in the core: whatever it has begun is done. */
  dataBarrier(): void {
    const { index } = this.current;
    this.tlb.complete(index);
    this.instructionCaches.complete(index);
    this.dataCache.complete(index);
    this.tableWrites.complete(index);
    this.synchronisation.complete(index);
    this.storeBuffer?.drain(index);
  }

  /** Context synchronisation: an exception's entry and return, or an instruction that does the same. */
  synchronise(pcpu: Cpu): void {
    this.synchronisation.synchronise(pcpu.index);
    this.tableWrites.synchronise(pcpu.index);
  }

  /** Fails the test if the hypervisor may not write there; keeps account otherwise. */
  allowWrite(pa: number, bytes: number): void {
    const allowed = this.writable.some((range) => pa >= range.pa && pa + bytes <= range.pa + range.size);
    if (!allowed) {
      throw new MachineError(
        "MACHINE_FORBIDDEN_WRITE", `the hypervisor writes ${bytes} bytes at ${hex(pa)}: neither its own nor a partition's memory`,
      );
    }
    this.writes.push({ pa, size: bytes });
  }
}
