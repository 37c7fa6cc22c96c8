import { AARCH64_TRIAL } from "./property/aarch64/trial.ts";
import { storeOrder } from "./property/storeOrder.ts";

await storeOrder(AARCH64_TRIAL);
