// Refused: the inner loop states no bound; the outer one's does not count for it.
import { bound } from "../../../../build/generated/cpu";

export function sum(rows: u32, columns: u32): u32 {
  let total: u32 = 0;
  for (let row: u32 = 0; row < rows; row++) {
    bound(row, 8);
    for (let column: u32 = 0; column < columns; column++) {
      total += load<u32>(row * 64 + column * 4);
    }
  }
  return total;
}
