// Intrinsics that every ISA has: loop bounds, atomics and ordering on linear memory. Written in C that clang knows for all
// our ISAs; the core imports them from "cpu". What only one ISA has is in arch/<isa>/<isa>.table.ts.
import type { Intrinsic } from "../tools/build/intrinsic.ts";

// In the C bodies: parameters by their names; LINEAR(p) is the address of linear-memory offset p.
export const cpu: readonly Intrinsic[] = [
  {
    name: "bound",
    params: { iteration: "u32", limit: "u32" },
    result: "void",
    doc:
      "First statement of every loop body: this is iteration number `iteration` (from 0) of at most `limit`, a constant. " +
      "Costs nothing in native code; the simulator checks it; `verify` reads it.",
    c: "", // the translator turns the call into a loop marker, see tools/build/translate
  },
  {
    name: "atomicOr32",
    params: { pointer: "u32", bits: "u32" },
    result: "u32",
    doc: "*pointer |= bits, acquire and release. Gives back what was there before.",
    c: "return axv_atomic_or(LINEAR(pointer), bits);",
  },
  {
    name: "atomicAnd32",
    params: { pointer: "u32", bits: "u32" },
    result: "u32",
    doc: "*pointer &= bits, acquire and release. Gives back what was there before.",
    c: "return axv_atomic_and(LINEAR(pointer), bits);",
  },
  {
    name: "atomicAdd32",
    params: { pointer: "u32", value: "u32" },
    result: "u32",
    doc: "*pointer += value, acquire and release. Gives back what was there before.",
    c: "return axv_atomic_add(LINEAR(pointer), value);",
  },
  {
    name: "atomicExchange32",
    params: { pointer: "u32", value: "u32" },
    result: "u32",
    doc: "*pointer = value, acquire and release. Gives back what was there before.",
    c: "return axv_atomic_exchange(LINEAR(pointer), value);",
  },
  {
    name: "compareExchange32",
    params: { pointer: "u32", expected: "u32", value: "u32" },
    result: "u32",
    doc: "If *pointer == expected, *pointer = value; acquire and release. Gives back what was there before.",
    c: "return axv_atomic_compare_exchange(LINEAR(pointer), expected, value);",
  },
  {
    name: "loadAcquire32",
    params: { pointer: "u32" },
    result: "u32",
    doc: "Load that later accesses cannot pass; also the only kind of load that another pCPU's store is seen by for sure.",
    c: "return __atomic_load_n((unsigned *)LINEAR(pointer), __ATOMIC_ACQUIRE);",
  },
  {
    name: "storeRelease32",
    params: { pointer: "u32", value: "u32" },
    result: "void",
    doc: "Store that earlier accesses cannot pass.",
    c: "__atomic_store_n((unsigned *)LINEAR(pointer), value, __ATOMIC_RELEASE);",
  },
];
