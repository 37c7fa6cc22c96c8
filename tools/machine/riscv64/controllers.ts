// The interrupt controllers of a board: several, at addresses of their own.
import type { Controller } from "../bus.ts";
import { hex, MachineError } from "../errors.ts";

export class Controllers implements Controller {
  private readonly all: readonly Controller[];

  constructor(all: readonly Controller[]) {
    this.all = all;
  }

  owns(pa: number): boolean {
    return this.all.some((one) => one.owns(pa));
  }

  ownsForGuest(pa: number): boolean {
    return this.all.some((one) => one.ownsForGuest(pa));
  }

  private at(pa: number): Controller {
    const found = this.all.find((one) => one.owns(pa));
    if (found === undefined) throw new MachineError("MACHINE_BUS", `there is no interrupt controller at ${hex(pa)}`);
    return found;
  }

  read(cpu: number, pa: number, bytes: number): bigint {
    return this.at(pa).read(cpu, pa, bytes);
  }

  write(cpu: number, pa: number, bytes: number, value: bigint): void {
    this.at(pa).write(cpu, pa, bytes, value);
  }

  readAsGuest(cpu: number, pa: number, bytes: number): bigint {
    return this.at(pa).readAsGuest(cpu, pa, bytes);
  }

  writeAsGuest(cpu: number, pa: number, bytes: number, value: bigint): void {
    this.at(pa).writeAsGuest(cpu, pa, bytes, value);
  }
}
