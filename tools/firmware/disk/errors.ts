// What is wrong with a disk's tables, each with a stable code, the place, and what to do.
import { CodedError } from "../../../industrial/link/coded-error.ts";

const ANEW = "Write the disk anew, or restore its table with the tool that made it";

export const MESSAGES = {
  AXV_DISK_GPT: (disk: string, sector: string, what: string) => `${disk}, sector ${sector}: its GPT ${what}. ${ANEW}`,
  AXV_DISK_MBR: (disk: string, what: string) => `${disk}, sector 0: its MBR ${what}. ${ANEW}`,
  AXV_DISK_FAT: (disk: string, sector: string, what: string) => `${disk}, sector ${sector}: its FAT file system ${what}. ${ANEW}`,
  AXV_DISK_LAYOUT: (board: string) =>
    `the board "${board}" does not say how its disk is laid out: add \`layout:\` to its board.yaml`,
  AXV_DISK_LOAD: (board: string, loaded: string, image: string) =>
    `on the board "${board}" a slot is read to ${loaded}, which is not in RAM that firmware leaves, clear of the image's ` +
    `${image}: ` +
    "change `load` of `layout:` in its board.yaml",
  AXV_DISK_SLOT: (board: string, bytes: string, slot: string) =>
    `the system has ${bytes} bytes, and a slot on the disk of "${board}" ${slot}: make \`slots\` of \`layout:\` in its ` +
    "board.yaml larger, or its guests' images smaller",
} as const;

export type DiskErrorCode = keyof typeof MESSAGES;

export class DiskError<C extends DiskErrorCode = DiskErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("DiskError", MESSAGES, code, parameters);
  }
}
