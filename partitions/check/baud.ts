// Whether the hypervisor's UART can have the rate that a board's file asks for.
import { boardFact } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { baudOf, planUart } from "../plan/uart.ts";
import type { UartFacts } from "../plan/uart.ts";

/** Of a rate: what a receiver still understands, ten bits long. */
const BAUD_TOLERANCE = 0.03;

export function checkBaud(uart: UartFacts, mistakes: Findings): void {
  if (uart.baud === undefined) return;
  const rate = Math.round(baudOf(planUart(uart), uart.clock_hz));
  if (Math.abs(rate / uart.baud - 1) <= BAUD_TOLERANCE) return;
  const remedy = "write another rate, or leave it to firmware (no `baud`)";
  mistakes.report(["uart", "baud"], boardFact(`of ${uart.clock_hz} Hz its clock makes ${rate} baud at best`, remedy));
}
