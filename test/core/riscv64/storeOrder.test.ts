import { RISCV64_TRIAL } from "../property/riscv64/trial.ts";
import { storeOrder } from "../property/storeOrder.ts";

await storeOrder(RISCV64_TRIAL);
