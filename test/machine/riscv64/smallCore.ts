// A core for tests of the machine, small enough to see through: it enters a guest on each hart but hart 3, answers its ECALLs,
// emulates its loads, and counts the hypervisor's interrupts. Written as WebAssembly text.
import binaryen from "binaryen";
import type { Intrinsic } from "../../../tools/build/intrinsic.ts";

/**
 * Offsets in linear memory: hgatp and the entry of the guests, as a test wants them; how many interrupts were taken; of each
 * record.
 */
export const HGATP = 0x10;
export const ENTRY = 0x18;
export const INTERRUPTS = 0x20;
export const RECORDS = 0x100;
export const RECORD_BYTES = 0x200;
/** What an emulated load gives, and an ECALL in a1. */
export const EMULATED = 0x55n;
export const ANSWER = 0x1234n;
export const KICK_IDENTITY = 1;

const csr = (name: string, how: "r" | "w"): Intrinsic => ({
  name: `csr${how}_${name}`, params: how === "r" ? {} : { value: "u64" }, result: how === "r" ? "u64" : "void", doc: "", c: "",
});
const READ = ["scause", "sepc", "htinst", "stopei"];
const WRITTEN = [
  "sepc", "hstatus", "sstatus", "hgatp", "vsatp", "hedeleg", "hideleg", "sie", "siselect", "sireg", "stopei", "hvip", "hie",
  "vsstatus", "vstvec",
];
const CALL: Intrinsic = {
  name: "sbi", params: { extension: "u64", fn: "u64", a0: "u64", a1: "u64", a2: "u64", a3: "u64", a4: "u64" }, result: "u64",
  doc: "", c: "",
};
const FENCE: Intrinsic = { name: "hfenceGvma", params: {}, result: "void", doc: "", c: "" };
const ENTRY_OF: Intrinsic = { name: "secondaryEntry", params: {}, result: "u64", doc: "", c: "" };

/** The module "riscv64" of intrinsics that it imports. */
export const TABLE: readonly Intrinsic[] = [
  ...READ.map((name) => csr(name, "r")), ...WRITTEN.map((name) => csr(name, "w")), CALL, FENCE, ENTRY_OF,
];

const imported = ({ name, params, result }: Intrinsic): string => {
  const types = Object.values(params).map((type) => (type === "u64" ? "i64" : "i32"));
  const given = types.length === 0 ? "" : `(param ${types.join(" ")})`;
  return `(import "riscv64" "${name}" (func $${name} ${given} ${result === "void" ? "" : "(result i64)"}))`;
};

/** HSM's hart_start. */
const start = (hart: number): string => `
  (
    drop (
      call $sbi (i64.const 0x48534d) (i64.const 0) (i64.const ${hart}) (
        call $secondaryEntry
      ) (i64.const ${hart}) (i64.const 0) (i64.const 0)
    )
  )`;

const TEXT = `(module
  ${TABLE.map(imported).join("\n  ")}
  (memory (export "memory") 1)
  (global (export "VCPU_PARTITION") i32 (i32.const 0))
  (global (export "CALL_EXTENSION") i32 (i32.const 0))
  (global (export "QUICK_CALLS") i32 (i32.const 0))
  (global (export "SBI_BASE") i32 (i32.const -1))
  (global (export "SBI_TIME") i32 (i32.const -1))
  (global (export "VCPU_X0") i32 (i32.const 16))
  (func $record (param $hart i32) (result i32)
    (local $at i32)
    (local.set $at (i32.add (i32.const ${RECORDS}) (i32.mul (local.get $hart) (i32.const ${RECORD_BYTES}))))
    (i32.store (local.get $at) (select (i32.const -1) (i32.const 0) (i32.eq (local.get $hart) (i32.const 3))))
    (i32.store offset=4 (local.get $at) (local.get $hart))
    (call $csrw_siselect (i64.const 0x70)) (call $csrw_sireg (i64.const 1))
    (call $csrw_siselect (i64.const 0xc0)) (call $csrw_sireg (i64.const ${2 ** KICK_IDENTITY}))
    (call $csrw_sie (i64.const 0x200))
    (call $hfenceGvma)
    (local.get $at))
  (func (export "boot") (param i64) (result i32) ${start(1)} ${start(3)} (call $record (i32.const 0)))
  (func (export "bootSecondary") (param $hart i32) (result i32) (call $record (local.get $hart)))
  (func (export "quickLoad") (param i32 i32) (result i32) (i32.const 0))
  (func (export "idle") (param i32))
  (func (export "panic") (param i64 i64 i64 i32) (i32.store (i32.const 0) (local.get 3)))
  (func (export "park") (param $vcpu i32) (result i32)
    (
      call $csrw_hedeleg (i64.const 0xb1ff)
    ) (call $csrw_hideleg (i64.const 0x444)) (call $csrw_hvip (i64.const 0)) (call $csrw_hie (i64.const 0))
    (call $csrw_vsatp (i64.const 0)) (call $csrw_vsstatus (i64.const 0)) (call $csrw_vstvec (i64.const 0x80300000))
    (
      call $csrw_hgatp (i64.load (i32.const ${HGATP}))
    ) (call $csrw_hstatus (i64.const 0x1080)) (call $csrw_sstatus (i64.const 0x100))
    (call $csrw_sepc (i64.load (i32.const ${ENTRY})))
    (i32.const 0))
  (func $skip (call $csrw_sepc (i64.add (call $csrr_sepc) (i64.const 4))))
  (func $back (call $csrw_hstatus (i64.const 0x1080)) (call $csrw_sstatus (i64.const 0x100)))
  (func (export "access") (param $vcpu i32) (param i32) (result i32) (call $trap (local.get $vcpu)))
  (func $trap (export "trap") (param $vcpu i32) (result i32)
    (call $back)
    (if (i64.lt_s (call $csrr_scause) (i64.const 0)) (then
      (call $csrw_stopei (i64.const 0))
      (i32.store (i32.const ${INTERRUPTS}) (i32.add (i32.load (i32.const ${INTERRUPTS})) (i32.const 1)))
      (return (i32.const 0))))
    (if (i64.eq (call $csrr_scause) (i64.const 10)) (then
      (i64.store offset=96 (local.get $vcpu) (i64.const 0)) (i64.store offset=104 (local.get $vcpu) (i64.const ${ANSWER}))
      (call $skip) (return (i32.const 0))))
    (if (i64.eq (call $csrr_scause) (i64.const 21)) (then
      (i64.store offset=96 (local.get $vcpu) (i64.const ${EMULATED})) (call $skip) (return (i32.const 0))))
    (i32.const 1)))`;

export function smallCore(): WebAssembly.Module {
  const module = binaryen.parseText(TEXT);
  try {
    module.setFeatures(binaryen.Features.All);
    return new WebAssembly.Module(new Uint8Array(module.emitBinary()));
  } finally {
    module.dispose();
  }
}
