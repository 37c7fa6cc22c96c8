import { AARCH64_TRIAL } from "./property/aarch64/trial.ts";
import { races } from "./property/races.ts";

races(AARCH64_TRIAL);
