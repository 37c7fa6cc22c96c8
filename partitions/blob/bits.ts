// A set of small numbers as the bits of one.

export const bitsOf = (numbers: readonly number[]): number => numbers.reduce((bits, number) => bits + 2 ** number, 0);
