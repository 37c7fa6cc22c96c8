// The interrupt controller of the simulated board: one distributor, and for each pCPU a redistributor and both CPU
// interfaces. Wires, SGIs between pCPUs, and register accesses by physical address.
import { hex, MachineError } from "../errors.ts";
import { CpuInterface, decodeSgi } from "./cpuInterface.ts";
import { Distributor } from "./distributor.ts";
import { Redistributor } from "./redistributor.ts";
import { FRAME_BYTES, GICR_BYTES, UNMODELLED } from "./registers.ts";
import { VirtualInterface } from "./virtualInterface.ts";

export interface GicBoard {
  readonly gicd: number;
  readonly spiLimit: number;
  readonly listRegisters: number;
  readonly cpus: readonly { readonly mpidr: bigint; readonly gicr: number }[];
}

export interface GicCpu {
  readonly redistributor: Redistributor;
  readonly physical: CpuInterface;
  readonly virtual: VirtualInterface;
}

export class Gic {
  readonly distributor: Distributor;
  readonly cpus: readonly GicCpu[];
  private readonly board: GicBoard;
  private readonly refresh: (cpu: number) => void;

  /** `refresh(n)`: called before pCPU n's level-sensitive PPIs are looked at. */
  constructor(board: GicBoard, refresh: (cpu: number) => void) {
    this.board = board;
    this.refresh = refresh;
    this.distributor = new Distributor(board.spiLimit);
    this.cpus = board.cpus.map(({ mpidr }, n) => {
      const redistributor = new Redistributor(mpidr, n, n === board.cpus.length - 1);
      const physical = new CpuInterface(redistributor, this.distributor, () => refresh(n));
      return { redistributor, physical, virtual: new VirtualInterface(board.listRegisters, (intid) => physical.deactivateForGuest(intid)) };
    });
  }

  cpu(n: number): GicCpu {
    const cpu = this.cpus[n];
    if (cpu === undefined) throw new MachineError("MACHINE_STATE", `there is no pCPU ${n}`);
    return cpu;
  }

  /** ICC_SGI1R_EL1, written on pCPU `sender`. SGIs to affinities that no pCPU has go nowhere, as on hardware. */
  sendSgi(sender: number, value: bigint): void {
    const request = decodeSgi(value);
    this.cpus.forEach(({ redistributor }, n) => {
      const aff0 = redistributor.affinityLow & 0xff;
      const named = (redistributor.affinityLow & ~0xff) >>> 0 === request.clusterLow && redistributor.affinityHigh === request.clusterHigh
        && aff0 >> 4 === request.rangeSelector && (request.targets & (1 << (aff0 & 15))) !== 0;
      if (request.allButSelf ? n !== sender : named) redistributor.bank.latchPending(request.intid);
    });
  }

  owns(pa: number): boolean {
    return this.locate(pa) !== undefined;
  }

  read(pa: number, bytes: number): number {
    const place = this.find(pa);
    if (place.cpu !== undefined) this.refresh(place.cpu);
    const value = place.cpu === undefined ? this.distributor.read(place.offset, bytes) : this.cpu(place.cpu).redistributor.read(place.offset, bytes);
    if (value === UNMODELLED) throw this.unmodelled("read", pa, bytes);
    return value;
  }

  read64(pa: number): bigint {
    const place = this.find(pa);
    const value = place.cpu === undefined ? this.distributor.read64(place.offset) : this.cpu(place.cpu).redistributor.read64(place.offset);
    if (value === BigInt(UNMODELLED)) throw this.unmodelled("read", pa, 8);
    return value;
  }

  write(pa: number, bytes: number, value: number): void {
    const place = this.find(pa);
    const done = place.cpu === undefined ? this.distributor.write(place.offset, bytes, value) : this.cpu(place.cpu).redistributor.write(place.offset, bytes, value);
    if (!done) throw this.unmodelled("write", pa, bytes);
  }

  write64(pa: number, value: bigint): void {
    const place = this.find(pa);
    if (place.cpu !== undefined || !this.distributor.write64(place.offset, value)) throw this.unmodelled("write", pa, 8);
  }

  private locate(pa: number): { cpu: number | undefined; offset: number } | undefined {
    const inDistributor = pa - this.board.gicd;
    if (inDistributor >= 0 && inDistributor < FRAME_BYTES) return { cpu: undefined, offset: inDistributor };
    for (let n = 0; n < this.board.cpus.length; n++) {
      const offset = pa - (this.board.cpus[n]?.gicr ?? 0);
      if (offset >= 0 && offset < GICR_BYTES) return { cpu: n, offset };
    }
    return undefined;
  }

  private find(pa: number): { cpu: number | undefined; offset: number } {
    const place = this.locate(pa);
    if (place === undefined) throw new MachineError("MACHINE_BUS", `${hex(pa)} is not in the GIC`);
    return place;
  }

  private unmodelled(what: string, pa: number, bytes: number): MachineError {
    return new MachineError("MACHINE_BUS", `${what} of ${bytes} bytes at ${hex(pa)}: the GIC has no such register there, or not of that width`);
  }
}
