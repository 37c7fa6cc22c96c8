// Two functions that call each other: refused.
export function even(n: u32): bool {
  return n == 0 ? true : odd(n - 1);
}

function odd(n: u32): bool {
  return n == 0 ? load<u8>(0) != 0 : even(n - 1) && load<u8>(n) != 0;
}
