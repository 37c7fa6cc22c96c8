// GICv2 (IHI 0048B), as GIC-400 and QEMU have it. Without the Security Extensions all interrupts are of group 0; with them we are
// Non-secure, and those of group 1 look the same to us. Everything is memory-mapped, and what a pCPU sees of its own (word 0 of
// GICD, GICC, GICH, GICV) depends on who looks.
import { hex, MachineError } from "../../errors.ts";
import { CpuInterface } from "./cpuInterface.ts";
import type { Actor } from "./cpuInterface.ts";
import { cpuOf, unmodelled } from "./gic.ts";
import type { Gic, GicBoard, GicCpu } from "./gic.ts";
import { Gicc } from "./gicc.ts";
import { Gicd } from "./gicd.ts";
import { Gich } from "./gich.ts";
import { Gicv } from "./gicv.ts";
import { INTERFACE_BYTES, INTERFACES_MAX, PAGE_BYTES } from "./gicv2Registers.ts";
import { UNMODELLED } from "./registers.ts";
import { ONE_STATE, TWO_STATES } from "./securityView.ts";
import { VirtualInterface } from "./virtualInterface.ts";

interface Gicv2Cpu extends GicCpu {
  readonly gicc: Gicc;
  readonly gich: Gich;
  readonly gicv: Gicv;
}

/** A frame of registers, as one pCPU sees it. */
interface Frame {
  read(offset: number, bytes: number, by: Actor): number;
  write(offset: number, bytes: number, value: number, by: Actor): boolean;
}

export class Gicv2 implements Gic {
  readonly distributor: Gicd;
  readonly cpus: readonly Gicv2Cpu[];
  private readonly board: GicBoard;
  private readonly refresh: (cpu: number) => void;

  /** `refresh(n)`: called before pCPU n's level-sensitive PPIs are looked at. */
  constructor(board: GicBoard, refresh: (cpu: number) => void) {
    const interfaces = board.cpus.map((cpu, n) => cpu.interface ?? n);
    if (interfaces.some((n) => n >= INTERFACES_MAX)) throw new RangeError("a GICv2 has eight CPU interfaces at most");
    this.board = board;
    this.refresh = refresh;
    const view = board.securityStates === 2 ? TWO_STATES : ONE_STATE;
    const distributor = new Gicd(board.spiLimit, interfaces, view);
    this.distributor = distributor;
    this.cpus = interfaces.map((number, n) => {
      const own = distributor.ownOf(number);
      const source = {
        bank: own.bank,
        spis: distributor.bank,
        spiLimit: board.spiLimit,
        get forwards() { return distributor.forwards; },
        takes: (intid: number) => distributor.routesTo(intid, number),
      };
      const physical = new CpuInterface(0, view, source, () => refresh(n));
      const virtual = new VirtualInterface(
        board.cpus[n]?.listRegisters ?? board.listRegisters, 0, (intid) => physical.deactivateForGuest(intid),
      );
      return {
        bank: own.bank, physical, virtual, gicc: new Gicc(physical, own), gich: new Gich(virtual), gicv: new Gicv(virtual),
      };
    });
  }

  targets(intid: number): number[] {
    return this.cpus.flatMap((_, n) => (this.distributor.routesTo(intid, this.distributor.interfaces[n] ?? n) ? [n] : []));
  }

  owns(pa: number): boolean {
    const { gicd, gicc, gich } = this.board;
    return inside(pa, gicd, PAGE_BYTES) || inside(pa, gicc, INTERFACE_BYTES) || inside(pa, gich, PAGE_BYTES);
  }

  ownsForGuest(pa: number): boolean {
    const { gicc, gicv } = this.board;
    return inside(pa, gicc, INTERFACE_BYTES) || inside(pa, gicv, INTERFACE_BYTES);
  }

  read(cpu: number, pa: number, bytes: number): bigint {
    const value = this.readBy(cpu, pa, bytes, "hypervisor");
    if (value === UNMODELLED) throw unmodelled("read", pa, bytes);
    return BigInt(value);
  }

  write(cpu: number, pa: number, bytes: number, value: bigint): void {
    if (!this.writeBy(cpu, pa, bytes, value, "hypervisor")) throw unmodelled("write", pa, bytes);
  }

  /** A guest may ask for what is not there: that reads as zero. */
  readAsGuest(cpu: number, pa: number, bytes: number): bigint {
    const value = this.readBy(cpu, pa, bytes, "guest");
    return value === UNMODELLED ? 0n : BigInt(value);
  }

  writeAsGuest(cpu: number, pa: number, bytes: number, value: bigint): void {
    this.writeBy(cpu, pa, bytes, value, "guest");
  }

  private readBy(cpu: number, pa: number, bytes: number, by: Actor): number {
    this.refresh(cpu);
    const { frame, offset } = this.find(cpu, pa);
    return frame.read(offset, bytes, by);
  }

  private writeBy(cpu: number, pa: number, bytes: number, value: bigint, by: Actor): boolean {
    const { frame, offset } = this.find(cpu, pa);
    return frame.write(offset, bytes, Number(value & 0xffff_ffffn), by);
  }

  private find(cpu: number, pa: number): { readonly frame: Frame; readonly offset: number } {
    const { gicd, gicc, gich, gicv, repeatsPages } = this.board;
    const own = cpuOf(this, cpu);
    if (inside(pa, gicd, PAGE_BYTES)) {
      return { frame: this.distributor.seenBy(this.distributor.interfaces[cpu] ?? cpu), offset: pa - gicd };
    }
    if (inside(pa, gicc, INTERFACE_BYTES)) return { frame: own.gicc, offset: repeatsPages ? pa % PAGE_BYTES : pa - gicc };
    if (inside(pa, gich, PAGE_BYTES)) return { frame: own.gich, offset: pa - gich };
    if (inside(pa, gicv, INTERFACE_BYTES)) return { frame: own.gicv, offset: pa - gicv };
    throw new MachineError("MACHINE_BUS", `${hex(pa)} is not in the GIC`);
  }
}

const inside = (pa: number, base: number, bytes: number): boolean => pa >= base && pa < base + bytes;
