// Which UART the hypervisor drives, as it stands in the image ahead of the blob (core/devices/uart.ts).
import type { BlobRecord } from "./codec.ts";

/** Its PA; then kind, shift and width of its registers, divisor. */
export type UartWords = readonly [bigint, bigint];

const SHIFT_AT = 8n;
const WIDE_AT = 16n;
const DIVISOR_AT = 32n;

/** Of a blob's header. */
export function uartWords(header: BlobRecord): UartWords {
  const of = (field: string): bigint => BigInt(header[field] ?? 0);
  const setup = (of("uartDivisor") << DIVISOR_AT) | (of("uartWide") << WIDE_AT) | (of("uartShift") << SHIFT_AT) | of("uartKind");
  return [of("uart"), setup];
}
