// The guest's physical address space: where the partition's plan puts what this guest uses.

/** The channel, 4 KiB, at its start the process image. Bare, it is RAM, behind the image. */
export const CHANNEL_IPA: u64 = 0x90000000;
/** Bare only: the 16550 of QEMU's virt machine, as its firmware leaves it. Under a hypervisor there may be none. */
export const UART_PA: u64 = 0x10000000;
