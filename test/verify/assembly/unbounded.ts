// The inner loop does not state its bound; the outer one's does not count for it: refused.
import { bound } from "../../../build/generated/cpu";

export function wait(at: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 10);
    while (load<u32>(at) == 0) {
      store<u32>(at + 4, i);
    }
  }
}
