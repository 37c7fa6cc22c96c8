// The simulated performance monitors against the rules of the Arm ARM (D13) that the core's tests lean on.
import { beforeEach, expect, test } from "vitest";
import { COUNTERS, EVENT_L2D_CACHE_REFILL, Pmu } from "../../../tools/machine/aarch64/pmu.ts";
import { RESET } from "../../../tools/machine/aarch64/registers.ts";

const HPME = 1n << 7n;
const LAST = COUNTERS - 1;
const BIT = 1n << BigInt(LAST);

let registers: typeof RESET;
let pmu: Pmu;

beforeEach(() => {
  registers = { ...RESET, MDCR_EL2: BigInt(LAST) | HPME };
  pmu = new Pmu(registers);
  pmu.write("PMCNTENCLR_EL0", 0xffff_ffffn);
  pmu.write("PMINTENCLR_EL1", 0xffff_ffffn);
  pmu.write("PMOVSCLR_EL0", 0xffff_ffffn);
  pmu.write(`PMEVTYPER${LAST}_EL0`, BigInt(EVENT_L2D_CACHE_REFILL));
  pmu.write(`PMEVCNTR${LAST}_EL0`, 0xffff_ff00n);
  pmu.write("PMCNTENSET_EL0", BIT);
  pmu.write("PMINTENSET_EL1", BIT);
});

test("a counter counts its event, wraps, and then asks for the overflow interrupt until its flag is cleared", () => {
  pmu.count(EVENT_L2D_CACHE_REFILL, 0xff);
  expect([pmu.read("PMEVCNTR5_EL0"), pmu.read("PMOVSSET_EL0"), pmu.interrupt]).toEqual([0xffff_ffffn, 0n, false]);
  pmu.count(EVENT_L2D_CACHE_REFILL, 3);
  expect([pmu.read("PMEVCNTR5_EL0"), pmu.read("PMOVSCLR_EL0"), pmu.interrupt]).toEqual([2n, BIT, true]);
  pmu.write("PMOVSCLR_EL0", BIT);
  expect(pmu.interrupt).toBe(false);
});

test("not another event, not while it is off, not while MDCR_EL2.HPME is", () => {
  pmu.count(0x11, 0x1000);
  pmu.write("PMCNTENCLR_EL0", BIT);
  pmu.count(EVENT_L2D_CACHE_REFILL, 0x1000);
  pmu.write("PMCNTENSET_EL0", BIT);
  registers.MDCR_EL2 = BigInt(LAST);
  pmu.count(EVENT_L2D_CACHE_REFILL, 0x1000);
  expect([pmu.read("PMEVCNTR5_EL0"), pmu.interrupt]).toEqual([0xffff_ff00n, false]);
});

test("counters below HPMN are PMCR_EL0.E's", () => {
  registers.MDCR_EL2 = BigInt(COUNTERS);
  pmu.count(EVENT_L2D_CACHE_REFILL, 0x1000);
  expect(pmu.read("PMEVCNTR5_EL0")).toBe(0xffff_ff00n);
  pmu.write("PMCR_EL0", 1n);
  pmu.count(EVENT_L2D_CACHE_REFILL, 0x1000);
  expect([pmu.read("PMEVCNTR5_EL0"), pmu.interrupt]).toEqual([0xf00n, true]);
});

test("PMEVTYPER.P keeps EL1 out", () => {
  pmu.write("PMEVTYPER5_EL0", (1n << 31n) | BigInt(EVENT_L2D_CACHE_REFILL));
  pmu.count(EVENT_L2D_CACHE_REFILL, 0x1000);
  expect(pmu.read("PMEVCNTR5_EL0")).toBe(0xffff_ff00n);
});

test("PMSELR selects what PMXEVTYPER and PMXEVCNTR are; a counter that does not exist is an error", () => {
  pmu.write("PMSELR_EL0", 2n);
  pmu.write("PMXEVTYPER_EL0", 0x17n);
  pmu.write("PMXEVCNTR_EL0", 7n);
  expect([pmu.read("PMEVTYPER2_EL0"), pmu.read("PMEVCNTR2_EL0")]).toEqual([0x17n, 7n]);
  pmu.write("PMSELR_EL0", BigInt(COUNTERS));
  expect(() => pmu.write("PMXEVCNTR_EL0", 0n)).toThrow("MACHINE_UNDEFINED");
  expect((pmu.read("PMCR_EL0") >> 11n) & 0x1fn).toBe(BigInt(COUNTERS));
});
