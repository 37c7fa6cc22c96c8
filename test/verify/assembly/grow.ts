// Memory that grows: refused.
export function more(): i32 {
  return memory.grow(1);
}
