import { races } from "../property/races.ts";
import { RISCV64_TRIAL } from "../property/riscv64/trial.ts";

races(RISCV64_TRIAL);
