// The same on the maps of other boards: fewer sequences, as what differs is where everything is.
import { FOREIGN } from "./aarch64/foreign.ts";
import { AARCH64_TRIAL } from "./aarch64/trial.ts";
import { isolation } from "./isolation.ts";
import { runs } from "./seed.ts";

isolation({ ...AARCH64_TRIAL, systems: FOREIGN }, runs(40));
