// Intrinsics that every ISA has: loop bounds, atomics and ordering on linear memory. Written in C that clang knows for all
// our ISAs; the core imports them from "cpu". What only one ISA has is in arch/<isa>/<isa>.table.ts.
import type { Intrinsic } from "../tools/build/intrinsic.ts";

// In the C bodies: parameters by their names; LINEAR(p) is the address of linear-memory offset p.
export const cpu: readonly Intrinsic[] = [
  {
    name: "bound",
    params: { iteration: "u32", limit: "u32" },
    result: "void",
    doc: "First statement of every loop body: this is iteration number `iteration` (from 0) of at most `limit`, a constant. Costs nothing in native code; the simulator checks it; `verify` reads it.",
    c: "", // the translator turns the call into a loop marker, see tools/build/translate
  },
  {
    name: "atomicOr32",
    params: { pointer: "u32", bits: "u32" },
    result: "u32",
    doc: "*pointer |= bits, acquire and release. Gives back what was there before.",
    c: "return __atomic_fetch_or((unsigned *)LINEAR(pointer), bits, __ATOMIC_ACQ_REL);",
  },
  {
    name: "atomicAnd32",
    params: { pointer: "u32", bits: "u32" },
    result: "u32",
    doc: "*pointer &= bits, acquire and release. Gives back what was there before.",
    c: "return __atomic_fetch_and((unsigned *)LINEAR(pointer), bits, __ATOMIC_ACQ_REL);",
  },
  {
    name: "atomicAdd32",
    params: { pointer: "u32", value: "u32" },
    result: "u32",
    doc: "*pointer += value, acquire and release. Gives back what was there before.",
    c: "return __atomic_fetch_add((unsigned *)LINEAR(pointer), value, __ATOMIC_ACQ_REL);",
  },
  {
    name: "atomicExchange32",
    params: { pointer: "u32", value: "u32" },
    result: "u32",
    doc: "*pointer = value, acquire and release. Gives back what was there before.",
    c: "return __atomic_exchange_n((unsigned *)LINEAR(pointer), value, __ATOMIC_ACQ_REL);",
  },
  {
    name: "compareExchange32",
    params: { pointer: "u32", expected: "u32", value: "u32" },
    result: "u32",
    doc: "If *pointer == expected, *pointer = value; acquire and release. Gives back what was there before.",
    c: "__atomic_compare_exchange_n((unsigned *)LINEAR(pointer), &expected, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); return expected;",
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
