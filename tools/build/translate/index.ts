// WebAssembly → one freestanding C file (architecture, decision 2). The wasm is read by binaryen; its IR, printed as text
// with the source map's locations, is walked here. The C goes to clang-19 as it is.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "../errors.ts";
import type { Target } from "../targets/target.ts";
import { attributes, type Shapes } from "./attributes.ts";
import { Effects } from "./effects.ts";
import { FunctionWriter, type Line, type Surroundings } from "./function.ts";
import { BOUND, externImport, findIntrinsic, inlineImport, type Tables } from "./imports.ts";
import { checkLoops } from "./loops.ts";
import { withLineDirectives } from "./lines.ts";
import { readModule, type Function, type Module, type Segment } from "./module.ts";
import { isIdentifier, Names, sourceName } from "./names.ts";
import { C_TYPE, literal } from "./pending.ts";
import { foldStart } from "./start.ts";
import { ROOT } from "../files.ts";

const HERE = "tools/build/translate";
/** Instead of a target's. */
const HOST_HEADERS = [`${HERE}/host.h`, `${HERE}/builtins.h`];
/** Copies the data segments into linear memory and runs the module's start function; called once, before any export. */
export const INITIALIZER = "axv_init_linear";

export interface Translation {
  readonly c: string;
  /** Exported function → its parameters and result; C and wasm have the same names. */
  readonly module: Module;
  /** wasm id → C name, of imports and functions. */
  readonly functions: ReadonlyMap<string, string>;
}

const resultOf = ({ result }: Function): string => (result === undefined ? "void" : C_TYPE[result]);

/** `target`: undefined for a host test, which answers the imports itself. */
export function translate(text: string, tables: Tables, target: Target | undefined, shapes: Shapes = {}): Translation {
  const module = foldStart(readModule(text));
  const names = new Names([INITIALIZER, "axv_memory_copy", "axv_memory_fill", "axv_memory_init", "axv_segment_init"]);
  const functions = nameFunctions(module, names);
  const bound = [...module.imports].find(([, one]) => one.module === BOUND.module && one.name === BOUND.name)?.[0];
  const around: Surroundings = {
    effects: new Effects(module.globals.keys()),
    functions,
    globals: new Map([...module.globals.keys()].map((id) => [id, names.claim(sourceName(id))])),
    // Where a test answers the imports, it checks bounds too, as the simulator does.
    loopMarker: target === undefined ? undefined : bound,
    memoryPages: module.memoryPages,
  };

  const declarations: string[] = [];
  for (const [id, one] of module.imports) {
    const intrinsic = findIntrinsic(tables, one);
    const name = functions.get(id) ?? "";
    if (id === around.loopMarker) continue;
    declarations.push(target === undefined ? externImport(name, one) : inlineImport(name, intrinsic, target.isa));
  }
  for (const [id, { type, mutable, value }] of module.globals) {
    declarations.push(
      `static ${mutable ? "" : "const "}${C_TYPE[type]} ${around.globals.get(id) ?? ""} = ${literal(value, type)};`,
    );
  }
  const exported = new Set(module.exports.values());
  const attributesOf = attributes(shapes, {
    functions: new Set([...functions.values(), ...module.exports.keys()]),
    exports: new Set(module.exports.keys()),
  }, target?.conventions);
  const prototype = (one: Function, params: string): string =>
    [
      attributesOf(functions.get(one.id) ?? "") + (exported.has(one.id) ? "" : "static ") + resultOf(one),
      `${functions.get(one.id) ?? ""}(${params || "void"})`,
    ].join(" ");
  for (const one of module.functions) declarations.push(`${prototype(one, one.params.map((type) => C_TYPE[type]).join(", "))};`);

  const bodies = module.functions.flatMap((one): Line[] => {
    checkLoops(one.body, bound, one.name);
    const localNames = new Names(names.all());
    const locals = one.locals.map((_, index) => localNames.claim(localName(one, index)));
    const typed = one.locals.map((type, index) => `${C_TYPE[type]} ${locals[index] ?? ""}`);
    const lines = new FunctionWriter(around, locals, localNames).write(one.body, one.result);
    const at = lines.find((line) => line.at !== undefined)?.at;
    return [
      { text: "", at: undefined },
      { text: `${prototype(one, typed.slice(0, one.params.length).join(", "))} {`, at },
      ...typed.slice(one.params.length).map((text) => ({ text: `  ${text} = 0;`, at: undefined })),
      ...lines,
      { text: "}", at: undefined },
    ];
  });

  const c = [
    ...headersOf(target).flatMap((file) => [`#line 1 "${file}"`, readFileSync(join(ROOT, file), "utf8")]),
    `#line 1 "declarations"`,
    ...declarations,
    ...withLineDirectives(bodies),
    ...secondExports(module, functions, attributesOf),
    ...initializer(module, functions),
    "",
  ];
  return { c: c.join("\n"), module, functions };
}

/** What a translated program begins with, in order; relative to the root. */
export const headersOf = (target: Pick<Target, "headers"> | undefined): string[] =>
  [`${HERE}/types.h`, ...(target?.headers ?? HOST_HEADERS), `${HERE}/prelude.h`];

/** Exports first: assembly knows them by these names. */
function nameFunctions(module: Module, names: Names): Map<string, string> {
  const functions = new Map<string, string>();
  for (const [name, id] of module.exports) {
    if (!isIdentifier(name)) throw new BuildError("export-name", `export "${name}" of ${sourceName(id)}`);
    const claimed = names.claim(name);
    if (!functions.has(id)) functions.set(id, claimed);
  }
  for (const [id, one] of module.imports) functions.set(id, names.claim(`${one.module}_${one.name}`));
  for (const { id, name } of module.functions) if (!functions.has(id)) functions.set(id, names.claim(name));
  return functions;
}

/** asc merges functions whose code is the same: one may be exported by two names. */
function secondExports(module: Module, functions: ReadonlyMap<string, string>, attributesOf: (name: string) => string): string[] {
  return [...module.exports].flatMap(([name, id]) => {
    const one = module.functions.find((candidate) => candidate.id === id);
    const first = functions.get(id);
    if (one === undefined || first === undefined || first === name) return [];
    const params = one.params.map((type, index) => `${C_TYPE[type]} p${index}`).join(", ");
    const back = one.result === undefined ? "" : "return ";
    const call = `${first}(${one.params.map((_, index) => `p${index}`).join(", ")});`;
    return [
      `${attributesOf(name)}${resultOf(one)} ${name}(${params || "void"}) { ${back}${call} }`,
    ];
  });
}

function localName(one: Function, index: number): string {
  const name = sourceName(one.localIds[index] ?? "");
  return /^\d*$/.test(name) ? `${index < one.params.length ? "p" : "l"}${index}` : name;
}

/** Every second byte, where all the others are zero: memory is, before it is initialized. */
function withoutZeros(data: Uint8Array): { readonly data: Uint8Array; readonly wide: boolean } {
  const wide = data.every((byte, n) => n % 2 === 0 || byte === 0);
  return wide ? { data: data.filter((_, n) => n % 2 === 0), wide } : { data, wide };
}

/** Bytes of an axv_segment. */
const SEGMENT_BYTES = 8;

/**
 * Two segments become one where the zeros between them take less room than an entry of its own (asc makes two of each
 * string).
 */
function joined(segments: readonly Segment[]): Segment[] {
  return segments.reduce<Segment[]>((done, next) => {
    const last = done.at(-1);
    if (last === undefined) return [next];
    const gap = next.offset - last.offset - last.data.length;
    if (gap < 0) return [...done, next];
    const both = Buffer.concat([last.data, new Uint8Array(gap), next.data]);
    const packed = (data: Uint8Array): number => withoutZeros(data).data.length;
    const saves = packed(both) < packed(last.data) + packed(next.data) + SEGMENT_BYTES;
    return saves ? [...done.slice(0, -1), { offset: last.offset, data: both }] : [...done, next];
  }, []);
}

/** As the loop over them in prelude.h has it. */
const SEGMENTS_MAX = 256;

function initializer(module: Module, functions: ReadonlyMap<string, string>): string[] {
  const segments = joined(module.segments.filter(({ data }) => data.length > 0));
  if (segments.length > SEGMENTS_MAX) throw new BuildError("data-segments", `${segments.length} stretches of data`);
  const packed = segments.map(({ offset, data }) => ({ offset, ...withoutZeros(data) }));
  const bytes = packed.flatMap(({ data }) => [...data]);
  const places = packed.map(({ offset, data, wide }) => `{${literal(BigInt(offset), "i32")}, ${data.length}u, ${wide ? 1 : 0}}`);
  const data = [
    `static const u8 axv_data[] = {${bytes.join(",")}};`,
    `static const axv_segment axv_segments[] = {${places.join(", ")}};`,
  ];
  const copies = segments.length === 0 ? [] : [`  axv_memory_init(axv_segments, axv_data, ${segments.length}u);`];
  const start = module.start === undefined ? [] : [`  ${functions.get(module.start) ?? ""}();`];
  return [
    "",
    `#line 1 "${INITIALIZER}"`,
    ...(segments.length === 0 ? [] : data),
    `void ${INITIALIZER}(void) {`,
    ...copies,
    ...start,
    "}",
  ];
}
