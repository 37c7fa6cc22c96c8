// What the benchmark guests print: lines on their PL011, which is the machine's own or an emulated one.
import { bound } from "../../../build/generated/cpu";
import { mmioRead32, mmioWrite32 } from "../../../build/generated/guest";
import { sleep } from "./sleep";
import { Line, LINE_BYTES, LINE_MAX } from "../../../rtos-guests/text/line";

// PL011 (Arm DDI 0183)
const UARTDR: u64 = 0x09000000;
const UARTFR: u64 = UARTDR + 0x18;
const FR_TXFF: u32 = 1 << 5;
/** A hypervisor drains a full FIFO within some milliseconds. */
const FIFO_POLLS: u32 = 1000;
const FIFO_WAIT_US: u64 = 1000;

export const line = changetype<Line>(memory.data(LINE_BYTES, 8));

export function print(): void {
  line.text("\n");
  for (let i: u32 = 0; i < line.length; i++) {
    bound(i, LINE_MAX);
    for (let poll: u32 = 0; (mmioRead32(UARTFR) & FR_TXFF) != 0; poll++) {
      bound(poll, FIFO_POLLS);
      if (poll + 1 == FIFO_POLLS) return;
      sleep(FIFO_WAIT_US);
    }
    mmioWrite32(UARTDR, load<u8>(line.start + i));
  }
  line.length = 0;
}

/** What must not happen: three words say what it was. */
export function fail(what: u64, where: u64, address: u64): void {
  line.length = 0;
  line.text("bench: failed ");
  line.hex(what);
  line.text(" ");
  line.hex(where);
  line.text(" ");
  line.hex(address);
  print();
}
