// Why a file cannot be anybody's guest here, each with a stable code and one message that says what to do.
import { ISA_TITLES } from "../../boards/isa.ts";
import { CodedError } from "../../industrial/link/coded-error.ts";

const ISAS = Object.values(ISA_TITLES).join(" or ");

export const MESSAGES = {
  AXV_GUEST_UNREADABLE: (file: string, reason: string) => `${file} cannot be read: ${reason}. Give the path of an image file`,
  AXV_GUEST_ISA: (file: string, isa: string) =>
    `${file} is built for ${isa}, and the boards' CPUs are ${ISAS}. Give an image that is built for one of these`,
  AXV_GUEST_MALFORMED: (file: string, reason: string) =>
    `${file} is no image that can be loaded: ${reason}. Give an arm64 or riscv Image, an ELF file or a raw binary, as its ` +
      "build leaves it, not compressed",
} as const;

export type GuestErrorCode = keyof typeof MESSAGES;

export class GuestError<C extends GuestErrorCode = GuestErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("GuestError", MESSAGES, code, parameters);
  }
}
