// This guest's end of its channel: the process image, its timing behind it, commands, and the peer's doorbell. A partition that
// was planned without a channel has nothing at CHANNEL_IPA, not even memory; then the PLC runs on and nobody watches.
import { PROCESS_IMAGE_SEQUENCE } from "./abi";
import { channelRead32, channelWrite64, cleanLine } from "../../build/generated/channel";
import { CHANNEL_IPA } from "../../build/generated/plcIsa";
import { ProcessImage, writeProcessImage } from "../channel/processImage";
import { TIMING_OVERRUNS } from "../channel/timing";
import { hasChannel, hypervisorIsPresent, ringDoorbell } from "./services";
import { obey, openCommands } from "./commands";
import { CHANNEL_INDEX } from "./map";
import { Statistics } from "./statistics";

let isOpen: bool = false;
let sequence: u32 = 0;

/**
 * Finds out whether there is a channel, by ringing its doorbell: the hypervisor refuses where there is none, and the peer
 * learns that a new life has begun. Bare, the channel's address is RAM. The seqlock goes on from what an earlier life left.
 */
export function openChannel(): void {
  isOpen = !hypervisorIsPresent() || hasChannel(CHANNEL_INDEX);
  if (!isOpen) return;
  sequence = channelRead32(CHANNEL_IPA + PROCESS_IMAGE_SEQUENCE);
  openCommands();
}

/** The peer's next command, if there is one. */
export function serveCommand(scan: u64): void {
  if (isOpen) obey(scan);
}

export function publishImage(image: ProcessImage): void {
  if (isOpen) sequence = writeProcessImage(CHANNEL_IPA, image, sequence);
}

/** `row`: one of HISTOGRAM_*. */
export function publishHistogram(row: u32, statistics: Statistics): void {
  if (isOpen) statistics.publishHistogram(CHANNEL_IPA + row);
}

export function publishOverruns(overruns: u64): void {
  if (!isOpen) return;
  channelWrite64(CHANNEL_IPA + TIMING_OVERRUNS, overruns);
  cleanLine(CHANNEL_IPA + TIMING_OVERRUNS);
}

export function ringPeer(): void {
  if (isOpen) ringDoorbell(CHANNEL_INDEX);
}
