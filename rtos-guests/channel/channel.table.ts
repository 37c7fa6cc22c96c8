// Intrinsics for a channel: memory shared with another partition, reached by its address (not part of linear memory).
// The peer writes and reads it at any time, so every access is exactly one instruction of the width it says, and order
// is asked for by name. Used by both ends: the PLC guest at EL1 and the Linux reader at EL0; imported from "channel". The
// mailbox, which is shared with the hypervisor, is reached by them too.
//
// AArch64: barriers are Outer Shareable (ARM DDI 0487, B2.3.12): Linux maps a UIO region as Device memory, which is always Outer
// Shareable, while the PLC guest's mapping is Normal Inner Shareable; an OSH barrier orders the accesses of both.
// Linux's accesses pass the caches by, the PLC guest's do not: it cleans what it wrote and refreshes what it wants to read, line
// by line. A cache line therefore has one writer only: else cleaning it would undo the other's stores.
//
// RISC-V: memory is coherent for all who reach it, whatever Linux maps it as (there is no other way to map it without Svpbmt):
// to clean and to refresh is to keep the order, with a fence (RVWMO, "Memory Ordering").
import type { Intrinsic } from "../../tools/build/intrinsic.ts";

const read = (bits: 32 | 64): Intrinsic => {
  const type = bits === 64 ? "unsigned long" : "unsigned int";
  const c = (instruction: string): string =>
    `${type} value; __asm__ volatile("${instruction}" : "=r"(value) : "r"(address) : "memory"); return value;`;
  return {
    name: `channelRead${bits}`,
    params: { address: "u64" },
    result: bits === 64 ? "u64" : "u32",
    doc: `One ${bits}-bit load; the address is a multiple of ${bits / 8}.`,
    c: { aarch64: c(`ldr ${bits === 64 ? "%0" : "%w0"}, [%1]`), riscv64: c(`${bits === 64 ? "ld" : "lw"} %0, 0(%1)`) },
  };
};

type Bits = 8 | 16 | 32 | 64;
const AARCH64_STORES: Readonly<Record<Bits, string>> = { 8: "strb %w0", 16: "strh %w0", 32: "str %w0", 64: "str %0" };
const RISCV64_STORES: Readonly<Record<Bits, string>> = { 8: "sb %0", 16: "sh %0", 32: "sw %0", 64: "sd %0" };

const write = (bits: Bits): Intrinsic => {
  const c = (instruction: string): string => `__asm__ volatile("${instruction}" : : "r"(value), "r"(address) : "memory");`;
  return {
    name: `channelWrite${bits}`,
    params: { address: "u64", value: bits === 64 ? "u64" : "u32" },
    result: "void",
    doc: bits === 8 ? "One 8-bit store." : `One ${bits}-bit store; the address is a multiple of ${bits / 8}.`,
    c: { aarch64: c(`${AARCH64_STORES[bits]}, [%1]`), riscv64: c(`${RISCV64_STORES[bits]}, 0(%1)`) },
  };
};

/** Of the cache line of an address; on RISC-V what is left of it. */
const line = (name: string, doc: string, aarch64: string, riscv64: string): Intrinsic => ({
  name,
  params: { address: "u64" },
  result: "void",
  doc,
  c: {
    aarch64: `__asm__ volatile("${aarch64}" : : "r"(address) : "memory");`,
    riscv64: `__asm__ volatile("${riscv64}" : : "r"(address) : "memory");`,
  },
});

const barrier = (name: string, doc: string, aarch64: string, riscv64: string): Intrinsic => ({
  name,
  params: {},
  result: "void",
  doc,
  c: { aarch64: `__asm__ volatile("${aarch64}" : : : "memory");`, riscv64: `__asm__ volatile("${riscv64}" : : : "memory");` },
});

export const channel: readonly Intrinsic[] = [
  read(32), read(64), write(32), write(64), write(8), write(16),
  line("pushLine", "Begins to write the cache line of `address` back to memory; the wait of a later cleanLine is for it too.",
    "dc cvac, %0", ""),
  line("cleanLine", "Writes the cache line of `address` back to memory and waits for it, for a peer that reads it uncached.",
    "dc cvac, %0\\n\\tdsb osh", "fence rw, rw"),
  line("refreshLine", "The next load from the cache line of `address` is of memory, where a peer has written it uncached.",
    "dc civac, %0\\n\\tdsb osh", "fence rw, rw"),
  barrier("orderReads", "Later accesses are not made before earlier loads.", "dmb oshld", "fence r, rw"),
  barrier("orderWrites", "Later stores are not seen before earlier stores.", "dmb oshst", "fence w, w"),
];
