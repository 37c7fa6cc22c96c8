// Values of properties as a blob has them (Devicetree Specification v0.4, 2.2.4), written; properties.ts reads them.

const CELL = 4;

export function bytesOf(cells: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(cells.length * CELL));
  for (const [index, cell] of cells.entries()) bytes.setUint32(index * CELL, cell);
  return new Uint8Array(bytes.buffer);
}

export const textOf = (...strings: readonly string[]): Uint8Array =>
  new TextEncoder().encode(strings.map((text) => `${text}\0`).join(""));
