// The guest's process values in its tag image (values.table.ts), where the system gives them one: behind its mailbox. A value
// that has not changed costs nothing but the comparison.
import {
  openTags, set_Furnace_Heater, set_Furnace_Setpoint, set_Furnace_Temperature, set_Inputs, set_Outputs, set_Parts, set_Scans,
  TAGS_SIZE,
} from "../../build/generated/values";
import { ProcessImage } from "../channel/processImage";
import { beginScan, endScan, TagImage } from "../channel/tagImage";
import { tagImage } from "./services";

const tags = changetype<TagImage>(memory.data(offsetof<TagImage>(), 8));
/** As they stand in the tag image. */
const shown = changetype<ProcessImage>(memory.data(offsetof<ProcessImage>(), 8));
let isOpen: bool = false;

export function openValues(): void {
  const ipa = tagImage(TAGS_SIZE);
  if (ipa == 0) return;
  openTags(tags, ipa);
  isOpen = true;
}

/** `time`: now() at this scan's start. */
export function publishValues(image: ProcessImage, time: u64): void {
  if (!isOpen) return;
  beginScan(tags);
  set_Scans(tags, <u32>image.scans);
  if (image.inputs != shown.inputs) set_Inputs(tags, image.inputs);
  if (image.outputs != shown.outputs) set_Outputs(tags, image.outputs);
  if (image.counter != shown.counter) set_Parts(tags, image.counter);
  if (image.setpoint != shown.setpoint) set_Furnace_Setpoint(tags, image.setpoint);
  if (image.measured != shown.measured) set_Furnace_Temperature(tags, image.measured);
  if (image.actuator != shown.actuator) set_Furnace_Heater(tags, image.actuator);
  endScan(tags, time);
  memory.copy(changetype<usize>(shown), changetype<usize>(image), offsetof<ProcessImage>());
}
