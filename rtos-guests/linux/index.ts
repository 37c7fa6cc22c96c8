// plc-reader DEVICE OFFSET: a Linux/arm64 program that prints the PLC guest's process image once a second, read from the
// channel between the two partitions: 4 KiB that DEVICE, mapped at OFFSET, shows. That there is none it says once, and
// again only when that has changed: it shares its terminal with a shell. This is asc's entry file; start.S calls
// the two exports.
//
//   plc-reader /dev/uio0 0x0            a kernel with uio_pdrv_genirq: map 0 of the channel's generic-uio node
//   plc-reader /dev/mem 0x<address>     Debian's kernels, which leave that driver out; the address is the node's `reg`.
//                                       CONFIG_STRICT_DEVMEM allows it: it is not RAM, and no driver has claimed it
//
// Both map it as Device memory: aligned accesses only, and no cache, which is why the guest cleans what it has written.
import { argument, NO_ADDRESS, parseAddress } from "./arguments";
import { ProcessImage, READ_NO_MAGIC, READ_OK, readProcessImage } from "../channel/processImage";
import {
  channel, EXIT_USAGE, EXIT_WRITE, GO_ON, line, mapChannel, pause, send, STANDARD_ERROR, STANDARD_OUTPUT,
} from "./program";

const CHANNEL_BYTES: u64 = 4096;
const ARGUMENTS: u32 = 3; // program name, DEVICE, OFFSET

const image = changetype<ProcessImage>(memory.data(offsetof<ProcessImage>(), 8));
/** What the last look at the channel gave: one of READ_*. */
let seen: u32 = READ_OK;

/** From start.S: opens and maps the channel. Gives back GO_ON or an exit status. */
export function start(argumentCount: u32, argv: u64): u32 {
  const offset = argumentCount == ARGUMENTS ? parseAddress(argument(argv, 2)) : NO_ADDRESS;
  if (offset == NO_ADDRESS) {
    line.text("usage: plc-reader DEVICE 0xOFFSET    (such as /dev/uio0 0x0, or /dev/mem and the channel's address)");
    send(STANDARD_ERROR);
    return EXIT_USAGE;
  }
  return mapChannel("plc-reader: ", argument(argv, 1), offset, CHANNEL_BYTES);
}

function compose(result: u32): void {
  line.text("process image: ");
  if (result == READ_NO_MAGIC) {
    line.text("none: the channel has no PLC1 magic (the PLC guest has not written to it)");
    return;
  }
  if (result != READ_OK) {
    line.text("busy: its writer stands still in mid-write");
    return;
  }
  line.text("scans=");
  line.decimal(image.scans);
  line.text(" in=0x");
  line.hex(image.inputs);
  line.text(" out=0x");
  line.hex(image.outputs);
  line.text(" setpoint=");
  line.milli(image.setpoint);
  line.text(" measured=");
  line.milli(image.measured);
  line.text(" actuator=");
  line.milli(image.actuator);
  line.text(" counter=");
  line.decimal(image.counter);
  line.text(" timer=");
  line.decimal(image.timer);
}

/** From start.S, for ever: one look, one second. Gives back GO_ON or an exit status. */
export function step(): u32 {
  const result = readProcessImage(channel, image);
  if (result == READ_OK || result != seen) {
    compose(result);
    if (!send(STANDARD_OUTPUT)) return EXIT_WRITE;
  }
  seen = result;
  pause(1, 0);
  return GO_ON;
}
