// SGIs that have been sent to a vCPU and that no list register holds: a byte for each of the 16, and in it a bit for each vCPU
// that has sent it. GICv2 tells its guest who that was; GICv3 does not: there bit 0 stands for all. Anybody sends; only its own
// pCPU takes.
//
//   31        24 23        16 15         8 7          0
//  ┌────────────┬────────────┬────────────┬────────────┐
//  │ SGI 4·i + 3│ SGI 4·i + 2│ SGI 4·i + 1│ SGI 4·i    │   word i, at sgiSendersAt(4·i)
//  └────────────┴────────────┴────────────┴────────────┘

import { atomicAnd32, atomicOr32, bound, loadAcquire32 } from "../../build/generated/cpu";
import { Vcpu } from "./vcpu";

export const SGI_COUNT: u32 = 16;
export const SGIS: u32 = 0xffff;
const SGIS_A_WORD: u32 = 4;
export const SENDERS: u32 = 0xff; // All senders of an SGI

/** Bit i of four: bit 0 of byte i. */
@inline export function spread(bits: u32): u32 { return ((bits & 15) * 0x00204081) & 0x01010101; }

/** Bit i of eight: byte i is not 0. */
@inline function gather(bytes: u64): u32 {
  const high = bytes & 0x7f7f7f7f7f7f7f7f;
  const some = ((high + 0x7f7f7f7f7f7f7f7f) | bytes) & 0x8080808080808080;
  return <u32>(((some >> 7) * 0x0102040810204080) >> 56);
}

@inline function shiftOf(n: u32): u32 { return n << 3; } // an amount counts modulo 32
@inline function eightAt(vcpu: Vcpu, n: u32): u64 {
  return <u64>loadAcquire32(vcpu.sgiSendersAt(n + 4)) << 32 | loadAcquire32(vcpu.sgiSendersAt(n));
}

/** A vCPU (its index) has sent an SGI, or takes it back. */
export function putSgi(vcpu: Vcpu, n: u32, sender: u32): void {
  atomicOr32(vcpu.sgiSendersAt(n), (<u32>1) << (vcpu.gicv2 != 0 ? shiftOf(n) + sender : shiftOf(n)));
}

/** Those senders' SGI is not pending any more. */
export function takeSgi(vcpu: Vcpu, n: u32, senders: u32): void { atomicAnd32(vcpu.sgiSendersAt(n), ~(senders << shiftOf(n))); }

/** Who has sent that SGI, as a mask. */
export function sendersOf(vcpu: Vcpu, n: u32): u32 { return (loadAcquire32(vcpu.sgiSendersAt(n)) >> shiftOf(n)) & SENDERS; }

/** Those that have been sent, as a mask; those of them that are not active already, from the same senders. */
export function sentSgis(vcpu: Vcpu): u32 { return gather(eightAt(vcpu, 0)) | gather(eightAt(vcpu, 8)) << 8; }
export function newSgis(vcpu: Vcpu): u32 {
  return gather(eightAt(vcpu, 0) & ~vcpu.activeSenders8(0)) | gather(eightAt(vcpu, 8) & ~vcpu.activeSenders8(8)) << 8;
}

/** All SGIs of a mask at once, as if vCPU 0 had sent them; or from nobody any more. */
export function putSgis(vcpu: Vcpu, sgis: u32): void {
  for (let n: u32 = 0; n < SGI_COUNT; n += SGIS_A_WORD) {
    bound(n >> 2, SGI_COUNT / SGIS_A_WORD);
    atomicOr32(vcpu.sgiSendersAt(n), spread(sgis >> n));
  }
}
export function takeSgis(vcpu: Vcpu, sgis: u32): void {
  for (let n: u32 = 0; n < SGI_COUNT; n += SGIS_A_WORD) {
    bound(n >> 2, SGI_COUNT / SGIS_A_WORD);
    atomicAnd32(vcpu.sgiSendersAt(n), ~(spread(sgis >> n) * SENDERS));
  }
}

/** Word n / 4 of senders is set, or cleared, for those bits. */
export function putSenders(vcpu: Vcpu, n: u32, senders: u32): void { atomicOr32(vcpu.sgiSendersAt(n), senders); }
export function takeSenders(vcpu: Vcpu, n: u32, senders: u32): void { atomicAnd32(vcpu.sgiSendersAt(n), ~senders); }
