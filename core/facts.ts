// What a board is planned to be, compared with what it is: a mismatch is one line on the UART, and nothing starts.

import { ownId } from "../build/generated/isa";
import { printText, printValue } from "./print";

/** False, and a line that says so: what is found is not what is planned. */
export function isSame(fact: string, planned: u64, found: u64): bool {
  if (planned == found) return true;
  printValue("axv: pCPU 0x", ownId());
  printText(": ");
  printText(fact);
  printValue(": planned 0x", planned);
  printValue(", found 0x", found);
  printText("\r\n");
  return false;
}
