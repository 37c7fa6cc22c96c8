import { AARCH64_TRIAL } from "./aarch64/trial.ts";
import { isolation } from "./isolation.ts";

isolation(AARCH64_TRIAL);
