// One function's body as C statements. Expressions are kept as C expressions for as long as nothing emitted in between
// writes what they read (effects.ts); otherwise they go into a temporary first, so that the order is WebAssembly's.
import type { Location } from "../errors.ts";
import { Effects, MEMORY, NOTHING, OUTSIDE } from "./effects.ts";
import { locationOf, type Expression } from "./expression.ts";
import type { ValueType } from "./instructions.ts";
import { Names, sourceName } from "./names.ts";
import { C_TYPE, isPlain, literal, MISSING, offset, plain, union, type Pending } from "./pending.ts";

export interface Line {
  readonly text: string;
  readonly at: Location | undefined;
}

/** What the body needs to know of the module around it. */
export interface Surroundings {
  readonly effects: Effects;
  readonly functions: ReadonlyMap<string, string>;
  readonly globals: ReadonlyMap<string, string>;
  /** The import whose calls become loop markers; the others are called. */
  readonly loopMarker: string | undefined;
  readonly memoryPages: number;
}

/** Takes a value to where it is wanted: a variable, the caller, or nowhere. */
type Sink = (value: Pending) => void;

/** Where a branch goes, and where it puts its value. */
interface Target {
  readonly name: string;
  readonly sink: Sink | undefined;
}

export class FunctionWriter {
  readonly #around: Surroundings;
  readonly #locals: readonly string[];
  readonly #names: Names;
  readonly #labels = new Names();
  readonly #targets = new Map<string, Target>();
  readonly #lines: Line[] = [];
  readonly #temporaries: string[] = [];
  #depth = 1;
  #loops = 0;
  #at: Location | undefined;

  constructor(around: Surroundings, locals: readonly string[], names: Names) {
    this.#around = around;
    this.#locals = locals;
    this.#names = names;
  }

  /** The statements between the function's braces. */
  write(body: readonly Expression[], result: ValueType | undefined): Line[] {
    if (result === undefined) this.#statements(body);
    else this.#sequence(body, (value) => this.#emit(`return ${plain(value)};`));
    return [...this.#temporaries.map((text) => ({ text: `  ${text}`, at: undefined })), ...this.#lines];
  }

  #emit(text: string): void {
    this.#lines.push({ text: "  ".repeat(this.#depth) + text, at: this.#at });
  }

  /** Braces and labels: no instruction comes from them, so no source line either. */
  #mark(text: string): void {
    this.#lines.push({ text: "  ".repeat(this.#depth) + text, at: undefined });
  }

  #indented(write: () => void): void {
    this.#depth++;
    write();
    this.#depth--;
  }

  /** Statements emitted from here on belong to the expression's source line. */
  #locate(expression: Expression): void {
    this.#at = locationOf(expression) ?? this.#at;
  }

  #statements(body: readonly Expression[]): void {
    for (const expression of body) this.#statement(expression);
  }

  /** All but the last as statements; the last one's value goes to the sink. */
  #sequence(body: readonly Expression[], sink: Sink): void {
    const last = body.at(-1);
    this.#statements(body.slice(0, -1));
    if (last === undefined) return;
    if (last.type === undefined) this.#statement(last);
    else this.#into(last, sink);
  }

  #statement(expression: Expression): void {
    this.#locate(expression);
    switch (expression.kind) {
      case "local.set": {
        this.#into(expression.value, this.#variable(this.#local(expression.index)));
        return;
      }
      case "global.set": {
        this.#into(expression.value, this.#variable(this.#global(expression.name)));
        return;
      }
      case "store": {
        const [pointer = MISSING, value = MISSING] = this.#operands([expression.pointer, expression.value]);
        this.#locate(expression);
        const type = `u${expression.access.bits}`;
        this.#emit(`ACCESS(${type}, ${plain(pointer)}, ${offset(expression.offset)}) = (${type})${plain(value)};`);
        return;
      }
      case "call":
        if (expression.target === this.#around.loopMarker) this.#bound(expression.operands);
        else this.#into(expression, (value) => this.#emit(`${value.code};`));
        return;
      case "bulk": {
        const operands = this.#operands(expression.operands);
        this.#locate(expression);
        this.#emit(`axv_${expression.name.replace(".", "_")}(${operands.map(plain).join(", ")});`);
        return;
      }
      case "drop":
        this.#into(expression.value, (value) => {
          if ((value.reads & OUTSIDE) !== NOTHING) this.#emit(`(void)${value.code};`);
        });
        return;
      case "return":
        if (expression.value === undefined) this.#emit("return;");
        else this.#into(expression.value, (value) => this.#emit(`return ${plain(value)};`));
        return;
      case "br":
        this.#branch(expression);
        return;
      case "br_table":
        this.#branchTable(expression);
        return;
      case "block":
        this.#block(expression, undefined);
        return;
      case "loop":
        this.#loop(expression, undefined);
        return;
      case "if":
        this.#if(expression, undefined);
        return;
      case "unreachable":
        this.#emit("__builtin_trap();");
        return;
      case "nop":
        return;
      default:
        // A value that nobody wants, because an operand never returns: only its evaluation counts.
        this.#value(expression);
    }
  }

  /** Evaluates the expression and hands its value to the sink at once. */
  #into(expression: Expression, sink: Sink): void {
    if (expression.type === undefined && expression.kind !== "call") return this.#statement(expression);
    switch (expression.kind) {
      case "call": {
        const operands = this.#operands(expression.operands);
        this.#locate(expression);
        const callee = this.#around.functions.get(expression.target) ?? expression.target;
        return sink({ code: `${callee}(${operands.map(plain).join(", ")})`, reads: OUTSIDE });
      }
      case "block":
        return this.#block(expression, sink);
      case "loop":
        return this.#loop(expression, sink);
      case "if":
        if (isPlain(expression)) break;
        return this.#if(expression, sink);
    }
    const value = this.#value(expression);
    this.#locate(expression);
    sink(value);
  }

  /** The expression's value, still to be evaluated; its side effects have been emitted. */
  #value(expression: Expression): Pending {
    switch (expression.kind) {
      case "const":
        return { code: literal(expression.value, expression.type), reads: NOTHING };
      case "local.get":
        return { code: this.#local(expression.index), reads: this.#around.effects.local(expression.index) };
      case "global.get":
        return { code: this.#global(expression.name), reads: this.#around.effects.global(expression.name) };
      case "memory.size":
        return { code: literal(BigInt(this.#around.memoryPages), "i32"), reads: NOTHING };
      case "local.set":
        this.#statement(expression);
        return { code: this.#local(expression.index), reads: this.#around.effects.local(expression.index) };
      case "value": {
        const { instruction } = expression;
        const operands = this.#operands(expression.operands);
        const [a = "", b = ""] = operands.map(plain);
        const reads = union(operands) | (instruction.traps ? OUTSIDE : NOTHING);
        return { code: instruction.c(a, b), reads, truth: instruction.truth };
      }
      case "load": {
        const pointer = this.#value(expression.pointer);
        const { bits, signed, type } = expression.access;
        const code = `ACCESS(${signed ? "i" : "u"}${bits}, ${plain(pointer)}, ${offset(expression.offset)})`;
        // A narrow value would be promoted to a signed int: widen it as WebAssembly does.
        const widened = signed ? `(${C_TYPE[type]})(${type})${code}` : `(${C_TYPE[type]})${code}`;
        return { code: widened, reads: pointer.reads | MEMORY | OUTSIDE };
      }
      case "select": {
        // Both arms are evaluated whatever the condition, so an arm that can trap may not be left to `?:`.
        const arms = [expression.yes, expression.no, expression.condition];
        const [yes = MISSING, no = MISSING, condition = MISSING] = this.#operands(arms);
        const safe = (arm: Pending): Pending => ((arm.reads & OUTSIDE) === NOTHING ? arm : this.#spill(arm, expression.type));
        const [a, b] = [safe(yes), safe(no)];
        return { code: `(${condition.code} ? ${plain(a)} : ${plain(b)})`, reads: union([a, b, condition]) };
      }
      case "if":
        if (isPlain(expression)) {
          const [then, otherwise] = [expression.then[0], expression.otherwise[0]];
          const [condition, a, b] = [expression.condition, then, otherwise].map((one) =>
            one === undefined ? MISSING : this.#value(one),
          );
          if (condition !== undefined && a !== undefined && b !== undefined) {
            return { code: `(${condition.code} ? ${plain(a)} : ${plain(b)})`, reads: union([condition, a, b]) };
          }
        }
        break;
      case "br":
        return this.#branch(expression);
    }
    if (expression.type === undefined) {
      this.#statement(expression);
      return MISSING;
    }
    const name = this.#temporary(expression.type);
    this.#into(expression, this.#variable(name));
    return { code: name, reads: NOTHING };
  }

  /** Values of operands, evaluated from left to right as far as anyone can tell. */
  #operands(operands: readonly Expression[]): Pending[] {
    return operands.map((operand, index) => {
      const value = this.#value(operand);
      const later = this.#around.effects.writesOf(operands.slice(index + 1));
      return (value.reads & later) === NOTHING ? value : this.#spill(value, operand.type);
    });
  }

  #spill(value: Pending, type: ValueType | undefined): Pending {
    if (type === undefined) return value;
    const name = this.#temporary(type);
    this.#emit(`${name} = ${plain(value)};`);
    return { code: name, reads: NOTHING };
  }

  #temporary(type: ValueType): string {
    const name = this.#names.claim(`t${this.#temporaries.length}`);
    this.#temporaries.push(`${C_TYPE[type]} ${name};`);
    return name;
  }

  #variable(name: string): Sink {
    return (value) => this.#emit(`${name} = ${plain(value)};`);
  }

  #local(index: number): string {
    return this.#locals[index] ?? `local${index}`;
  }

  #global(name: string): string {
    return this.#around.globals.get(name) ?? name;
  }

  #block(block: Expression & { kind: "block" | "loop" }, sink: Sink | undefined): void {
    const target = this.#target(block.label, sink);
    if (sink === undefined) this.#statements(block.body);
    else this.#sequence(block.body, sink);
    if (target !== undefined) this.#mark(`${target.name}:;`);
  }

  #loop(loop: Expression & { kind: "block" | "loop" }, sink: Sink | undefined): void {
    // A branch to a loop's label carries no value.
    const target = this.#target(loop.label, undefined);
    if (target !== undefined) this.#mark(`${target.name}:;`);
    const depth = target === undefined ? 0 : 1;
    this.#loops += depth;
    if (sink === undefined) this.#statements(loop.body);
    else this.#sequence(loop.body, sink);
    this.#loops -= depth;
  }

  #target(label: string | undefined, sink: Sink | undefined): Target | undefined {
    if (label === undefined) return undefined;
    const target = { name: this.#labels.claim(sourceName(label)), sink };
    this.#targets.set(label, target);
    return target;
  }

  #if(expression: Expression & { kind: "if" }, sink: Sink | undefined): void {
    const condition = this.#value(expression.condition);
    this.#locate(expression);
    const arm = (body: readonly Expression[]): void =>
      this.#indented(() => (sink === undefined ? this.#statements(body) : this.#sequence(body, sink)));
    this.#emit(`if (${condition.code}) {`);
    arm(expression.then);
    if (expression.otherwise.length > 0) {
      this.#mark("} else {");
      arm(expression.otherwise);
    }
    this.#mark("}");
  }

  #branch(branch: Expression & { kind: "br" }): Pending {
    const target = this.#targetOf(branch.label);
    const { value, condition } = branch;
    if (condition === undefined) {
      if (value !== undefined && target.sink !== undefined) this.#into(value, target.sink);
      this.#locate(branch);
      this.#emit(`goto ${target.name};`);
      return MISSING;
    }
    const [first = MISSING, second] = this.#operands(value === undefined ? [condition] : [value, condition]);
    this.#locate(branch);
    if (second === undefined) {
      this.#emit(`if (${first.code}) goto ${target.name};`);
      return MISSING;
    }
    // Used twice: by the branch, and where it falls through.
    const kept = this.#spill(first, branch.type);
    this.#emit(`if (${second.code}) {`);
    this.#indented(() => {
      target.sink?.(kept);
      this.#emit(`goto ${target.name};`);
    });
    this.#mark("}");
    return kept;
  }

  #branchTable(table: Expression & { kind: "br_table" }): void {
    const operands = this.#operands(table.value === undefined ? [table.index] : [table.value, table.index]);
    const index = operands.at(-1) ?? MISSING;
    const value = table.value === undefined ? undefined : this.#spill(operands[0] ?? MISSING, table.value.type);
    this.#locate(table);
    const fallback = table.labels.at(-1) ?? "";
    const cases = new Map<string, number[]>();
    table.labels.slice(0, -1).forEach((label, number) => {
      if (label !== fallback) cases.set(label, [...(cases.get(label) ?? []), number]);
    });
    const leave = (label: string): void => {
      const target = this.#targetOf(label);
      if (value !== undefined) target.sink?.(value);
      this.#emit(`goto ${target.name};`);
    };
    this.#emit(`switch (${plain(index)}) {`);
    this.#indented(() => {
      for (const [label, numbers] of cases) {
        this.#mark(numbers.map((number) => `case ${number}:`).join(" "));
        this.#indented(() => leave(label));
      }
      this.#mark("default:");
      this.#indented(() => leave(fallback));
    });
    this.#mark("}");
  }

  #targetOf(label: string): Target {
    const target = this.#targets.get(label);
    if (target === undefined) throw new SyntaxError(`branch to unknown label ${label}`);
    return target;
  }

  /** bound(iteration, limit): a marker where there is a loop; the iteration counts only for the simulator. */
  #bound(operands: readonly Expression[]): void {
    const [iteration, limit] = operands;
    if (iteration !== undefined) this.#statement({ kind: "drop", at: iteration.at, type: undefined, value: iteration });
    if (this.#loops > 0 && limit?.kind === "const") this.#emit(`BOUND(${literal(limit.value, "i32")});`);
  }
}
