// Causes of traps (privileged architecture, "Supervisor cause register values").
export const INSTRUCTION_ACCESS = 1;
export const ILLEGAL_INSTRUCTION = 2;
export const LOAD_ACCESS = 5;
export const STORE_ACCESS = 7;
export const ECALL_VS = 10;
export const INSTRUCTION_PAGE = 12;
export const LOAD_PAGE = 13;
export const STORE_PAGE = 15;
export const INSTRUCTION_GUEST_PAGE = 20;
export const LOAD_GUEST_PAGE = 21;
export const VIRTUAL_INSTRUCTION = 22;
export const STORE_GUEST_PAGE = 23;
/** scause of an interrupt. */
export const INTERRUPT = 1n << 63n;

export type Access = "read" | "write" | "execute";

/** Page fault of the guest's own translation, and of the second stage. */
export const PAGE_FAULT: Readonly<Record<Access, number>> = { execute: INSTRUCTION_PAGE, read: LOAD_PAGE, write: STORE_PAGE };
export const GUEST_PAGE_FAULT: Readonly<Record<Access, number>> = {
  execute: INSTRUCTION_GUEST_PAGE, read: LOAD_GUEST_PAGE, write: STORE_GUEST_PAGE,
};

/** A trap: what scause, stval, htval and htinst say of it. */
export interface Trap {
  readonly cause: number;
  /** Guest-virtual address, and guest-physical one, of a guest page fault, shifted. */
  readonly tval: bigint;
  readonly gpa: bigint;
  readonly htinst: bigint;
}
