// The seed of the property tests: a new one for every run, so that people's runs go on searching; AXV_SEED repeats an old one.
// CI always takes the same: what turns it red is the change at hand, and not a find of chance in what was there before.
const SEEDS = 0x7fff_ffff;
export const CI_SEED = 20261122;
const given = process.env["AXV_SEED"] ?? (process.env["CI"] === undefined ? undefined : String(CI_SEED));

export const seed = given === undefined ? Math.floor(Math.random() * SEEDS) : Number(given);

/** How many sequences are tried; AXV_RUNS: fewer, for who runs the tests very often. */
export const runs = (usual: number): number => Number(process.env["AXV_RUNS"] ?? usual);
