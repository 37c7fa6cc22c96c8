// Intrinsics for a channel: memory shared with another partition, reached by its address (not part of linear memory).
// The peer writes and reads it at any time, so every access is exactly one instruction of the width it says, and order
// is asked for by name. Used by both ends: the PLC guest at EL1 and the Linux reader at EL0; imported from "channel". The
// mailbox, which is shared with the hypervisor, is reached by them too.
//
// Barriers are Outer Shareable (ARM DDI 0487, B2.3.12): Linux maps a UIO region as Device memory, which is always Outer
// Shareable, while the PLC guest's mapping is Normal Inner Shareable; an OSH barrier orders the accesses of both.
// Linux's accesses pass the caches by, the PLC guest's do not: it cleans what it wrote and refreshes what it wants to read, line
// by line. A cache line therefore has one writer only: else cleaning it would undo the other's stores.
import type { Intrinsic } from "../../tools/build/intrinsic.ts";

const read = (bits: 32 | 64): Intrinsic => ({
  name: `channelRead${bits}`,
  params: { address: "u64" },
  result: bits === 64 ? "u64" : "u32",
  doc: `One ${bits}-bit load; the address is a multiple of ${bits / 8}.`,
  c: `${bits === 64 ? "unsigned long" : "unsigned int"} value; __asm__ volatile("ldr ${bits === 64 ? "%0" : "%w0"}, [%1]" : "=r"(value) : "r"(address) : "memory"); return value;`,
});

const write = (bits: 32 | 64): Intrinsic => ({
  name: `channelWrite${bits}`,
  params: { address: "u64", value: bits === 64 ? "u64" : "u32" },
  result: "void",
  doc: `One ${bits}-bit store; the address is a multiple of ${bits / 8}.`,
  c: `__asm__ volatile("str ${bits === 64 ? "%0" : "%w0"}, [%1]" : : "r"(value), "r"(address) : "memory");`,
});

export const channel: readonly Intrinsic[] = [
  read(32), read(64), write(32), write(64),
  {
    name: "channelWrite8",
    params: { address: "u64", value: "u32" },
    result: "void",
    doc: "One 8-bit store.",
    c: `__asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");`,
  },
  {
    name: "channelWrite16",
    params: { address: "u64", value: "u32" },
    result: "void",
    doc: "One 16-bit store; the address is a multiple of 2.",
    c: `__asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(address) : "memory");`,
  },
  {
    name: "pushLine",
    params: { address: "u64" },
    result: "void",
    doc: "Begins to write the cache line of `address` back to memory (DC CVAC); the DSB of a later cleanLine waits for it.",
    c: `__asm__ volatile("dc cvac, %0" : : "r"(address) : "memory");`,
  },
  {
    name: "cleanLine",
    params: { address: "u64" },
    result: "void",
    doc: "Writes the cache line of `address` back to memory (DC CVAC, then DSB), for a peer that reads it uncached.",
    c: `__asm__ volatile("dc cvac, %0\\n\\tdsb osh" : : "r"(address) : "memory");`,
  },
  {
    name: "refreshLine",
    params: { address: "u64" },
    result: "void",
    doc: "The next load from the cache line of `address` is of memory (DC CIVAC, then DSB), where a peer has written it uncached.",
    c: `__asm__ volatile("dc civac, %0\\n\\tdsb osh" : : "r"(address) : "memory");`,
  },
  {
    name: "orderReads",
    params: {},
    result: "void",
    doc: "Later accesses are not made before earlier loads (DMB OSHLD).",
    c: `__asm__ volatile("dmb oshld" : : : "memory");`,
  },
  {
    name: "orderWrites",
    params: {},
    result: "void",
    doc: "Later stores are not seen before earlier stores (DMB OSHST).",
    c: `__asm__ volatile("dmb oshst" : : : "memory");`,
  },
];
