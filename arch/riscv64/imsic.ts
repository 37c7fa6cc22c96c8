// The IMSIC (AIA 1.0, chapter 3): each hart has an interrupt file of its own, at supervisor level, and one for each guest that
// it could have. An interrupt is a word written to the first word of a file's page, and is called by its number there: its
// identity. In the hypervisor's own file that is the kick, the most urgent one, and sources of an injected guest (vplic.ts): that
// file delivers whatever the guest does with its own.
//
//   PA:   imsic + (hart << imsicShift)    ┌──────────────────┬──────────────┬─────┐
//                                         │ supervisor's page│ guest file 1 │ …   │   4 KiB each
//                                         └──────────────────┴──────────────┴─────┘

import {
  claimTop, csrw_sireg, csrw_siselect, csrw_vsireg, csrw_vsiselect, fence, mmioWrite32, probeFile,
} from "../../build/generated/riscv64";
import { bound } from "../../build/generated/cpu";
import { machine } from "../../build/generated/blob";
import { LINE_WORDS } from "../../core/vcpu";
import { Vcpu } from "./vcpu";

// Indirectly accessed registers of a file (3.8): of 64 bits, so that every other number is none.
const EIDELIVERY: u32 = 0x70;
const EITHRESHOLD: u32 = 0x72;
const EIP0: u32 = 0x80;
const EIE0: u32 = 0xc0;
/** Of eip and eie, at most: for 2,047 identities. */
const ARRAY_REGISTERS: u32 = 64;
const IDENTITIES_SHIFT: u32 = 5; // in 32 bits
/** The lowest identity is the most urgent. It is where source 0's would be, which is none. */
const KICK: u32 = 1;
export const OWN_FILE: u64 = 0;
/** stopei: the identity is above its priority. */
const IDENTITY_SHIFT: u64 = 16;

/** PA of the hart's own file. */
export function fileOf(hart: u64): u64 { return machine().imsic + (hart << machine().imsicShift); }

/** What the other is to see has been written. */
export function kick(target: Vcpu): void {
  fence();
  mmioWrite32(target.interruptFile, KICK);
}

/** Of a source, in the own file of a hart. */
@inline export function identityOf(source: u32): u32 { return source + KICK; }

/** Takes what is most urgent: a source, or 0: the kick, or nothing any more. */
export function claimSource(): u32 {
  const identity = <u32>(claimTop() >> IDENTITY_SHIFT);
  return identity > KICK ? identity - KICK : 0;
}

@inline function setOwn(register: u32, value: u64): void {
  csrw_siselect(register);
  csrw_sireg(value);
}

@inline function setGuests(register: u32, value: u64): void {
  csrw_vsiselect(register);
  csrw_vsireg(value);
}

/**
 * They have all the identities that are planned. Registers of more are to read 0 (3.8.3), and on QEMU are an illegal
 * instruction.
 */
export function hasIdentities(): bool { return probeFile(EIE0 + arrayRegisters() - 2) != 0; }

/** Of those that the board's files have. */
@inline function arrayRegisters(): u32 { return (machine().identities + 1) >> IDENTITIES_SHIFT; }

/** Each hart, once: of its own file the kick, and an injected guest's sources. */
export function initFile(vcpu: Vcpu): void {
  setOwn(EIDELIVERY, 0);
  const end = arrayRegisters();
  let carried = (<u64>1) << KICK;
  for (let n: u32 = 0; n < end; n += 2) {
    bound(n >> 1, ARRAY_REGISTERS / 2);
    const sources = vcpu.direct == 0 && n < LINE_WORDS ? <u64>vcpu.owned(n) | <u64>vcpu.owned(n + 1) << 32 : 0;
    setOwn(EIP0 + n, 0);
    setOwn(EIE0 + n, sources << KICK | carried);
    carried = sources >> (64 - KICK);
  }
  setOwn(EITHRESHOLD, 0);
  setOwn(EIDELIVERY, 1);
}

/**
 * The guest's file, which hstatus.VGEIN names, as after a reset; its page then takes what is written to it, and delivers none
 * of it.
 */
export function resetGuestFile(): void {
  setGuests(EIDELIVERY, 0);
  setGuests(EITHRESHOLD, 0);
  const end = arrayRegisters();
  for (let n: u32 = 0; n < end; n += 2) {
    bound(n >> 1, ARRAY_REGISTERS / 2);
    setGuests(EIE0 + n, 0);
    setGuests(EIP0 + n, 0);
  }
}
