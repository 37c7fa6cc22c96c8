// The seed of the property tests: a new one for every run, unless AXV_SEED repeats an old one.
const given = process.env["AXV_SEED"];
const SEEDS = 2 ** 31;

export const seed = given === undefined ? Math.floor(Math.random() * SEEDS) : Number(given);
