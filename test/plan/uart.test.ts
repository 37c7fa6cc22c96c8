// What the hypervisor's UART and the board's watchdog are set to, at the ends of what their registers hold, too.
import { describe, expect, test } from "vitest";
import type { Board } from "../../boards/schema.ts";
import { checkBaud } from "../../partitions/check/baud.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { baudOf, planUart } from "../../partitions/plan/uart.ts";
import type { UartFacts } from "../../partitions/plan/uart.ts";
import { planWatchdog } from "../../partitions/plan/watchdog.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";

const MHZ = 1_000_000;
const facts = (kind: UartFacts["kind"], clock: number, baud?: number): UartFacts =>
  ({ kind, reg: 0x900_0000, clock_hz: clock, baud });

describe("the divisor of a rate, and the rate that it makes", () => {
  test.each<[UartFacts["kind"], number, number, number, number]>([
    ["pl011", 24 * MHZ, 115_200, 833, 115_246],
    ["pl011", 24 * MHZ, 1_500_000, 64, 1_500_000],
    ["pl011", 24 * MHZ, 2_000_000, 64, 1_500_000],
    ["pl011", 24 * MHZ, 1, 0xffff * 64, 23],
    ["ns16550", 24 * MHZ, 115_200, 13, 115_385],
    ["ns16550", 24 * MHZ, 9_000_000, 1, 1_500_000],
    ["ns16550", 24 * MHZ, 1, 0xffff, 23],
    ["imx", 24 * MHZ, 115_200, 208, 115_385],
    ["imx", 24 * MHZ, 100_000_000, 1, 24_000_000],
    ["imx", 24 * MHZ, 1, 0x1_0000, 366],
    // Of the Zynq-7000's manual (UG585, 19.2.3): of 50 MHz 62 × 7; other pairs come as near, and are not the first.
    ["cadence", 50 * MHZ, 115_200, 0x6_003e, 115_207],
    ["cadence", 100 * MHZ, 6, 0xff_fe50, 6],
    ["cadence", 100 * MHZ, 100_000_000, 0x4_0001, 20_000_000],
    ["cadence", 100 * MHZ, 1, 0xff_ffff, 6],
  ])("%s, %d Hz, %d baud", (kind, clock, baud, divisor, rate) => {
    const planned = planUart(facts(kind, clock, baud));
    expect([planned.divisor, Math.round(baudOf(planned, clock))]).toEqual([divisor, rate]);
  });

  test("without a rate it is as firmware leaves it; registers are a byte each, where nothing else is said", () => {
    expect(planUart(facts("pl011", MHZ))).toEqual({ kind: "pl011", address: 0x900_0000, shift: 0, wide: false, divisor: 0 });
    const set = (bytes: number): unknown => planUart({ ...facts("ns16550", MHZ), reg_shift: 2, reg_width: bytes });
    expect(set(4)).toMatchObject({ shift: 2, wide: true });
    expect(set(1)).toMatchObject({ shift: 2, wide: false });
  });
});

test("a rate is refused that is more than 3 % from what its clock makes, in both directions", () => {
  const said = (clock: number, baud?: number): string[] => {
    const findings = new Findings(new YamlSource("board.yaml", ""));
    checkBaud(facts("ns16550", clock, baud), findings);
    return findings.sorted.map(({ message, remedy }) => `${message}: ${remedy}`);
  };
  expect([1_553_000, 1_647_000].flatMap((clock) => said(clock, 100_000))).toEqual([]);
  const remedy = "write another rate, or leave it to firmware (no `baud`)";
  expect(said(1_551_000, 100_000)).toEqual([`of 1551000 Hz its clock makes 96938 baud at best: ${remedy}`]);
  expect(said(1_649_000, 100_000)).toEqual([`of 1649000 Hz its clock makes 103063 baud at best: ${remedy}`]);
  expect(said(1)).toEqual([]);
});

test("a watchdog waits 10 seconds, or up to twice that, as far as it can", () => {
  const planned = (watchdog: unknown): unknown => planWatchdog({ watchdog } as Board);
  const top = (clock: number): unknown => planned({ kind: "dw", reg: 0xc00_0000, clock_hz: clock });
  const dw = (value: number): unknown => ({ kind: "dw", address: 0xc00_0000, top: value });
  expect([100, 6_553, 6_554, 24 * MHZ, 100 * MHZ, 1000 * MHZ].map(top)).toEqual([0, 0, 1, 12, 14, 15].map(dw));
  expect(planned({ kind: "imx", reg: 0xc00_0000 })).toEqual({ kind: "imx", address: 0xc00_0000, top: 0 });
  expect(planned(undefined)).toBeNull();
});
