// Refused: floating point.
export function scale(x: u32): u32 {
  const half = <f64>x * 0.5;
  return <u32>half;
}
