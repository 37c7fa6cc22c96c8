// The hash that both sides of a differential test take; linear.h has it in C.
export const mix = (hash: number, word: number): number => {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};

export function hashMemory(words: Uint32Array): number {
  let all = 0;
  for (const word of words) all = mix(all, word);
  return all >>> 0;
}
