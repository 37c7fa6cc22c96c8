// A corpus of small WebAssembly functions for the differential test: control flow, order of evaluation, memory, traps.
// What each one is there for is said before it.
import type { Intrinsic } from "../../tools/build/intrinsic.ts";

export interface Sample {
  readonly name: string;
  /** Parameters and result are i32 unless the text says otherwise; `cases` are argument lists. */
  readonly wat: string;
  readonly cases: readonly (readonly bigint[])[];
}

const f = (name: string, wat: string, ...cases: (readonly (number | bigint)[])[]): Sample => ({
  name,
  wat: `(func $${name} (export "${name}") ${wat})`,
  cases: cases.map((values) => values.map(BigInt)),
});

const SMALL = [[0], [1], [2], [3], [4], [5], [100], [-1]];

export const CONTROL: readonly Sample[] = [
  // block, br with and without value
  f(
    "block_value",
    "(param i32) (result i32) (i32.add (block $b (result i32) (drop (br_if $b (i32.const 7) (local.get 0))) (i32.const 9)) " +
      "(i32.const 1))",
    ...SMALL,
  ),
  f(
    "block_fallthrough",
    "(param i32) (result i32) (block $b (br_if $b (local.get 0)) (return (i32.const 1))) (i32.const 2)",
    ...SMALL,
  ),
  f(
    "block_nested",
    "(param i32) (result i32) (block $a (result i32) (drop (block $b (result i32) (drop (block $c (result i32) (br_table $a " +
      "$b $c (i32.const 10) (local.get 0)))) (br $a (i32.const 11)))) (i32.const 12))",
    ...SMALL,
  ),
  f(
    "br_out_of_two",
    "(param i32) (result i32) (block $a (block $b (br_if $a (i32.eqz (local.get 0))) (br_if $b (i32.eq (local.get 0) " +
      "(i32.const 1))) (return (i32.const 3))) (return (i32.const 4))) (i32.const 5)",
    ...SMALL,
  ),
  // br_if keeps its value where it falls through
  f(
    "br_if_value_kept",
    "(param i32 i32) (result i32) (block $b (result i32) (i32.mul (br_if $b (local.get 1) (local.get 0)) (i32.const 3)))",
    [0, 5],
    [1, 5],
  ),
  // the value of a br_if is evaluated before its condition
  f(
    "br_if_order",
    "(param i32) (result i32) (block $b (result i32) (i32.add (br_if $b (local.get 0) (i32.and (local.tee 0 (i32.add " +
      "(local.get 0) (i32.const 1))) (i32.const 1))) (local.get 0)))",
    ...SMALL,
  ),
  // a branch taken out of the middle of an expression skips the rest, but not what came before
  f(
    "br_in_operand",
    "(param i32) (result i32) (block $b (result i32) (i32.store (i32.const 64) (i32.const 1)) (i32.add (i32.div_u " +
      "(i32.const 10) (local.get 0)) (block (result i32) (drop (br_if $b (i32.const 77) (i32.eq (local.get 0) (i32.const " +
      "1)))) (i32.const 5))))",
    ...SMALL,
  ),
  f(
    "trap_before_branch",
    "(param i32) (result i32) (block $b (result i32) (i32.add (i32.div_u (i32.const 10) (local.get 0)) (br $b (i32.const 1))))",
    [0],
    [1],
  ),
  f(
    "trap_before_return",
    "(param i32) (result i32) (i32.add (i32.rem_u (i32.const 10) (local.get 0)) (return (i32.const 1)))",
    [0],
    [3],
  ),
  f(
    "trap_before_store",
    "(param i32) (result i32) (i32.add (i32.div_s (i32.const 10) (local.get 0)) (block (result i32) (i32.store (i32.const " +
      "32) (i32.const 9)) (i32.const 1)))",
    [0],
    [3],
  ),
  f(
    "trap_before_call",
    "(param i32) (result i32) (i32.add (i32.div_s (i32.const 10) (local.get 0)) (call $ask (i32.const 1) (i64.const 2)))",
    [0],
    [3],
  ),
  f(
    "trap_before_global",
    "(param i32) (result i64) (global.set $wide (i64.const 3)) (drop (i32.add (i32.div_u (i32.const 1) (local.get 0)) " +
      "(block (result i32) (global.set $wide (i64.const 4)) (i32.const 1)))) (global.get $wide)",
    [0],
    [1],
  ),
  // br_table: default, negative index, holes, the same target twice
  f(
    "br_table",
    "(param i32) (result i32) (block $d (block $c (block $b (block $a (br_table $a $b $a $c $d (local.get 0))) (return " +
      "(i32.const 10))) (return (i32.const 20))) (return (i32.const 30))) (i32.const 40)",
    ...SMALL,
  ),
  f("br_table_default_only", "(param i32) (result i32) (block $a (br_table $a (local.get 0)) ) (i32.const 1)", ...SMALL),
  f(
    "br_table_value",
    "(param i32) (result i32) (block $a (result i32) (drop (block $b (result i32) (br_table $a $b $a (i32.add (local.get 0) " +
      "(i32.const 100)) (local.get 0)))) (i32.const 5))",
    ...SMALL,
  ),
  f(
    "br_table_loop",
    "(param i32) (result i32) (local i32) (block $out (loop $l (call $bound (local.get 1) (i32.const 9)) (local.set 1 " +
      "(i32.add (local.get 1) (i32.const 1))) (br_table $out $l $out (i32.lt_u (local.get 1) (local.get 0))))) (local.get 1)",
    ...SMALL,
  ),
  f(
    "br_table_order",
    "(param i32) (result i32) (block $a (result i32) (br_table $a $a (local.get 0) (local.tee 0 (i32.const 1))))",
    ...SMALL,
  ),
  // if, with and without else, as value, with branches out of it
  f(
    "if_value",
    "(param i32 i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (local.get 1) (i32.const 1))) (else " +
      "(i32.sub (local.get 1) (i32.const 1))))",
    [0, 5],
    [1, 5],
  ),
  f("if_no_else", "(param i32) (result i32) (if (local.get 0) (then (local.set 0 (i32.const 50)))) (local.get 0)", [0], [1]),
  f(
    "if_trap_in_arm",
    "(param i32) (result i32) (if (result i32) (local.get 0) (then (i32.div_u (i32.const 100) (local.get 0))) (else " +
      "(i32.const 3)))",
    [0],
    [7],
  ),
  f(
    "if_return",
    "(param i32) (result i32) (if (local.get 0) (then (return (i32.const 1))) (else (return (i32.const 2)))) (unreachable)",
    [0],
    [1],
  ),
  f(
    "if_nested",
    "(param i32 i32) (result i32) (if (result i32) (local.get 0) (then (if (result i32) (local.get 1) (then (i32.const 1)) " +
      "(else (i32.const 2)))) (else (if (result i32) (local.get 1) (then (i32.const 3)) (else (i32.const 4)))))",
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ),
  f(
    "if_sets_condition",
    "(param i32) (result i32) (i32.add (local.get 0) (if (result i32) (local.get 0) (then (local.set 0 (i32.const 9)) " +
      "(local.get 0)) (else (i32.const 1))))",
    [0],
    [3],
  ),
  f(
    "if_br_value",
    "(param i32) (result i32) (block $b (result i32) (i32.add (i32.const 1) (if (result i32) (local.get 0) (then (br $b " +
      "(i32.const 60))) (else (i32.const 70)))))",
    [0],
    [1],
  ),
  f(
    "if_i64",
    "(param i32) (result i64) (if (result i64) (local.get 0) (then (i64.const -1)) (else (i64.const 0x123456789)))",
    [0],
    [1],
  ),
  // select evaluates both arms
  f(
    "select_i32",
    "(param i32 i32 i32) (result i32) (select (local.get 0) (local.get 1) (local.get 2))",
    [1, 2, 0],
    [1, 2, 1],
    [1, 2, -5],
  ),
  f("select_i64", "(param i64 i64 i32) (result i64) (select (local.get 0) (local.get 1) (local.get 2))", [1, 2, 0], [-1, 2, 1]),
  f(
    "select_trap_in_unused_arm",
    "(param i32 i32) (result i32) (select (i32.const 5) (i32.div_u (i32.const 8) (local.get 0)) (local.get 1))",
    [0, 1],
    [0, 0],
    [2, 1],
    [2, 0],
  ),
  f(
    "select_effects_in_arms",
    "(param i32) (result i32) (select (call $ask (i32.const 1) (i64.const 1)) (call $ask (i32.const 2) (i64.const 2)) " +
      "(local.get 0))",
    [0],
    [1],
  ),
  f(
    "select_condition_writes_arm",
    "(param i32) (result i32) (select (local.get 0) (i32.const 100) (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))",
    ...SMALL,
  ),
  // loops
  f(
    "loop_sum",
    "(param i32) (result i32) (local i32 i32) (block $out (loop $l (br_if $out (i32.ge_u (local.get 1) (local.get 0))) " +
      "(call $bound (local.get 1) (i32.const 1000)) (local.set 2 (i32.add (local.get 2) (local.get 1))) (local.set 1 (i32.add " +
      "(local.get 1) (i32.const 1))) (br $l))) (local.get 2)",
    [0],
    [1],
    [10],
    [999],
    [1001],
  ),
  f(
    "loop_value",
    "(param i32) (result i32) (local i32) (loop $l (result i32) (call $bound (local.get 1) (i32.const 64)) (local.set 1 " +
      "(i32.add (local.get 1) (i32.const 1))) (br_if $l (i32.lt_u (local.get 1) (local.get 0))) (i32.mul (local.get 1) " +
      "(i32.const 3)))",
    [0],
    [5],
    [63],
  ),
  f(
    "loop_nested",
    "(param i32) (result i32) (local i32 i32 i32) (loop $o (call $bound (local.get 1) (i32.const 8)) (local.set 2 " +
      "(i32.const 0)) (loop $i (call $bound (local.get 2) (i32.const 8)) (local.set 3 (i32.add (i32.mul (local.get 3) " +
      "(i32.const 31)) (i32.xor (local.get 1) (local.get 2)))) (br_if $i (i32.lt_u (local.tee 2 (i32.add (local.get 2) " +
      "(i32.const 1))) (local.get 0)))) (br_if $o (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get " +
      "0)))) (local.get 3)",
    [1],
    [5],
    [8],
  ),
  f(
    "loop_continue",
    "(param i32) (result i32) (local i32 i32) (block $out (loop $l (call $bound (local.get 1) (i32.const 50)) (br_if $out " +
      "(i32.gt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0))) (br_if $l (i32.and (local.get 1) " +
      "(i32.const 1))) (local.set 2 (i32.add (local.get 2) (local.get 1))) (br $l))) (local.get 2)",
    [0],
    [9],
    [10],
  ),
  f(
    "loop_in_operand",
    "(param i32) (result i32) (local i32) (i32.add (local.get 1) (block (result i32) (loop $l (call $bound (local.get 1) " +
      "(i32.const 20)) (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))) (local.get " +
      "1)))",
    [1],
    [7],
  ),
  f("loop_once", "(param i32) (result i32) (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))) (local.get 0)", [0], [4]),
  f(
    "loop_past_bound",
    "(param i32) (local i32) (loop $l (call $bound (local.get 1) (i32.const 5)) (local.set 1 (i32.add (local.get 1) " +
      "(i32.const 1))) (br_if $l (i32.lt_u (local.get 1) (local.get 0))))",
    [5],
    [6],
  ),
  // returns and traps
  f("return_value", "(param i64) (result i64) (return (i64.add (local.get 0) (i64.const 1)))", [0], [-1]),
  f("return_void", "(param i32) (if (local.get 0) (then (return))) (i32.store (i32.const 0) (i32.const 1))", [0], [1]),
  f(
    "unreachable",
    "(param i32) (result i32) (i32.store (i32.const 8) (i32.const 5)) (if (local.get 0) (then (unreachable))) (i32.const 1)",
    [0],
    [1],
  ),
  f("unreachable_operand", "(param i32) (result i32) (i32.add (local.get 0) (unreachable))", [0]),
  f("nop", "(param i32) (result i32) (nop) (local.get 0) (nop)", [4]),
  f("drop_trap", "(param i32) (drop (i32.div_u (i32.const 1) (local.get 0)))", [0], [1]),
  f("drop_call", "(param i32) (drop (call $ask (local.get 0) (i64.const 1)))", [3]),
  f(
    "recursion",
    "(param i32) (result i32) (if (result i32) (i32.le_u (local.get 0) (i32.const 1)) (then (i32.const 1)) (else (i32.mul " +
      "(local.get 0) (call $recursion (i32.sub (local.get 0) (i32.const 1))))))",
    [0],
    [5],
    [12],
  ),
];

export const ORDER: readonly Sample[] = [
  // operands are evaluated from left to right
  f(
    "calls_in_order",
    "(param i32) (result i32) (i32.sub (call $ask (local.get 0) (i64.const 1)) (call $ask (local.get 0) (i64.const 2)))",
    [0],
    [9],
  ),
  f(
    "arguments_in_order",
    "(param i32) (result i32) (call $ask (call $ask (local.get 0) (i64.const 1)) (i64.extend_i32_u (call $ask (local.get 0) " +
      "(i64.const 2))))",
    [0],
    [9],
  ),
  f("tee_then_get", "(param i32) (result i32) (i32.sub (local.tee 0 (i32.add (local.get 0) (i32.const 5))) (local.get 0))", [1]),
  f("get_then_tee", "(param i32) (result i32) (i32.sub (local.get 0) (local.tee 0 (i32.add (local.get 0) (i32.const 5))))", [1]),
  f(
    "get_tee_get",
    "(param i32) (result i32) (i32.mul (i32.sub (local.get 0) (local.tee 0 (i32.const 3))) (i32.add (local.get 0) " +
      "(i32.const 1)))",
    [10],
  ),
  f(
    "tee_tee",
    "(param i32) (result i32) (local i32) (i32.sub (local.tee 1 (local.get 0)) (local.tee 1 (i32.add (local.get 1) " +
      "(i32.const 3))))",
    [10],
  ),
  f(
    "load_then_store",
    "(param i32) (result i32) (i32.store (i32.const 16) (local.get 0)) (i32.sub (i32.load (i32.const 16)) (block (result " +
      "i32) (i32.store (i32.const 16) (i32.const 7)) (i32.load (i32.const 16))))",
    [100],
  ),
  f(
    "load_then_call",
    "(param i32) (result i32) (i32.store (i32.const 16) (local.get 0)) (i32.sub (i32.load (i32.const 16)) (call $poke " +
      "(i32.const 16) (i32.const 3)))",
    [100],
  ),
  f(
    "global_then_set",
    "(param i64) (result i64) (global.set $wide (local.get 0)) (i64.sub (global.get $wide) (block (result i64) (global.set " +
      "$wide (i64.const 5)) (global.get $wide)))",
    [100],
  ),
  f(
    "global_then_call",
    "(param i64) (result i64) (global.set $wide (local.get 0)) (i64.sub (global.get $wide) (i64.extend_i32_u (call $bump)))",
    [100],
  ),
  f(
    "store_order",
    "(param i32) (i32.store (local.tee 0 (i32.const 24)) (i32.add (local.get 0) (local.tee 0 (i32.const 9)))) (i32.store " +
      "(i32.const 28) (local.get 0))",
    [1],
  ),
  f(
    "store_pointer_before_value",
    "(param i32) (i32.store (local.get 0) (local.tee 0 (i32.const 77))) (i32.store (i32.const 40) (local.get 0))",
    [48],
  ),
  f(
    "load_pointer_written",
    "(param i32) (result i32) (i32.store (i32.const 52) (i32.const 123)) (i32.add (i32.load (local.get 0)) (block (result " +
      "i32) (local.set 0 (i32.const 0)) (local.get 0)))",
    [52],
  ),
  f("call_argument_written", "(param i32) (result i32) (call $subtract (local.get 0) (local.tee 0 (i32.const 3)))", [10]),
  f(
    "set_reads_itself",
    "(param i32) (result i32) (local.set 0 (i32.add (local.get 0) (local.get 0))) (local.set 0 (i32.mul (local.get 0) " +
      "(local.get 0))) (local.get 0)",
    [3],
  ),
  f(
    "swap",
    "(param i32 i32) (result i32) (local i32) (local.set 2 (local.get 0)) (local.set 0 (local.get 1)) (local.set 1 " +
      "(local.get 2)) (i32.sub (i32.mul (local.get 0) (i32.const 10)) (local.get 1))",
    [1, 2],
  ),
  f(
    "block_value_to_its_own_local",
    "(param i32) (result i32) (local.set 0 (block $b (result i32) (drop (br_if $b (i32.add (local.get 0) (i32.const 1)) " +
      "(i32.and (local.get 0) (i32.const 1)))) (i32.mul (local.get 0) (i32.const 2)))) (local.get 0)",
    ...SMALL,
  ),
  f(
    "global_kept_over_if",
    "(param i32) (result i64) (i64.sub (global.get $wide) (if (result i64) (local.get 0) (then (global.set $wide (i64.const " +
      "11)) (i64.const 1)) (else (i64.const 2))))",
    [0],
    [1],
  ),
  f(
    "deep",
    `(param i32) (result i32) ${"(i32.add (local.tee 0 (i32.mul (local.get 0) (i32.const 3))) ".repeat(40)}(local.get ` +
      `0)${")".repeat(40)}`,
    [1],
    [7],
  ),
  f("locals_are_zero", "(result i64) (local i32 i64) (i64.add (i64.extend_i32_u (local.get 0)) (local.get 1))", []),
  f("global_start_value", "(result i64) (global.get $constant)", []),
  f("indirect_helpers", "(param i32 i64) (result i64) (i64.add (call $widen (local.get 0)) (local.get 1))", [-1, 5]),
];

export const MEMORY: readonly Sample[] = [
  // effective addresses are 33 bits wide and do not wrap
  f("load_offset", "(param i32) (result i32) (i32.load offset=16 (local.get 0))", [0], [3], [65516], [65517], [-16], [-1]),
  f("load_last_byte", "(param i32) (result i32) (i32.load8_u (local.get 0))", [65535], [65536], [-1]),
  f("load_huge_offset", "(param i32) (result i32) (i32.load offset=4294967295 (local.get 0))", [0], [1], [-1]),
  f("store_offset", "(param i32) (i32.store offset=16 (local.get 0) (i32.const 0x01020304))", [0], [5], [65516], [65517]),
  f("store_across_end", "(param i32) (i64.store (local.get 0) (i64.const -1))", [65528], [65529], [65535]),
  f("store_huge_offset", "(param i32) (i32.store8 offset=4294967295 (local.get 0) (i32.const 1))", [1]),
  f(
    "narrow_stores",
    "(param i64) (i64.store8 (i32.const 1) (local.get 0)) (i64.store16 (i32.const 3) (local.get 0)) (i64.store32 (i32.const " +
      "7) (local.get 0)) (i64.store (i32.const 13) (local.get 0))",
    [0x0123456789abcdefn],
    [-1],
  ),
  f("memory_size", "(result i32) (memory.size)", []),
  f(
    "data_segment",
    "(param i32) (result i32) (i32.load8_u offset=1024 (local.get 0))",
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => [n]),
  ),
  f("data_segment_twice", "(param i32) (result i32) (i32.load offset=1026 (local.get 0))", [0]),
  // memory.fill and memory.copy, overlapping both ways, of any alignment and length
  f(
    "fill",
    "(param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2))",
    [0, 1, 0],
    [5, 0x1ff, 1],
    [7, -1, 7],
    [3, 0xab, 8],
    [3, 0xab, 100],
    [65536, 1, 0],
    [65526, 9, 10],
  ),
  f("fill_beyond", "(param i32 i32) (memory.fill (local.get 0) (i32.const 1) (local.get 1))", [65530, 7]),
  f("fill_window", "(param i32 i32) (memory.fill (local.get 0) (i32.const 1) (local.get 1))", [-1, 2], [1, -1]),
  f(
    "copy",
    "(param i32 i32 i32) (call $pattern) (memory.copy (local.get 0) (local.get 1) (local.get 2))",
    [0, 0, 0],
    [100, 2000, 1],
    [100, 2000, 64],
    [100, 101, 64],
    [101, 100, 64],
    [100, 105, 77],
    [105, 100, 77],
    [100, 107, 9],
    [107, 100, 9],
    [100, 100, 30],
    [65530, 0, 6],
    [0, 65530, 6],
    [64, 8, 4000],
    [8, 64, 4000],
  ),
  f("copy_beyond", "(param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))", [65530, 0, 7]),
  f("copy_window", "(param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))", [-4, 0, 8], [0, -4, 8]),
  f(
    "copy_order",
    "(param i32) (memory.copy (local.get 0) (local.tee 0 (i32.add (local.get 0) (i32.const 8))) (local.tee 0 (i32.sub " +
      "(local.get 0) (i32.const 4))))",
    [1024],
  ),
];

/** Imports that the samples call, beside bound: the harness answers them. */
export const QUESTIONS: readonly Intrinsic[] = [
  { name: "ask", params: { a: "u32", b: "u64" }, result: "u32", doc: "", c: "" },
  { name: "tell", params: { a: "u64" }, result: "void", doc: "", c: "" },
];

/** The module that all samples are in. */
export function corpusModule(samples: readonly Sample[], more: readonly string[] = []): string {
  return `(module
    (import "cpu" "bound" (func $bound (param i32 i32)))
    (import "test" "ask" (func $ask (param i32 i64) (result i32)))
    (import "test" "tell" (func $tell (param i64)))
    (memory (export "memory") 1 1)
    (data (i32.const 1024) "\\01\\02\\ff\\00\\"\\\\\\n\\c3\\a4")
    (data (i32.const 1030) "\\77")
    (global $wide (mut i64) (i64.const 0x1122334455667788))
    (global $narrow (mut i32) (i32.const -1))
    (global $constant i64 (i64.const -9223372036854775808))
    (func $poke (param i32 i32) (result i32) (i32.store (local.get 0) (local.get 1)) (local.get 1))
    (func $bump (result i32) (global.set $wide (i64.add (global.get $wide) (i64.const 1))) (i32.const 2))
    (func $subtract (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
    (func $widen (param i32) (result i64) (call $tell (i64.extend_i32_s (local.get 0))) (i64.extend_i32_u (local.get 0)))
    (func $pattern (local i32) (loop $l (call $bound (local.get 0) (i32.const 1024))
      (i32.store (i32.shl (local.get 0) (i32.const 2)) (i32.mul (local.get 0) (i32.const 0x9e3779b1)))
      (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1024)))))
    ${samples.map(({ wat }) => wat).join("\n")}
    ${more.join("\n")})`;
}
