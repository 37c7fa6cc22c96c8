// The board's own watchdog: DesignWare's (snps,dw-wdt; Linux drivers/watchdog/dw_wdt.c has its registers). Armed before the first
// guest, fed by the housekeeper's tick: where nobody keeps house any more, it resets the board.
//
//   WDT_CR    4     2   1    0        WDT_TORR  7        4 3    0
//            │ pulse │RMOD│ EN │                 │ TOP_INIT │ TOP │   2^(16 + TOP) of its clock; RMOD 0: a reset at once

import { mmioRead32, mmioWrite32 } from "../../build/generated/isa";
import { header } from "../../build/generated/blob";

const CONTROL: u64 = 0x00;
const TIMEOUT: u64 = 0x04;
const RESTART: u64 = 0x0c;
const ENABLE: u32 = 1;
const INTERRUPT_FIRST: u32 = 2;
const RESTART_KEY: u32 = 0x76;
const TOP_INIT_SHIFT: u32 = 4;

export function armBoardWatchdog(): void {
  const at = header().watchdog;
  if (at == 0) return;
  mmioWrite32(at + TIMEOUT, header().watchdogTop << TOP_INIT_SHIFT | header().watchdogTop);
  feedBoardWatchdog();
  mmioWrite32(at + CONTROL, mmioRead32(at + CONTROL) & ~INTERRUPT_FIRST | ENABLE);
}

export function feedBoardWatchdog(): void {
  if (header().watchdog != 0) mmioWrite32(header().watchdog + RESTART, RESTART_KEY);
}
