// Devices of a board that can be given to partitions: what all of one kind have in common, and where each of them is.
import * as z from "zod";
import { DEVICE_END, DEVICE_SPIS_MAX, WINDOWS_MAX } from "./limits.ts";
import { integer, line, modelName, named, nodePath, oneOrMore, REGISTER, register, text, word } from "./values.ts";

/** Devicetree Specification 2.2.1. */
export const nodeName = text(
  "the name of a device tree node, such as virtio_mmio: 31 characters at most",
  /^[a-zA-Z][a-zA-Z0-9,._+-]{0,30}$/,
);
const clockName = text("the name of a clock, such as apb_pclk", /^[a-zA-Z0-9][a-zA-Z0-9,._+-]{0,127}$/);

const WINDOW_EXPECTED = "bytes, 1 to 1024G";
const windowSize = integer(WINDOW_EXPECTED, 1, DEVICE_END);
const SIZES_EXPECTED = `${WINDOW_EXPECTED}; or a list of them, one for each window, at most ${WINDOWS_MAX}`;
const REGS_EXPECTED = `an address such as 0x09010000, a multiple of 4, below 2^40; or a list of 1 to ${WINDOWS_MAX} such`;

/** Of an interrupt: the device holds its line until it has been served, or raises it once. */
export const Trigger = z.enum(["level", "edge"]);
export type Trigger = z.output<typeof Trigger>;
const TRIGGER_EXPECTED = "level or edge; or a list of these, one for each of its interrupts";

/** What all devices of one kind on a board have in common. */
export const DeviceKind = z.strictObject({
  size: oneOrMore(windowSize, SIZES_EXPECTED, 1, WINDOWS_MAX).describe("bytes of its registers; of several windows a list"),
  trigger: oneOrMore(Trigger, TRIGGER_EXPECTED, 1, DEVICE_SPIS_MAX).describe("of its interrupts; where they differ a list"),
  dma: z.boolean().describe("reads or writes memory by itself: it can master the bus"),
  // `none` cannot be mended in software. That a virtio-mmio device's queue addresses are checked as they are written is
  // not enough: its descriptors are in the guest's memory, and the device reads them whenever it likes, long after the
  // guest's last notification. What would hold is a queue of the hypervisor's own, into which each descriptor is copied
  // and checked: an exit a notification and an interrupt, for virtio alone and for its device types that carry no
  // addresses in what they are sent (not balloon, not gpu).
  behind: z
    .enum(["none"], { error: "none: no IOMMU stands between this device and memory" })
    .default("none")
    .describe("of a device that does DMA: what stands between it and memory. none: whoever drives it reaches all of it"),
  quiesce: z
    .strictObject({
      offset: integer("the offset of a register, a multiple of 4", 0, DEVICE_END - REGISTER, REGISTER),
      value: word,
    })
    .optional()
    .describe("a 32-bit write to its first window that ends its DMA, done when its partition stops"),
  node: nodeName.describe("name of its device tree node, without the unit address"),
  compatible: z.array(modelName).min(1),
  dma_coherent: z.boolean().describe("its DMA snoops the CPUs' caches"),
  clock_names: z.array(clockName).default([]).describe("names of its clocks; all of them are the UART's"),
});

/** `interrupts`: how the ISA says which ones it has. */
export const devicePlace = <I extends z.ZodRawShape>(interrupts: I) =>
  z.strictObject({
    kind: z.string().describe("a key of device_kinds"),
    reg: oneOrMore(register, REGS_EXPECTED, 1, WINDOWS_MAX).describe("PA of its registers; of several windows a list"),
    ...interrupts,
    path: nodePath.optional().describe("where it is in the board's own device tree"),
    dma_coherent: z.boolean().optional().describe("goes before its kind's"),
    qemu_bus: line.optional().describe("where QEMU's -device plugs what stands behind it"),
  });

export const devicesOf = <P extends z.ZodType>(place: P) => z.record(named, place).describe("what can be given to partitions");
