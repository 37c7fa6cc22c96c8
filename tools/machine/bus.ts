// What the pCPUs see at a physical address: device registers, or memory. Anything else is a fault, and a width that a device
// does not take as well.
import { hex, MachineError } from "./errors.ts";
import type { PhysicalMemory, Range } from "./memory.ts";
import type { Uart } from "./uart.ts";
import type { Watchdog } from "./watchdog.ts";

/** Of a UART's registers, whichever kind it is. */
const UART_BYTES = 0x1000;

/** A device that only keeps what is written: for passthrough, where it is the guest's business what it does. */
class PlainDevice {
  readonly words = new Map<number, bigint>();
}

/** Interrupt controllers, by the physical addresses of their registers. */
export interface Controller {
  /** Is there a register of the hypervisor's at this address? Is there one that a guest may have? */
  owns(pa: number): boolean;
  ownsForGuest(pa: number): boolean;
  /** Accesses by pCPU `cpu`. */
  read(cpu: number, pa: number, bytes: number): bigint;
  write(cpu: number, pa: number, bytes: number, value: bigint): void;
  readAsGuest(cpu: number, pa: number, bytes: number): bigint;
  writeAsGuest(cpu: number, pa: number, bytes: number, value: bigint): void;
}

export class Bus {
  private readonly controller: Controller;
  private readonly uart: Uart;
  private readonly uartBase: number;
  private readonly memory: PhysicalMemory;
  private readonly devices: readonly { readonly range: Range; readonly device: PlainDevice }[];
  private readonly silencers: readonly number[];
  readonly watchdog: Watchdog | undefined;

  /** `silencers`: registers of passthrough devices that the hypervisor itself may use, because the plan says so. */
  constructor(
    controller: Controller, uart: Uart, uartBase: number, memory: PhysicalMemory, devices: readonly Range[],
    silencers: readonly number[], watchdog?: Watchdog,
  ) {
    this.watchdog = watchdog;
    this.controller = controller;
    this.uart = uart;
    this.uartBase = uartBase;
    this.memory = memory;
    this.silencers = silencers;
    this.devices = devices.map((range) => ({ range, device: new PlainDevice() }));
  }

  /** The hypervisor's mmioRead: only devices that it drives itself. */
  hypervisorRead(cpu: number, pa: number, bytes: number): bigint {
    if (this.controller.owns(pa)) return this.controller.read(cpu, pa, bytes);
    if (this.inUart(pa) && bytes === this.uart.accessBytes) return BigInt(this.uart.read(pa - this.uartBase));
    if (this.watchdog?.owns(pa) === true && bytes === this.watchdog.accessBytes) return BigInt(this.watchdog.read(pa));
    if (bytes === 4 && this.silencers.includes(pa)) return this.device(pa).words.get(pa) ?? 0n;
    throw new MachineError("MACHINE_BUS", `the hypervisor reads ${bytes} bytes at ${hex(pa)}: no device of its own is there`);
  }

  hypervisorWrite(cpu: number, pa: number, bytes: number, value: bigint): void {
    if (this.controller.owns(pa)) {
      this.controller.write(cpu, pa, bytes, value);
    } else if (this.inUart(pa) && bytes === this.uart.accessBytes) {
      this.uart.write(pa - this.uartBase, Number(value));
    } else if (this.watchdog?.owns(pa) === true && bytes === this.watchdog.accessBytes) {
      this.watchdog.write(pa, Number(value));
    } else if (bytes === 4 && this.silencers.includes(pa)) {
      this.device(pa).words.set(pa, value);
    } else {
      throw new MachineError("MACHINE_BUS", `the hypervisor writes ${bytes} bytes at ${hex(pa)}: no device of its own is there`);
    }
  }

  /** The access of a guest of pCPU `cpu` that stage 2 let through. It must never end in a device that the hypervisor drives. */
  guestRead(cpu: number, pa: number, bytes: number): bigint {
    if (this.memory.isRam(pa, bytes)) return this.memory.read(pa, bytes);
    if (this.controller.ownsForGuest(pa)) return this.controller.readAsGuest(cpu, pa, bytes);
    return this.device(pa).words.get(pa) ?? 0n;
  }

  guestWrite(cpu: number, pa: number, bytes: number, value: bigint): void {
    if (this.memory.isRam(pa, bytes)) this.memory.write(pa, bytes, value);
    else if (this.controller.ownsForGuest(pa)) this.controller.writeAsGuest(cpu, pa, bytes, value);
    else this.device(pa).words.set(pa, value);
  }

  private device(pa: number): PlainDevice {
    const found = this.devices.find(({ range }) => pa >= range.pa && pa < range.pa + range.size);
    if (found === undefined) {
      throw new MachineError("MACHINE_BUS", `a guest reached ${hex(pa)}: there is nothing that a guest may have`);
    }
    return found.device;
  }

  inUart(pa: number): boolean {
    return pa >= this.uartBase && pa < this.uartBase + UART_BYTES;
  }
}
