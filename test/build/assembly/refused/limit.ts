// Refused: a bound that is known only at run time.
import { bound } from "../../../../build/generated/cpu";

export function sum(count: u32): u32 {
  let total: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    bound(i, count);
    total += load<u32>(i * 4);
  }
  return total;
}
