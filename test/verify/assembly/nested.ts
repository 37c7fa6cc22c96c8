// Loops inside loops, directly and through calls. Lines are named in the test.
import { bound } from "../../../build/generated/cpu";

function fill(at: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 7);
    store<u32>(at + i * 4, i);
  }
}

export function outer(at: usize, rows: u32, columns: u32): void {
  for (let row: u32 = 0; row < rows; row++) {
    bound(row, 5);
    for (let column: u32 = 0; column < columns; column++) {
      bound(column, 6);
      store<u32>(at + (row * 6 + column) * 4, row ^ column);
    }
    fill(at + row * 64, columns);
  }
}

export function alone(at: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 3);
    fill(at + i * 64, 7);
  }
}
