// What an expression reads and writes, as sets of resources. WebAssembly evaluates operands from left to right; a C
// expression may be evaluated later than its place in that order only if nothing emitted in between writes what it reads.
import { children, type Expression } from "./expression.ts";

/** One bit a resource. */
export type Resources = bigint;
export const NOTHING: Resources = 0n;
/** Linear memory. */
export const MEMORY: Resources = 1n;
/** What can be seen when execution stops or leaves: a trap reads it; stores, calls and branches write it. */
export const OUTSIDE: Resources = 2n;
const FIRST_NAMED = 2n;

export class Effects {
  readonly #globals: ReadonlyMap<string, Resources>;
  readonly #allGlobals: Resources;
  readonly #firstLocal: bigint;
  readonly #written = new Map<Expression, Resources>();

  constructor(globals: Iterable<string>) {
    const names = [...globals];
    this.#globals = new Map(names.map((name, index) => [name, 1n << (FIRST_NAMED + BigInt(index))]));
    this.#firstLocal = FIRST_NAMED + BigInt(names.length);
    this.#allGlobals = [...this.#globals.values()].reduce((all, one) => all | one, NOTHING);
  }

  local(index: number): Resources {
    return 1n << (this.#firstLocal + BigInt(index));
  }

  global(name: string): Resources {
    return this.#globals.get(name) ?? NOTHING;
  }

  /** Everything that evaluating the expression may write. */
  writes(expression: Expression): Resources {
    const known = this.#written.get(expression);
    if (known !== undefined) return known;
    const written = this.#own(expression) | this.writesOf(children(expression));
    this.#written.set(expression, written);
    return written;
  }

  writesOf(expressions: readonly Expression[]): Resources {
    return expressions.reduce((all, one) => all | this.writes(one), NOTHING);
  }

  #own(expression: Expression): Resources {
    switch (expression.kind) {
      case "local.set":
        return this.local(expression.index);
      case "global.set":
        return this.global(expression.name) | OUTSIDE;
      case "store":
      case "bulk":
        return MEMORY | OUTSIDE;
      case "call":
        return MEMORY | OUTSIDE | this.#allGlobals;
      case "br":
      case "br_table":
      case "return":
      case "unreachable":
        return OUTSIDE;
      default:
        return NOTHING;
    }
  }
}
