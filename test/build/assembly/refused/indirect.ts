// Refused: a call through a function table.
function double(x: u32): u32 {
  return x * 2;
}

function square(x: u32): u32 {
  return x * x;
}

export function apply(x: u32): u32 {
  const chosen = x > 3 ? double : square;
  return chosen(x);
}
