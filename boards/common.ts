// What a board.yaml holds whatever the ISA: facts of a board, and nothing else. How partitions use the board is system.yaml's
// business. boards/<isa>.ts puts an ISA's own facts beside these, and says how it numbers interrupts.
import { z } from "zod";
import { DEVICE_END, FRAME, MAPPED_END, MAX_BANKS } from "./limits.ts";
import { integer, line, text } from "./values.ts";

/** Of what the hypervisor drives, which it maps at VA = PA by whole pages; nothing of it is at 0. */
export const frame = integer("an address such as 0x08000000, a multiple of 4K, below 2^38", FRAME, MAPPED_END - FRAME, FRAME);
const REGISTER = 4;
/** Of a 32-bit register, or a cell of a device tree. */
const WORD_MAX = 2 ** 32 - 1;

const boardName = /^[a-z0-9][a-z0-9-]{0,62}$/;
const named = text('at most 63 of a-z, 0-9 and "-", the first one no "-"', boardName);
/** Devicetree Specification 2.2.1. */
const nodeName = text(
  "the name of a device tree node, such as virtio_mmio: 31 characters at most",
  /^[a-zA-Z][a-zA-Z0-9,._+-]{0,30}$/,
);
/** Devicetree Specification 2.3.1, and what kernels have besides. */
export const modelName = text("manufacturer and model, such as arm,pl031", /^[a-zA-Z0-9][a-zA-Z0-9,._+-]{0,127}$/);
const clockName = text("the name of a clock, such as apb_pclk", /^[a-zA-Z0-9][a-zA-Z0-9,._+-]{0,127}$/);

/** What all devices of one kind on a board have in common. */
export const DeviceKind = z.strictObject({
  size: integer("bytes, 1 to 1024G", 1, DEVICE_END).describe("bytes of its registers"),
  trigger: z.enum(["level", "edge"]),
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
      value: integer("a value of 32 bits", 0, WORD_MAX),
    })
    .optional()
    .describe("a 32-bit write that ends its DMA, done when its partition stops"),
  node: nodeName.describe("name of its device tree node, without the unit address"),
  compatible: z.array(modelName).min(1),
  dma_coherent: z.boolean().describe("its DMA snoops the CPUs' caches"),
  clock_names: z.array(clockName).default([]).describe("names of its clocks; all of them are the UART's"),
});

/** `interrupt`: how the ISA says which one it has. */
export const devicePlace = <I extends z.ZodRawShape>(interrupt: I) =>
  z.strictObject({
    kind: z.string().describe("a key of device_kinds"),
    reg: integer("an address such as 0x09010000, a multiple of 4, below 2^40", 0, DEVICE_END - REGISTER, REGISTER).describe(
      "PA of its registers",
    ),
    ...interrupt,
    qemu_bus: line.optional().describe("where QEMU's -device plugs what stands behind it"),
  });

const SETS_MAX = 2 ** 24;
const WAYS_MAX = 1024; // more than there are anywhere
export const Cache = z.strictObject({
  level: z.int().min(1).max(3),
  kind: z.enum(["instruction", "data", "unified"]),
  sets: integer("how many sets there are, 1 to 16M", 1, SETS_MAX),
  ways: integer("how many ways there are, 1 to 1024", 1, WAYS_MAX),
  line: z.literal([16, 32, 64, 128, 256]),
});

/** Linux's arm64 and riscv Images both want it (Documentation/arch/arm64/booting.rst, riscv/boot-image-header.rst). */
const IMAGE_STEP = 0x20_0000;
const IMAGE_EXPECTED = "an address such as 0x40200000, a multiple of 2M, below 2^38";
/** More than any of its machines has. */
const QEMU_CPUS_MAX = 512;
const RAM_SIZE_EXPECTED = "bytes, a multiple of 4K, at most 2^38";
const RAM_EXPECTED = `1 to ${MAX_BANKS} banks, such as [{ base: 0x40000000, size: 0x40000000 }]`;

export const uartShape = {
  reg: frame,
  clock_hz: integer("its clock in Hz, 1 to 2^32 - 1", 1, WORD_MAX),
};

export const bootShape = {
  image: integer(IMAGE_EXPECTED, 0, MAPPED_END - IMAGE_STEP, IMAGE_STEP).describe("PA the image is loaded at"),
  qemu: z
    .strictObject({
      machine: line,
      cpu: line,
      smp: integer("how many CPUs, 1 to 512", 1, QEMU_CPUS_MAX).optional().describe(
        "-smp, where the machine has CPUs that are no pCPUs; without this key as many as there are pCPUs",
      ),
    })
    .optional()
    .describe("how QEMU is this board"),
};

export const commonShape = {
  name: named,
  description: line,
  ram: z
    .array(
      z.strictObject({
        base: integer("an address such as 0x40000000, a multiple of 4K, below 2^38", 0, MAPPED_END - FRAME, FRAME),
        size: integer(RAM_SIZE_EXPECTED, FRAME, MAPPED_END, FRAME),
      }),
      { error: RAM_EXPECTED },
    )
    .min(1, { error: RAM_EXPECTED })
    .max(MAX_BANKS, { error: RAM_EXPECTED }),
  device_kinds: z.record(named, DeviceKind),
};

export const devicesOf = <P extends z.ZodType>(place: P) => z.record(named, place).describe("what can be given to partitions");
