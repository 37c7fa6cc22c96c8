// The board's own watchdog, armed before the first guest, fed by the housekeeper's tick: where nobody keeps house, it resets the
// board. DesignWare's (snps,dw-wdt; Linux drivers/watchdog/dw_wdt.c has its registers), or i.MX's (fsl,imx21-wdt; imx2_wdt.c).
//
//   WDT_CR    4     2   1    0        WDT_TORR  7        4 3    0
//            │ pulse │RMOD│ EN │                 │ TOP_INIT │ TOP │   2^(16 + TOP) of its clock; RMOD 0: a reset at once
//   WCR       15 8 7   3  2   1   0
//            │ WT │     │WDE│       │   (WT + 1) / 2 s; WDE: it is on, and stays so; the others are as firmware has them

import { mmioRead16, mmioRead32, mmioWrite16, mmioWrite32 } from "../../build/generated/isa";
import { header, WATCHDOG_IMX } from "../../build/generated/blob";

const CONTROL: u64 = 0x00;
const TIMEOUT: u64 = 0x04;
const RESTART: u64 = 0x0c;
const ENABLE: u32 = 1;
const INTERRUPT_FIRST: u32 = 2;
const RESTART_KEY: u32 = 0x76;
const TOP_INIT_SHIFT: u32 = 4;
const IMX_SERVICE: u64 = 0x02;
const IMX_ENABLED: u32 = 19 << 8 | 1 << 2; // 10 s

export function armBoardWatchdog(): void {
  const at = header().watchdog;
  if (at == 0) return;
  const isImx = header().watchdogKind == WATCHDOG_IMX;
  if (isImx) mmioWrite16(at + CONTROL, <u8>mmioRead16(at + CONTROL) | IMX_ENABLED);
  else mmioWrite32(at + TIMEOUT, header().watchdogTop << TOP_INIT_SHIFT | header().watchdogTop);
  feedBoardWatchdog();
  if (!isImx) mmioWrite32(at + CONTROL, mmioRead32(at + CONTROL) & ~INTERRUPT_FIRST | ENABLE);
}

export function feedBoardWatchdog(): void {
  const at = header().watchdog;
  if (at == 0) return;
  if (header().watchdogKind != WATCHDOG_IMX) return mmioWrite32(at + RESTART, RESTART_KEY);
  mmioWrite16(at + IMX_SERVICE, 0x5555);
  mmioWrite16(at + IMX_SERVICE, 0xaaaa);
}
