// The CSRs of one hart, as the hypervisor reads and writes them in HS mode. Some only keep what is written, as far as it may be;
// others show what the hart's interrupts, its timers and its IMSIC are doing. What a guest reaches: guestCsrs.ts.
import type { Clock } from "../clock.ts";
import { MachineError } from "../errors.ts";
import {
  constant, ENVCFG_STCE, MODE_SHIFT, NUMBERS, SEI, SGEI, SSI, STATUS_UXL, STI, VGEIN_MASK, VGEIN_SHIFT, VS_INTERRUPTS, VSEI, VSSI,
  VSTI, writable,
} from "./csrs.ts";
import type { Csr, Model } from "./csrs.ts";
import { Imsic, InterruptFile } from "./imsic.ts";
import { Pmu } from "./pmu.ts";

const MASK64 = 0xffff_ffff_ffff_ffffn;
/** What the architecture calls UNSPECIFIED at reset: using it shows. */
export const UNKNOWN = 0x5a5a_a5a5_5a5a_a5a5n;
/** Registers that say at reset what nobody may rely on otherwise. */
const AT_RESET: Readonly<Partial<Record<Csr, bigint>>> = { sstatus: STATUS_UXL, satp: 0n, sie: 0n, stimecmp: MASK64 };
/** stopi, vstopi: the major identity, and a priority. */
const IID_SHIFT = 16n;
const DEFAULT_PRIORITY = 1n;
/** From the most urgent one on (AIA, "Default priority order"). */
const ORDER = [9n, 1n, 5n];
const VS_SHIFT = 1n;

export class CsrFile {
  readonly imsic: Imsic;
  readonly model: Model;
  readonly pmu: Pmu;
  private readonly values: Record<Csr, bigint>;
  private readonly clock: Clock;

  constructor(model: Model, imsic: Imsic, clock: Clock) {
    this.model = model;
    this.pmu = new Pmu(model.counters, model.filters);
    this.imsic = imsic;
    this.clock = clock;
    this.values = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, 0n])) as Record<Csr, bigint>;
    for (const name of Object.keys(NUMBERS) as Csr[]) {
      this.values[name] = AT_RESET[name] ?? ((UNKNOWN & this.mask(name)) | constant(name));
    }
    this.values.hgatp = this.values.vsatp = 0n;
  }

  private mask(csr: Csr): bigint {
    return writable(csr, this.model, this.imsic.guests.length);
  }

  /** hstatus.VGEIN */
  get vgein(): number {
    return Number((this.values.hstatus >> VGEIN_SHIFT) & VGEIN_MASK);
  }

  /** The guest's interrupt file; undefined: VGEIN names none. */
  get guestFile(): InterruptFile | undefined {
    return this.imsic.guest(this.vgein);
  }

  get time(): bigint {
    return BigInt(this.clock.now);
  }

  /** time as the guest sees it. */
  get guestTime(): bigint {
    return (this.time + this.values.htimedelta) & MASK64;
  }

  /** sip: what is pending for the hypervisor itself. */
  get sip(): bigint {
    const timer = this.time >= this.values.stimecmp ? STI : 0n;
    const external = this.imsic.supervisor.signals ? SEI : 0n;
    return (this.values.sip & SSI) | timer | external;
  }

  /** hip: what is pending for the guest, and of guests that are not on the hart (hgeip). */
  get hip(): bigint {
    const { hvip, henvcfg, vstimecmp, hgeie } = this.values;
    const timer = (henvcfg & ENVCFG_STCE) !== 0n && this.guestTime >= vstimecmp ? VSTI : 0n;
    const external = this.guestFile?.signals === true ? VSEI : 0n;
    const others = (this.imsic.signalling & hgeie) !== 0n ? SGEI : 0n;
    return (hvip & VS_INTERRUPTS) | timer | external | others;
  }

  read(csr: Csr): bigint {
    const { values } = this;
    switch (csr) {
      case "sip": return this.sip;
      case "hip": return this.hip;
      case "hgeip": return this.imsic.signalling;
      case "vsip": return (this.hip & values.hideleg & VS_INTERRUPTS) >> VS_SHIFT;
      case "vsie": return (values.hie & values.hideleg & VS_INTERRUPTS) >> VS_SHIFT;
      case "time": return this.clock.read();
      case "cycle": case "instret": return this.time;
      case "hpmcounter3": return this.pmu.value(3);
      case "stopei": return this.imsic.supervisor.topei();
      case "vstopei": return this.mustHaveFile(csr).topei();
      case "stopi": return topOf(this.sip & values.sie);
      case "vstopi": return topOf((this.hip & values.hie & values.hideleg & VS_INTERRUPTS) >> VS_SHIFT);
      case "sireg": return this.imsic.supervisor.read(this.mustSelect(values.siselect));
      case "vsireg": return this.mustHaveFile(csr).read(this.mustSelect(values.vsiselect));
      default: return values[csr];
    }
  }

  write(csr: Csr, value: bigint): void {
    const { values } = this;
    switch (csr) {
      case "hgeip": case "time": case "cycle": case "instret": case "hpmcounter3": case "stopi": case "vstopi":
        throw new MachineError("MACHINE_UNDEFINED", `${csr} is written, and can only be read`);
      case "sip": values.sip = value & SSI; return;
      // Of hip only VSSIP can be written: it is hvip's.
      case "hip": values.hvip = (values.hvip & ~VSSI) | (value & VSSI); return;
      case "vsip":
        this.write("hip", ((value << VS_SHIFT) & values.hideleg & VSSI) | (values.hvip & VSSI & ~values.hideleg));
        return;
      case "vsie": {
        const delegated = values.hideleg & VS_INTERRUPTS;
        values.hie = (values.hie & ~delegated) | ((value << VS_SHIFT) & delegated);
        return;
      }
      case "stopei": this.imsic.supervisor.claim(); return;
      case "vstopei": this.mustHaveFile(csr).claim(); return;
      case "sireg": this.imsic.supervisor.write(this.mustSelect(values.siselect), value); return;
      case "vsireg": this.mustHaveFile(csr).write(this.mustSelect(values.vsiselect), value); return;
      case "satp": case "vsatp": case "hgatp":
        if (!this.model.modes.includes(Number(value >> MODE_SHIFT))) return;
        break;
      default:
    }
    values[csr] = (value & this.mask(csr)) | constant(csr);
  }

  /** Registers of the IMSIC alone: priorities of major interrupts are not modelled. */
  private mustSelect(select: bigint): number {
    const number = Number(select);
    if (!InterruptFile.has(number)) {
      throw new MachineError("MACHINE_UNDEFINED", `sireg with siselect 0x${number.toString(16)}: there is no such register`);
    }
    return number;
  }

  private mustHaveFile(csr: Csr): InterruptFile {
    const file = this.guestFile;
    if (file === undefined) {
      throw new MachineError("MACHINE_UNDEFINED", `${csr} with hstatus.VGEIN = ${this.vgein}: there is no such guest file`);
    }
    return file;
  }
}

/** Of interrupts that are pending and enabled, the most urgent one. */
function topOf(interrupts: bigint): bigint {
  const top = ORDER.find((bit) => (interrupts & (1n << bit)) !== 0n);
  return top === undefined ? 0n : (top << IID_SHIFT) | DEFAULT_PRIORITY;
}
