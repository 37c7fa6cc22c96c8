// What the third cell of a GIC's interrupt says of its trigger (Linux, dt-bindings/interrupt-controller/irq.h).
import type { Trigger } from "../../boards/devices.ts";

/** IRQ_TYPE_EDGE_RISING, IRQ_TYPE_LEVEL_HIGH. */
export const TRIGGER_CELL = { edge: 1, level: 4 } as const;
/** Falling ones, too: an SPI is neither falling nor low (arm,gic.yaml), whatever a tree says. */
const ANY_EDGE = 3;

export const triggerOf = (cell: number): Trigger => ((cell & ANY_EDGE) === 0 ? "level" : "edge");
