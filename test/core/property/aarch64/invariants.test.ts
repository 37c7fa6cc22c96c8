// That the invariants notice: whatever is changed that the pCPU which acts has no business in, they say so.
import { expect, test } from "vitest";
import { cpuOf } from "../../../../tools/machine/aarch64/gic/gic.ts";
import { HCR_TWI, MDCR_TDA } from "../../../../tools/machine/aarch64/registers.ts";
import { STANDARD } from "../../../../tools/machine/aarch64/system.ts";
import { Invariants } from "../invariants.ts";
import type { OwnAction } from "./actions.ts";
import { Aarch64World } from "./world.ts";

const VIRTUAL_TIMER = 27;
const HYPERVISOR_TIMER = 26;
/** Of the acting pCPU's partition, and of the other's. */
const [OWN_SPI, FOREIGN_SPI] = [48, 60];
const [ACTOR, OTHER] = [0, 3];
const FOREIGN_MEMORY = 0x4800_0000;
/** In a list register: pending, HW = 1, for the foreign SPI. */
const FOREIGN_LR = (1n << 62n) | (1n << 61n) | (1n << 60n) | (BigInt(FOREIGN_SPI) << 32n) | BigInt(FOREIGN_SPI);

function flip(set: Uint32Array | Uint8Array, at: number, bits: number): void {
  set[at] = (set[at] ?? 0) ^ bits;
}
const toggle = (set: Uint32Array, intid: number): void => flip(set, intid >> 5, 1 << (intid & 31));
const bankOf = ({ machine }: Aarch64World) => machine.gic.distributor.bank;
const privates = ({ machine }: Aarch64World, pcpu: number) => cpuOf(machine.gic, pcpu).bank;
const routes = ({ machine }: Aarch64World): Uint32Array => machine.gic.distributor.routes[0] ?? expect.unreachable();

function world(): { world: Aarch64World; invariants: Invariants<OwnAction> } {
  const made = new Aarch64World(STANDARD);
  made.wakeAll();
  const invariants = new Invariants(made);
  invariants.remember();
  return { world: made, invariants };
}

test.each<[string, (world: Aarch64World) => void, string]>([
  ["a foreign SPI is enabled, or not", (one) => toggle(bankOf(one).enabled, FOREIGN_SPI), "changed enable of foreign lines"],
  ["is active", (one) => toggle(bankOf(one).active, FOREIGN_SPI), "changed active of foreign lines"],
  ["is pending", (one) => toggle(bankOf(one).latch, FOREIGN_SPI), "changed pending of foreign lines"],
  ["is in another group", (one) => toggle(bankOf(one).group, FOREIGN_SPI), "changed group of foreign lines"],
  ["is an edge", (one) => toggle(bankOf(one).edge, FOREIGN_SPI), "changed trigger of foreign lines"],
  ["goes elsewhere", (one) => flip(routes(one), FOREIGN_SPI, 1), "changed the route of foreign line"],
  ["its own SPI goes to another partition", (one) => flip(routes(one), OWN_SPI, OTHER), "is routed to partitions 1"],
  [
    "the hypervisor's PPI is off", (one) => toggle(privates(one, ACTOR).enabled, HYPERVISOR_TIMER),
    "the hypervisor's own private interrupts",
  ],
  [
    "another's PPI is off", (one) => toggle(privates(one, OTHER).enabled, VIRTUAL_TIMER),
    "changed enable of the private interrupts of pCPU 3",
  ],
  [
    "another's record", ({ machine }) => flip(new Uint8Array(machine.linear.buffer), machine.pcpu(OTHER).vcpu + 16, 1),
    "changed the vCPU of pCPU 3",
  ],
  ["a fence", ({ machine }) => void (machine.pcpu(ACTOR).registers.VTCR_EL2 ^= 1n), "VTCR_EL2 is"],
  ["debug registers are not trapped", ({ machine }) => void (machine.pcpu(ACTOR).registers.MDCR_EL2 ^= MDCR_TDA), "MDCR_EL2 is"],
  ["WFI is not trapped", ({ machine }) => void (machine.pcpu(ACTOR).registers.HCR_EL2 ^= HCR_TWI), "HCR_EL2 is"],
  [
    "a foreign interrupt in a list register", ({ machine }) => machine.pcpu(ACTOR).gic.virtual.write(0, FOREIGN_LR),
    "in a list register",
  ],
  ["foreign memory is written", ({ machine }) => machine.allowWrite(FOREIGN_MEMORY, 8), "the hypervisor wrote 8 bytes"],
  ["a table", ({ machine }) => {
    machine.mappings(machine.pcpu(ACTOR), (pa, bytes) => machine.memory.write64(pa + bytes - 8, 2n));
  }, "the table at"],
  ["the distributor is off", ({ machine }) => machine.gic.write(ACTOR, machine.board.gicd, 4, 0n), "was switched off"],
])("%s", (_, harm, said) => {
  const { world: made, invariants } = world();
  invariants.check(ACTOR);
  harm(made);
  expect(() => invariants.check(ACTOR)).toThrow(`invariant broken: `);
  expect(() => invariants.check(ACTOR)).toThrow(said);
});
