// GICv3: a distributor, and for each pCPU a redistributor and both CPU interfaces, which are system registers. SGIs go by
// affinity.
import { hex, MachineError } from "../../errors.ts";
import { CpuInterface } from "./cpuInterface.ts";
import { Distributor } from "./distributor.ts";
import { cpuOf, unmodelled } from "./gic.ts";
import type { Gic, GicBoard, GicCpu } from "./gic.ts";
import { Redistributor } from "./redistributor.ts";
import { FRAME_BYTES, GICR_BYTES, UNMODELLED } from "./registers.ts";
import { ONE_STATE, TWO_STATES } from "./securityView.ts";
import { VirtualInterface } from "./virtualInterface.ts";

interface Gicv3Cpu extends GicCpu {
  readonly redistributor: Redistributor;
}

interface Place {
  /** The redistributor's; undefined: the distributor. */
  readonly cpu: number | undefined;
  readonly offset: number;
}

export class Gicv3 implements Gic {
  readonly distributor: Distributor;
  readonly cpus: readonly Gicv3Cpu[];
  private readonly board: GicBoard;
  /** Redistributors. */
  private readonly frames: readonly number[];
  private readonly frameBytes: number;
  private readonly refresh: (cpu: number) => void;

  /** `refresh(n)`: called before pCPU n's level-sensitive PPIs are looked at. */
  constructor(board: GicBoard, refresh: (cpu: number) => void) {
    this.board = board;
    this.frames = board.cpus.map(({ gicr, frame = gicr }) => frame);
    this.frameBytes = board.virtualLpis === true ? 2 * GICR_BYTES : GICR_BYTES;
    this.refresh = refresh;
    const view = board.securityStates === 2 ? TWO_STATES : ONE_STATE;
    const distributor = new Distributor(board.spiLimit, view, board.virtualLpis, board.extendedSpis);
    this.distributor = distributor;
    this.cpus = board.cpus.map(({ mpidr, listRegisters = board.listRegisters }, n) => {
      const redistributor = new Redistributor(mpidr, n, n === board.cpus.length - 1, view, board.virtualLpis, board.extendedPpis);
      const source = {
        bank: redistributor.bank,
        spis: distributor.bank,
        spiLimit: board.spiLimit,
        get forwards() { return distributor.forwards && redistributor.forwards; },
        takes: (intid: number) => distributor.routesTo(intid, redistributor.affinityLow, redistributor.affinityHigh),
      };
      const physical = new CpuInterface(1, board.secureMask ? ONE_STATE : view, source, () => refresh(n));
      return {
        redistributor, bank: redistributor.bank, physical,
        virtual: new VirtualInterface(listRegisters, 1, (intid) => physical.deactivateForGuest(intid)),
      };
    });
  }

  targets(intid: number): number[] {
    return this.cpus.flatMap(
      ({ redistributor }, n) =>
        (this.distributor.routesTo(intid, redistributor.affinityLow, redistributor.affinityHigh) ? [n] : [])
    );
  }

  /**
   * ICC_SGI1R_EL1, written on pCPU `sender`: the pCPUs that get it. SGIs to affinities that no pCPU has go nowhere, as on
   * hardware.
   */
  sgiTargets(sender: number, value: bigint): number[] {
    const request = decodeSgi(value);
    return this.cpus.flatMap(({ redistributor }, n) => {
      const aff0 = redistributor.affinityLow & 0xff;
      const named = (redistributor.affinityLow & ~0xff) >>> 0 === request.clusterLow
        && redistributor.affinityHigh === request.clusterHigh
        && aff0 >> 4 === request.rangeSelector && (request.targets & (1 << (aff0 & 15))) !== 0;
      return (request.allButSelf ? n !== sender : named) ? [n] : [];
    });
  }

  sendSgi(sender: number, value: bigint): void {
    for (const n of this.sgiTargets(sender, value)) this.cpus[n]?.redistributor.bank.latchPending(decodeSgi(value).intid);
  }

  owns(pa: number): boolean {
    return this.locate(pa) !== undefined;
  }

  /** A guest's CPU interface is system registers: there is nothing to map. */
  ownsForGuest(): boolean {
    return false;
  }

  readAsGuest(_cpu: number, pa: number, bytes: number): bigint {
    throw unmodelled("read", pa, bytes);
  }

  writeAsGuest(_cpu: number, pa: number, bytes: number): void {
    throw unmodelled("write", pa, bytes);
  }

  /** Whoever reads: what a redistributor says does not depend on it. */
  read(_cpu: number, pa: number, bytes: number): bigint {
    const { cpu, offset } = this.find(pa);
    if (cpu !== undefined) this.refresh(cpu);
    const registers = cpu === undefined ? this.distributor : cpuOf(this, cpu).redistributor;
    const value = bytes === 8 ? registers.read64(offset) : BigInt(registers.read(offset, bytes));
    if (value === BigInt(UNMODELLED)) throw unmodelled("read", pa, bytes);
    return value;
  }

  write(_cpu: number, pa: number, bytes: number, value: bigint): void {
    const { cpu, offset } = this.find(pa);
    const registers = cpu === undefined ? this.distributor : cpuOf(this, cpu).redistributor;
    const done = bytes === 8
      ? cpu === undefined && this.distributor.write64(offset, value)
      : registers.write(offset, bytes, Number(value));
    if (!done) throw unmodelled("write", pa, bytes);
  }

  private locate(pa: number): Place | undefined {
    const inDistributor = pa - this.board.gicd;
    if (inDistributor >= 0 && inDistributor < FRAME_BYTES) return { cpu: undefined, offset: inDistributor };
    const cpu = this.frames.findIndex((frame) => pa >= frame && pa < frame + this.frameBytes);
    return cpu < 0 ? undefined : { cpu, offset: pa - (this.frames[cpu] ?? 0) };
  }

  private find(pa: number): Place {
    const place = this.locate(pa);
    if (place === undefined) throw new MachineError("MACHINE_BUS", `${hex(pa)} is not in the GIC`);
    return place;
  }
}

/** ICC_SGI1R_EL1 (§12.2.20): which pCPUs a value names. */
interface SgiRequest {
  readonly intid: number;
  /** Interrupt_Routing_Mode: everyone but the sender. */
  readonly allButSelf: boolean;
  /** Aff2.Aff1 of the targets, as in the low word of GICD_IROUTER (Aff0 is 0). */
  readonly clusterLow: number;
  readonly clusterHigh: number;
  /** Bit n: Aff0 = RS · 16 + n. */
  readonly targets: number;
  readonly rangeSelector: number;
}

const SGI_RESERVED = ~0x00ff_f1ff_0fff_ffffn & 0xffff_ffff_ffff_ffffn;

function decodeSgi(value: bigint): SgiRequest {
  if ((value & SGI_RESERVED) !== 0n) {
    throw new MachineError("MACHINE_GIC_PROTOCOL", `ICC_SGI1R_EL1 = ${hex(value)}: reserved bits are set`);
  }
  const low = Number(value & 0xffff_ffffn);
  const high = Number(value >> 32n);
  return {
    intid: (low >>> 24) & 0xf,
    allButSelf: (high & 0x100) !== 0,
    clusterLow: (((high & 0xff) << 16) | (((low >>> 16) & 0xff) << 8)) >>> 0,
    clusterHigh: (high >>> 16) & 0xff,
    targets: low & 0xffff,
    rangeSelector: (high >>> 12) & 0xf,
  };
}
