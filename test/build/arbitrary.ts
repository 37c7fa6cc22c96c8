// Random WebAssembly functions for the differential test. fast-check makes trees that know nothing of their surroundings;
// printing one resolves what depends on them: which label a branch means, which counter a loop has.
import * as fc from "fast-check";
import { EDGES, LOADS, STORES, VALUE_INSTRUCTIONS, type Type } from "./instructions.ts";

/** Prints itself into a scope. */
type Tree = (scope: Scope) => string;

interface Scope {
  /** Innermost last. */
  readonly labels: readonly { readonly name: string; readonly type: Type | undefined }[];
  /** Loops around; each depth has its own counter. */
  readonly loops: number;
  readonly next: { label: number };
}

const PARAMS: Readonly<Record<Type, readonly string[]>> = { i32: ["$a", "$b", "$x", "$y"], i64: ["$c", "$d", "$z"] };
const GLOBAL: Readonly<Record<Type, string>> = { i32: "$narrow", i64: "$wide" };
const MAX_LOOPS = 2;
const MAX_LENGTH = 40;
/** Keeps accesses inside the one page; what is out of bounds is in the corpus. */
const POINTER_MASK = 0x7fff;

const counter = (depth: number): string => `$n${depth}`;
const pointer = (tree: Tree): Tree => (scope) => `(i32.and ${tree(scope)} (i32.const ${POINTER_MASK}))`;
const constant = (type: Type): fc.Arbitrary<Tree> =>
  fc
    .oneof(fc.constantFrom(...EDGES[type]), fc.bigInt({ min: 0n, max: type === "i32" ? 0xffffffffn : 0xffffffffffffffffn }))
    .map((value) => () => `(${type}.const ${value})`);

const { i32, i64, statement } = fc.letrec<{ i32: Tree; i64: Tree; statement: Tree }>((tie) => {
  const valueOf = (type: Type): fc.Arbitrary<Tree> => tie(type);
  const sequence = fc.array(tie("statement"), { maxLength: 3 }).map(
    (trees): Tree =>
      (scope) =>
        trees.map((tree) => tree(scope)).join(" "),
  );

  const value = (type: Type): fc.Arbitrary<Tree> => {
    const leaf = fc.oneof(
      constant(type),
      fc.constantFrom(...PARAMS[type]).map((name): Tree => () => `(local.get ${name})`),
      fc.constant<Tree>(() => `(global.get ${GLOBAL[type]})`),
    );
    const instructions = VALUE_INSTRUCTIONS.filter(({ result }) => result === type).map(({ name, operands }) =>
      fc.tuple(...operands.map(valueOf)).map(
        (trees): Tree =>
          (scope) =>
            `(${name} ${trees.map((tree) => tree(scope)).join(" ")})`,
      ),
    );
    const load = fc.tuple(fc.constantFrom(...LOADS[type]), fc.nat(100), tie("i32")).map(
      ([op, offset, address]): Tree =>
        (scope) =>
          `(${type}.${op} offset=${offset} align=1 ${pointer(address)(scope)})`,
    );
    const tee = fc.tuple(fc.constantFrom(...PARAMS[type]), valueOf(type)).map(
      ([name, tree]): Tree =>
        (scope) =>
          `(local.tee ${name} ${tree(scope)})`,
    );
    const choice = fc.tuple(valueOf(type), valueOf(type), tie("i32")).map(
      (trees): Tree =>
        (scope) =>
          `(select ${trees.map((tree) => tree(scope)).join(" ")})`,
    );
    const ask = fc.tuple(tie("i32"), tie("i64")).map(([a, b]): Tree => (scope) => {
      const call = `(call $ask ${a(scope)} ${b(scope)})`;
      return type === "i32" ? call : `(i64.extend_i32_u ${call})`;
    });
    const helper = fc.tuple(tie("i32"), tie("i32")).map(([a, b]): Tree => (scope) =>
      type === "i32" ? `(call $subtract ${a(scope)} ${b(scope)})` : `(call $widen ${a(scope)})`);
    const conditional = fc.tuple(tie("i32"), sequence, valueOf(type), sequence, valueOf(type)).map(
      ([condition, s, a, t, b]): Tree =>
        (scope) =>
          `(if (result ${type}) ${condition(scope)} (then ${s(scope)} ${a(scope)}) (else ${t(scope)} ${b(scope)}))`,
    );
    const block = fc.tuple(sequence, valueOf(type)).map(([body, last]): Tree => (scope) => labelled(scope, type, (name, inner) =>
      `(block ${name} (result ${type}) ${body(inner)} ${last(inner)})`));
    // A branch with a value, where some block around takes one of this type.
    const branch = fc
      .tuple(fc.nat(5), valueOf(type), tie("i32"), fc.boolean())
      .map(([n, tree, condition, always]): Tree => (scope) => {
        const takers = scope.labels.filter((label) => label.type === type);
        const target = takers[n % takers.length];
        if (target === undefined) return tree(scope);
        return always ? `(br ${target.name} ${tree(scope)})` : `(br_if ${target.name} ${tree(scope)} ${condition(scope)})`;
      });
    const table = fc
      .tuple(fc.array(fc.nat(5), { minLength: 1, maxLength: 5 }), valueOf(type), tie("i32"))
      .map(([numbers, tree, index]): Tree => (scope) => {
        const takers = scope.labels.filter((label) => label.type === type);
        const names = numbers.flatMap((n) => takers[n % takers.length]?.name ?? []);
        return names.length === 0 ? tree(scope) : `(br_table ${names.join(" ")} ${tree(scope)} ${index(scope)})`;
      });
    return fc.oneof(
      { maxDepth: 5, depthIdentifier: "depth", withCrossShrink: true },
      { weight: 4, arbitrary: leaf },
      { weight: 10, arbitrary: fc.oneof(...instructions) },
      { weight: 2, arbitrary: load },
      { weight: 3, arbitrary: tee },
      { weight: 2, arbitrary: choice },
      { weight: 1, arbitrary: ask },
      { weight: 1, arbitrary: helper },
      { weight: 2, arbitrary: conditional },
      { weight: 2, arbitrary: block },
      { weight: 1, arbitrary: branch },
      { weight: 1, arbitrary: table },
    );
  };

  const anyType = fc.constantFrom<Type>("i32", "i64");
  const set = anyType.chain((type) =>
    fc.tuple(fc.constantFrom(...PARAMS[type]), valueOf(type)).map(
      ([name, tree]): Tree =>
        (scope) =>
          `(local.set ${name} ${tree(scope)})`,
    ),
  );
  const setGlobal = anyType.chain((type) =>
    valueOf(type).map(
      (tree): Tree =>
        (scope) =>
          `(global.set ${GLOBAL[type]} ${tree(scope)})`,
    ),
  );
  const store = anyType.chain((type) =>
    fc.tuple(fc.constantFrom(...STORES[type]), fc.nat(100), tie("i32"), valueOf(type)).map(
      ([op, offset, address, tree]): Tree =>
        (scope) =>
          `(${type}.${op} offset=${offset} align=1 ${pointer(address)(scope)} ${tree(scope)})`,
    ),
  );
  const drop = anyType.chain((type) => valueOf(type).map((tree): Tree => (scope) => `(drop ${tree(scope)})`));
  const tell = tie("i64").map((tree): Tree => (scope) => `(call $tell ${tree(scope)})`);
  const conditional = fc.tuple(tie("i32"), sequence, sequence, fc.boolean()).map(([condition, a, b, two]): Tree => (scope) =>
    `(if ${condition(scope)} (then ${a(scope)}) ${two ? `(else ${b(scope)})` : ""})`);
  const block = sequence.map(
    (body): Tree =>
      (scope) =>
        labelled(scope, undefined, (name, inner) => `(block ${name} ${body(inner)})`),
  );
  const loop = fc.tuple(fc.integer({ min: 1, max: 5 }), sequence).map(([times, body]): Tree => (scope) => {
    if (scope.loops === MAX_LOOPS) return body(scope);
    const n = counter(scope.loops);
    const label = `$l${scope.next.label++}`;
    // The label is not offered to branches: they would skip the counting.
    const inner = body({ ...scope, loops: scope.loops + 1 });
    return `(local.set ${n} (i32.const 0)) (loop ${label} (call $bound (local.get ${n}) (i32.const ${times})) ${inner}
      (br_if ${label} (i32.lt_u (local.tee ${n} (i32.add (local.get ${n}) (i32.const 1))) (i32.const ${times}))))`;
  });
  const branch = fc.tuple(fc.nat(5), tie("i32"), fc.boolean()).map(([n, condition, always]): Tree => (scope) => {
    const takers = scope.labels.filter((label) => label.type === undefined);
    const target = takers[n % takers.length];
    if (target === undefined) return "(nop)";
    return always ? `(br ${target.name})` : `(br_if ${target.name} ${condition(scope)})`;
  });
  const bulk = fc.tuple(fc.constantFrom("memory.fill", "memory.copy"), tie("i32"), tie("i32"), fc.nat(MAX_LENGTH)).map(
    ([op, to, from, bytes]): Tree =>
      (scope) =>
        `(${op} ${pointer(to)(scope)} ${pointer(from)(scope)} (i32.const ${bytes}))`,
  );
  const leave = fc.tuple(tie("i64"), fc.boolean()).map(
    ([tree, trap]): Tree =>
      (scope) =>
        trap ? "(unreachable)" : `(return ${tree(scope)})`,
  );

  return {
    i32: value("i32"),
    i64: value("i64"),
    statement: fc.oneof(
      { maxDepth: 5, depthIdentifier: "depth" },
      { weight: 5, arbitrary: set },
      { weight: 2, arbitrary: setGlobal },
      { weight: 4, arbitrary: store },
      { weight: 1, arbitrary: drop },
      { weight: 1, arbitrary: tell },
      { weight: 3, arbitrary: conditional },
      { weight: 2, arbitrary: block },
      { weight: 2, arbitrary: loop },
      { weight: 2, arbitrary: branch },
      { weight: 1, arbitrary: bulk },
      // Rarely, and only on a condition: what follows would never run.
      {
        weight: 1,
        arbitrary: fc.tuple(tie("i32"), leave).map(
          ([condition, tree]): Tree =>
            (scope) =>
              `(if (i32.eqz (i32.and ${condition(scope)} (i32.const 7))) (then ${tree(scope)}))`,
        ),
      },
    ),
  };
});

function labelled(scope: Scope, type: Type | undefined, print: (name: string, inner: Scope) => string): string {
  const name = `$l${scope.next.label++}`;
  return print(name, { ...scope, labels: [...scope.labels, { name, type }] });
}

/** Statements, then a value that all locals and globals go into, so that no difference gets lost. */
export const functionBody: fc.Arbitrary<string> = fc
  .tuple(fc.array(statement, { minLength: 1, maxLength: 5 }), i32, i64)
  .map(([statements, narrow, wide]) => {
    const scope: Scope = { labels: [], loops: 0, next: { label: 0 } };
    const everything = [...PARAMS.i64, ...PARAMS.i32].reduce((all, name) => {
      const value = PARAMS.i64.includes(name) ? `(local.get ${name})` : `(i64.extend_i32_u (local.get ${name}))`;
      return `(i64.add (i64.mul ${all} (i64.const 31)) ${value})`;
    }, "(i64.add (global.get $wide) (i64.extend_i32_u (global.get $narrow)))");
    const last = `(i64.xor (i64.extend_i32_u ${narrow(scope)}) ${wide(scope)})`;
    return `(param $a i32) (param $b i32) (param $c i64) (param $d i64) (result i64)
      (local $x i32) (local $y i32) (local $z i64) (local $n0 i32) (local $n1 i32)
      ${statements.map((tree) => tree(scope)).join("\n")}
      (i64.xor ${last} ${everything})`;
  });

/** Arguments for it. */
export const functionArguments: fc.Arbitrary<bigint[]> = fc.tuple(
  fc.constantFrom(...EDGES.i32),
  fc.bigInt({ min: 0n, max: 0xffffffffn }),
  fc.constantFrom(...EDGES.i64),
  fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
);
