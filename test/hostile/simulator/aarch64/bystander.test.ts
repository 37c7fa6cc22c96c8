// That the bystander notices: whatever of its machine is changed behind its back, it says so.
import { expect, test } from "vitest";
import type { Aarch64Machine } from "../../../../tools/machine/aarch64/machine.ts";
import { cpuOf } from "../../../../tools/machine/aarch64/gic/gic.ts";
import { besiege } from "./attack.ts";
import { FIELDS } from "./systems.ts";

const LEVEL_SPI = 60;
const EDGE_SPI = 61;
const VIRTUAL_TIMER = 27;
const HYPERVISOR_TIMER = 26;
const PRIORITY = 0x10;
/** The bystander's pCPU, and one of the attacker's. */
const [OWN, FOREIGN] = [0, 1];
const MEMORY = 0x4800_0000;

function flip(set: Uint32Array | Uint8Array, at: number, bits: number): void {
  set[at] = (set[at] ?? 0) ^ bits;
}
const toggle = (set: Uint32Array, intid: number): void => flip(set, intid >> 5, 1 << (intid & 31));
const privates = ({ gic }: Aarch64Machine, pcpu: number) => cpuOf(gic, pcpu).bank;

test.each<[string, (machine: Aarch64Machine) => void, string]>([
  ["its SPI is not enabled any more", ({ gic }) => toggle(gic.distributor.bank.enabled, LEVEL_SPI), "enable of lines"],
  ["another one is pending", ({ gic }) => toggle(gic.distributor.bank.latch, EDGE_SPI), "pending of lines"],
  ["its SPI is urgent", ({ gic }) => flip(gic.distributor.bank.priority, LEVEL_SPI, PRIORITY), "priority of lines"],
  ["its SPI goes elsewhere", ({ gic }) => flip(gic.distributor.routes[0] ?? new Uint32Array(), LEVEL_SPI, 1), "routes of SPIs"],
  [
    "its timer's PPI is off", (machine) => toggle(privates(machine, OWN).enabled, VIRTUAL_TIMER),
    "enable of private interrupts of pCPU 0",
  ],
  [
    "that is urgent", (machine) => flip(privates(machine, OWN).priority, VIRTUAL_TIMER, PRIORITY),
    "priority of private interrupts of pCPU 0",
  ],
  [
    "the hypervisor's PPI is off", (machine) => toggle(privates(machine, FOREIGN).enabled, HYPERVISOR_TIMER),
    "enable of the hypervisor's",
  ],
  [
    "that is urgent", (machine) => flip(privates(machine, FOREIGN).priority, HYPERVISOR_TIMER, PRIORITY),
    "priority of the hypervisor's",
  ],
  ["its record", (machine) => flip(new Uint8Array(machine.linear.buffer), machine.pcpu(OWN).vcpu + 16, 1), "vCPU of pCPU 0"],
  ["a register", (machine) => void (machine.pcpu(OWN).registers.VBAR_EL1 ^= 1n), "VBAR_EL1"],
  ["its virtual CPU interface", (machine) => void (machine.pcpu(OWN).gic.virtual.control ^= 1), "interrupt controller"],
  ["its timer", (machine) => void (machine.pcpu(OWN).virtualTimer.compare = 5n), "interrupt controller"],
  ["its memory", ({ memory }) => memory.write64(MEMORY, 1n), "its memory"],
  ["its tables", (machine) => {
    machine.mappings(machine.pcpu(OWN), (pa, bytes) => machine.memory.write64(pa + bytes - 8, 2n));
  }, "tables"],
])("%s", (_, harm, said) => {
  const siege = besiege(FIELDS[0]?.spec ?? expect.unreachable());
  siege.carryOut({ kind: "look" });
  siege.bystander.check();
  harm(siege.machine);
  expect(() => {
    siege.bystander.check();
    siege.bystander.scan();
  }).toThrow(new RegExp(`the bystander was disturbed: .*${said}`));
});
