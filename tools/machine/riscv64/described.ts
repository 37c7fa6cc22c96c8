// The simulated machine of a board that a board.yaml describes.
import type { Riscv64Board } from "../../../boards/schema.ts";
import { planUart } from "../../../partitions/plan/uart.ts";
import { SOURCES } from "./aplic.ts";
import { qemuVirt, TIMEBASE } from "./board.ts";
import type { Board } from "./board.ts";
import { IDENTITIES } from "./imsic.ts";
import { MachineError } from "../errors.ts";

const PAGE = 0x1000;

/** Throws MachineError: what is simulated are QEMU's AIA and clock, wherever they are. */
export function machineOf(description: Riscv64Board): Board {
  const { cpus, imsic, aplic, counter_hz: timebase, uart, watchdog, ram, reserved, boot } = description;
  const [guestFiles = 0] = cpus.guest_files;
  const facts = [
    ["harts, by their IDs", cpus.harts, cpus.harts.map((_, n) => n)],
    ["guest files", cpus.guest_files, cpus.harts.map(() => guestFiles)],
    ["stride of interrupt files", imsic.stride, PAGE * 2 ** Math.ceil(Math.log2(guestFiles + 1))],
    ["identities", imsic.identities, IDENTITIES],
    ["sources", aplic.sources, SOURCES],
    ["ticks a second", timebase, TIMEBASE],
  ] as const;
  for (const [what, is, simulated] of facts) {
    if (String(is) === String(simulated)) continue;
    const said = `${what} are ${String(is)}, and those of the simulated machine ${String(simulated)}`;
    throw new MachineError("MACHINE_STATE", said);
  }
  const { address, ...uartFacts } = planUart(uart);
  return {
    ...qemuVirt,
    cpus: cpus.harts.map((hart) => ({ hart })),
    guestFiles,
    imsic: imsic.base,
    aplic: aplic.base,
    uart: address,
    uartFacts,
    ...(watchdog && { watchdog: watchdog.reg, watchdogKind: watchdog.kind }),
    ram: ram.map(({ base, size }) => ({ pa: base, size })),
    reserved,
    devices: [],
    imageBase: boot.image,
  };
}
