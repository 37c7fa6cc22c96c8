// All attempts, in the order in which they are made.
import type { Attempt } from "../attempt.ts";
import { calls, psciCalls } from "./calls.ts";
import { devices } from "./devices.ts";
import { distributor } from "./distributor.ts";
import { exceptions } from "./exceptions.ts";
import { maintenance } from "./maintenance.ts";
import { memory } from "./memory.ts";
import { partners } from "./partners.ts";
import { redistributor } from "./redistributor.ts";
import { registers } from "./registers.ts";
import { sgis } from "./sgis.ts";
import { storms } from "./storms.ts";
import { walks } from "./walks.ts";

export const ATTEMPTS: readonly Attempt[] = [
  ...memory, ...walks, ...maintenance, ...devices, ...distributor, ...redistributor, ...sgis, ...calls, ...psciCalls,
  ...registers, ...exceptions, ...storms, ...partners,
];
