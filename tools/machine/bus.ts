// What the pCPUs see at a physical address: device registers, or memory. Anything else is a fault, and a width that a device
// does not take as well.
import { hex, MachineError } from "./errors.ts";
import type { Gic } from "./aarch64/gic/gic.ts";
import type { PhysicalMemory, Range } from "./memory.ts";
import { UART_BYTES } from "./pl011.ts";
import type { Pl011 } from "./pl011.ts";

/** A device that only keeps what is written: for passthrough, where it is the guest's business what it does. */
class PlainDevice {
  readonly words = new Map<number, bigint>();
}

export class Bus {
  private readonly gic: Gic;
  private readonly uart: Pl011;
  private readonly uartBase: number;
  private readonly memory: PhysicalMemory;
  private readonly devices: readonly { readonly range: Range; readonly device: PlainDevice }[];
  private readonly silencers: readonly number[];

  /** `silencers`: registers of passthrough devices that the hypervisor itself may write, because the plan says so. */
  constructor(gic: Gic, uart: Pl011, uartBase: number, memory: PhysicalMemory, devices: readonly Range[], silencers: readonly number[]) {
    this.gic = gic;
    this.uart = uart;
    this.uartBase = uartBase;
    this.memory = memory;
    this.silencers = silencers;
    this.devices = devices.map((range) => ({ range, device: new PlainDevice() }));
  }

  /** The hypervisor's mmioRead: only devices that it drives itself. */
  hypervisorRead(cpu: number, pa: number, bytes: number): bigint {
    if (this.gic.owns(pa)) return this.gic.read(cpu, pa, bytes);
    if (this.inUart(pa) && bytes <= 4) return BigInt(this.uart.read(pa - this.uartBase));
    throw new MachineError("MACHINE_BUS", `the hypervisor reads ${bytes} bytes at ${hex(pa)}: no device of its own is there`);
  }

  hypervisorWrite(cpu: number, pa: number, bytes: number, value: bigint): void {
    if (this.gic.owns(pa)) {
      this.gic.write(cpu, pa, bytes, value);
    } else if (this.inUart(pa) && bytes <= 4) {
      this.uart.write(pa - this.uartBase, Number(value));
    } else if (bytes === 4 && this.silencers.includes(pa)) {
      this.device(pa).words.set(pa, value);
    } else {
      throw new MachineError("MACHINE_BUS", `the hypervisor writes ${bytes} bytes at ${hex(pa)}: no device of its own is there`);
    }
  }

  /** The access of a guest of pCPU `cpu` that stage 2 let through. It must never end in a device that the hypervisor drives. */
  guestRead(cpu: number, pa: number, bytes: number): bigint {
    if (this.memory.isRam(pa, bytes)) return this.memory.read(pa, bytes);
    if (this.gic.ownsForGuest(pa)) return this.gic.readAsGuest(cpu, pa, bytes);
    return this.device(pa).words.get(pa) ?? 0n;
  }

  guestWrite(cpu: number, pa: number, bytes: number, value: bigint): void {
    if (this.memory.isRam(pa, bytes)) this.memory.write(pa, bytes, value);
    else if (this.gic.ownsForGuest(pa)) this.gic.writeAsGuest(cpu, pa, bytes, value);
    else this.device(pa).words.set(pa, value);
  }

  private device(pa: number): PlainDevice {
    const found = this.devices.find(({ range }) => pa >= range.pa && pa < range.pa + range.size);
    if (found === undefined) throw new MachineError("MACHINE_BUS", `a guest reached ${hex(pa)}: there is nothing that a guest may have`);
    return found.device;
  }

  inUart(pa: number): boolean {
    return pa >= this.uartBase && pa < this.uartBase + UART_BYTES;
  }
}
