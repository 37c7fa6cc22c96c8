// A call through a function reference: refused.
function double(x: u32): u32 {
  return x * 2;
}
function square(x: u32): u32 {
  return x * x;
}

export function apply(which: u32, x: u32): u32 {
  const f: (x: u32) => u32 = which == 0 ? double : square;
  return f(x);
}
