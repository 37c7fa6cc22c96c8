// Intrinsics of a Linux user program: the system calls that plc-reader makes, and what lies outside its linear
// memory. Imported from "linux". A result below 0 is -errno, as the kernel gives it.
import type { Intrinsic } from "../../tools/build/intrinsic.ts";

/** man 2 syscall: the instruction, before a register's number that of arguments, and where the call's number is. */
const CONVENTIONS = {
  aarch64: { instruction: "svc #0", argument: "x", number: "x8" },
  riscv64: { instruction: "ecall", argument: "a", number: "a7" },
} as const;

/** A system call, its result where the first argument was. Parameters are in the kernel's order. */
const call = (name: string, number: number, parameters: readonly string[], doc: string): Intrinsic => {
  const inputs = parameters.map((_, n) => (n === 0 ? `"+r"(r0)` : `"r"(r${n})`));
  const cOf = (isa: keyof typeof CONVENTIONS): string => {
    const { instruction, argument, number: register } = CONVENTIONS[isa];
    const registers = parameters.map((each, n) => `register unsigned long r${n} __asm__("${argument}${n}") = ${each};`);
    return `${registers.join(" ")} register unsigned long r8 __asm__("${register}") = ${number};
    __asm__ volatile("${instruction}" : ${inputs[0]} : ${[...inputs.slice(1), `"r"(r8)`].join(", ")} : "memory"); return r0;`;
  };
  return {
    name,
    params: Object.fromEntries(parameters.map((parameter) => [parameter, "u64" as const])),
    result: "u64",
    doc,
    c: { aarch64: cOf("aarch64"), riscv64: cOf("riscv64") },
  };
};

export const linux: readonly Intrinsic[] = [
  // Numbers: include/uapi/asm-generic/unistd.h
  call(
    "openat",
    56,
    ["directory", "path", "flags"],
    "Opens the file whose NUL-terminated path stands at `path`; gives back its descriptor.",
  ),
  call("getdents64", 61, ["directory", "to", "count"], "Reads struct linux_dirent64; gives back their bytes, 0 at the end."),
  call("read", 63, ["descriptor", "to", "count"], "Reads bytes to an address; gives back how many, 0 at the end."),
  call("write", 64, ["descriptor", "from", "count"], "Writes bytes from an address; gives back how many."),
  call(
    "ppoll",
    73,
    ["descriptors", "count", "timeout", "signals", "size"],
    "Waits for one of the struct pollfd, for the struct timespec at most; how many are ready.",
  ),
  call("nanosleep", 101, ["request", "remaining"], "Sleeps for the struct timespec at `request`."),
  call("mmap", 222, ["hint", "length", "protection", "flags", "descriptor", "offset"], "Maps a file; gives back the address."),
  {
    name: "byteAt",
    params: { address: "u64" },
    result: "u32",
    doc: "One byte outside linear memory: the program's arguments.",
    c: "return *(const unsigned char *)address;",
  },
  {
    name: "wordAt",
    params: { address: "u64" },
    result: "u64",
    doc: "Eight bytes outside linear memory: the pointers to the program's arguments.",
    c: "return *(const unsigned long *)address;",
  },
  {
    name: "addressOf",
    params: { pointer: "u32" },
    result: "u64",
    doc: "Address of a linear-memory offset, for the kernel.",
    c: "return (unsigned long)LINEAR(pointer);",
  },
];
