// Why a device tree is no board that the hypervisor runs on, each with a stable code and one message that says what to do.
import { CodedError } from "../../industrial/link/coded-error.ts";
import { oneLine } from "../../partitions/source/text.ts";

const OTHER = "Take another board, or the tree of another firmware";

export const MESSAGES = {
  AXV_BOARD_UNREADABLE: (file: string, reason: string) => `${file} cannot be read: ${reason}. Give the path of a .dtb file`,
  AXV_BOARD_NONE: (name: string, known: string) => `there is no board ${name}. Give the path of a board.yaml, or one of ${known}`,
  AXV_BOARD_ISA: (name: string, isa: string) =>
    `${name} is a board of another ISA than this tree, which is of ${isa}. Give its own tree`,
  AXV_BOARD_HARTS: (why: string) =>
    `the hypervisor needs harts with the hypervisor extension and Sstc, and ${why}. ${OTHER}; of QEMU take -cpu rv64`,
  AXV_BOARD_AIA: (why: string) =>
    `the hypervisor needs AIA with messages (IMSIC and APLIC), and ${why}. ${OTHER}; of QEMU take ` +
    "-M virt,aia=aplic-imsic,aia-guests=1",
  AXV_BOARD_MISTAKES: (file: string) => `${file} has mistakes, which have been shown: correct them first`,
  AXV_BOARD_CPUS: (why: string) => `this is no board of AArch64 CPUs: ${why}. Give the tree of an arm64 board`,
  AXV_BOARD_PSCI: (why: string) => `the hypervisor starts pCPUs by PSCI, and ${why}. ${OTHER}`,
  AXV_BOARD_GIC: (why: string) => `the hypervisor needs a GICv2 or GICv3 with virtualization, and ${why}. ${OTHER}`,
  AXV_BOARD_TIMER: (why: string) => `the hypervisor needs the timers of EL2, and ${why}. ${OTHER}`,
  AXV_BOARD_UART: (why: string) =>
    `the hypervisor drives a PL011, a 16550, a Cadence or an i.MX UART, and ${why}. Take a board with one of these, or ` +
    "make one its /chosen/stdout-path",
  AXV_BOARD_RAM: (why: string) =>
    `${why}. Say where RAM is: --ram BASE+SIZE, such as --ram 0x40000000+1G; or give the tree of the running board, ` +
    "/sys/firmware/fdt",
  AXV_BOARD_SPIS: (why: string) => `consoles and channels ring by SPIs that no device has, and ${why}. Take another board`,
  AXV_BOARD_FACTS: (why: string) => `what this tree says cannot all be true: ${why}. Give the tree of the running board`,
  AXV_BOARD_RAM_OPTION: (text: string) =>
    `--ram ${text} is no RAM: write BASE+SIZE, both multiples of 4K, such as --ram 0x40000000+1G`,
} as const;

export type BoardErrorCode = keyof typeof MESSAGES;

export class BoardError<C extends BoardErrorCode = BoardErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    // Much of them is what a tree says.
    super("BoardError", MESSAGES, code, parameters.map(oneLine) as Parameters<(typeof MESSAGES)[C]>);
  }
}
