// UARTs of all kinds.
import { Cadence } from "./cadence.ts";
import { Imx } from "./imx.ts";
import { Pl011 } from "./pl011.ts";
import type { Uart, UartFacts } from "./uart.ts";
import { Uart16550 } from "./uart16550.ts";

export function uartOf(facts: UartFacts): Uart {
  switch (facts.kind) {
    case "pl011": return new Pl011();
    case "ns16550": return new Uart16550(facts);
    case "cadence": return new Cadence();
    case "imx": return new Imx();
  }
}
