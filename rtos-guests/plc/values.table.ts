// The PLC guest's process values, as a system.yaml lists them for a partition with `guest: plc` (as partitions/examples/demo.yaml
// does): where they are in the tag image the build takes from here, for values.ts.
import { Tag } from "../../partitions/tags/schema.ts";
import type { WrittenTag } from "../../partitions/tags/schema.ts";

const MILLI_CELSIUS = "m°C";
const FULL_POWER: [number, number] = [0, 100_000];

export const values: readonly WrittenTag[] = [
  { name: "Scans", type: "u32", description: "scans since the guest began" },
  { name: "Inputs", type: "u32", description: "bit 0: a part is there; bit 1: the furnace is hot" },
  { name: "Outputs", type: "u32", description: "bits of its outputs" },
  { name: "Parts", type: "u32", description: "parts that have passed" },
  { name: "Furnace.Setpoint", type: "i32", unit: MILLI_CELSIUS, description: "temperature that is wanted" },
  { name: "Furnace.Temperature", type: "i32", unit: MILLI_CELSIUS, description: "temperature that is there" },
  { name: "Furnace.Heater", type: "i32", unit: "m%", range: FULL_POWER, description: "power of its heater" },
].map((tag) => Tag.parse(tag));
