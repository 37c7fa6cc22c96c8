// Intrinsics that reach physical memory and devices: what they do is the same for every ISA. Whether the hypervisor's own
// translation lets it reach there, the ISA's walker says.
import { IMAGE_UART } from "./board.ts";
import type { BoardFacts } from "./board.ts";
import type { Bus } from "./bus.ts";
import type { DataCache } from "./dataCache.ts";
import { hex, MachineError } from "./errors.ts";
import type { Hook, Hooks } from "./imports.ts";
import type { InstructionCaches } from "./instructionCache.ts";
import type { PhysicalMemory } from "./memory.ts";
import type { StoreBuffer } from "./storeBuffer.ts";
import type { TableWrites } from "./tableWrites.ts";
import type { Tlb } from "./tlb.ts";

export type Purpose = "device" | "read" | "write";

/** The hypervisor's own translation. */
export interface OwnTranslation {
  /** Fails the test unless every page of the range is mapped at VA = PA, as what it is used for. */
  check(pa: number, bytes: number, purpose: Purpose): void;
  /** What may be a table has been written there. */
  changed(pa: number): void;
  /** It is mapped, as memory. */
  isNormal(va: number): boolean;
}

interface Hardware {
  readonly board: BoardFacts;
  readonly memory: PhysicalMemory;
  readonly bus: Bus;
  readonly tlb: Tlb;
  readonly dataCache: DataCache;
  readonly instructionCaches: InstructionCaches;
  readonly tableWrites: TableWrites;
  readonly storeBuffer: StoreBuffer | undefined;
  readonly current: { readonly index: number };
  allowWrite(pa: number, bytes: number): void;
}

const PAGE = 4096;
const LINE = 64;
const WIDTHS = [8, 16, 32, 64];
/** Bit 0 of a translation table's entry, on every ISA. */
const VALID = 1n;
/** A valid entry that leads to address 0: walked by nobody's program, and by any pCPU's speculation. */
const LEADS_TO_0 = 3n;

/** `pieceBytes`: the most that one of them may do. */
export function memoryHooks(machine: Hardware, own: OwnTranslation, pieceBytes: bigint): Hooks {
  const { board, memory, bus } = machine;
  const linear = board.imageBase + board.linearOffset;
  const piece = (bytes: bigint, unit: number): number => {
    if (bytes > pieceBytes) throw new MachineError("MACHINE_BUS", `${bytes} bytes at once: more than a piece`);
    return aligned(bytes, unit);
  };
  const hooks: Record<string, Hook> = {
    imageBase: () => BigInt(board.imageBase),
    imageUart: () => BigInt(board.imageBase + IMAGE_UART),
    imageSize: () => BigInt(board.imageSize),
    secondaryEntry: () => BigInt(board.imageBase + board.secondaryEntryOffset),
    linearToPhysical: (pointer: number) => BigInt(linear + pointer),
    physicalRead32: (pa: bigint) => {
      own.check(aligned(pa, 4), 4, "read");
      return Number(memory.read(Number(pa), 4));
    },
    physicalWrite32: (pa: bigint, value: number) => {
      own.check(aligned(pa, 4), 4, "write");
      machine.allowWrite(Number(pa), 4);
      machine.storeBuffer?.drain(machine.current.index); // it is a release
      memory.write(Number(pa), 4, BigInt(value));
    },
    guestInstruction: (pa: bigint) => {
      if (!own.isNormal(aligned(pa, 4))) return 0;
      own.check(aligned(pa, 4), 4, "read");
      machine.dataCache.clean(machine.current.index, Number(pa), 4);
      machine.dataCache.complete(machine.current.index);
      return Number(memory.read(Number(pa), 4));
    },
    physicalRead64: (pa: bigint) => {
      const at = aligned(pa, 8);
      own.check(at, 8, "read");
      return memory.read64(at);
    },
    physicalWrite64: (pa: bigint, value: bigint) => {
      own.check(aligned(pa, 8), 8, "write");
      machine.allowWrite(Number(pa), 8);
      if (value === LEADS_TO_0) throw new MachineError("MACHINE_STAGE1", `${hex(pa)}: a descriptor that leads to tables at PA 0`);
      if ((memory.read64(Number(pa)) & VALID) !== 0n) machine.tlb.descriptorTaken(machine.current.index);
      memory.write64(Number(pa), value);
      machine.tableWrites.write(machine.current.index, Number(pa));
      own.changed(Number(pa));
    },
    copyFromPhysical: (pointer: number, pa: bigint, bytes: number) => {
      if (bytes % 8 !== 0) throw new MachineError("MACHINE_BUS", `copyFromPhysical of ${bytes} bytes: not a multiple of 8`);
      own.check(aligned(pa, 8), bytes, "read");
      memory.copy(linear + aligned(BigInt(pointer), 8), Number(pa), bytes);
    },
    cleanPhysical: (pa: bigint, bytes: bigint) => {
      own.check(aligned(pa, PAGE), piece(bytes, PAGE), "read");
      machine.dataCache.clean(machine.current.index, Number(pa), Number(bytes));
    },
    copyPhysical: (to: bigint, from: bigint, bytes: bigint) => {
      own.check(aligned(from, LINE), piece(bytes, LINE), "read");
      own.check(aligned(to, LINE), Number(bytes), "write");
      machine.allowWrite(Number(to), Number(bytes));
      memory.copy(Number(to), Number(from), Number(bytes));
      machine.dataCache.clean(machine.current.index, Number(to), Number(bytes));
      machine.instructionCaches.write(Number(to), Number(bytes));
    },
  };
  for (const bits of WIDTHS) {
    const bytes = bits / 8;
    const read = (pa: bigint): bigint => {
      own.check(aligned(pa, bytes), bytes, "device");
      return bus.hypervisorRead(machine.current.index, Number(pa), bytes);
    };
    hooks[`mmioRead${bits}`] = bits === 64 ? read : (pa: bigint) => Number(read(pa));
    hooks[`mmioWrite${bits}`] = (pa: bigint, value: number | bigint) => {
      own.check(aligned(pa, bytes), bytes, "device");
      bus.hypervisorWrite(machine.current.index, Number(pa), bytes, BigInt(value));
    };
  }
  return hooks;
}

function aligned(address: bigint, to: number): number {
  const at = Number(address);
  if (at % to !== 0) throw new MachineError("MACHINE_BUS", `${hex(address)} is not a multiple of ${to}`);
  return at;
}
