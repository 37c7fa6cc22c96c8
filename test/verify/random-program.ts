// Random C functions with bounded loops of every shape that the core has, and how their loops nest. Every way that a
// function can take depends on the eight bits of its argument, so that 256 calls see them all. Every loop has its marker on
// a line of its own, so that the line names it.

export interface RandomProgram {
  readonly c: string;
  /** Functions u32 name(u32 bits). */
  readonly functions: readonly string[];
  /** Lines of loops: the second runs inside the first. */
  readonly nesting: readonly (readonly [number, number])[];
}

export type Random = (below: number) => number;

export const ARGUMENTS = 256;
const BITS = 8;
const MAX_LOOP_DEPTH = 3;
const MAX_DEPTH = 4;
const MAX_LIMIT = 6;
const MAX_LOOPS = 5;
const WORDS = 16;

interface Helper {
  readonly name: string;
  readonly loops: readonly number[];
}

const HEAD = `
static u32 words[${WORDS}];
#define BIT(n) ((x >> ((n) & ${BITS - 1})) & 1u)
static inline __attribute__((always_inline)) void use(u32 v) { __asm__ volatile("" : : "r"(v)); }
`;
/** Lines are counted from here, whatever the prelude includes. */
const FIRST_LINE = 1000;

export function randomProgram(prelude: string, functionCount: number, random: Random): RandomProgram {
  const writer = new Writer(random);
  const names = Array.from({ length: functionCount }, (_, n) => writer.function(`f${n}`));
  // A static one may vanish by inlining; these do not.
  const wrappers = names.map((name) => `__attribute__((noinline)) u32 run_${name}(u32 x) { return ${name}(x); }`);
  const c = [prelude, HEAD, `#line ${FIRST_LINE} "random.c"`, ...writer.lines, ...wrappers, ""].join("\n");
  return { c, functions: names.map((name) => `run_${name}`), nesting: writer.nesting };
}

class Writer {
  readonly lines: string[] = [];
  readonly nesting: [number, number][] = [];
  readonly #random: Random;
  /** Functions without calls, which others may call. */
  readonly #helpers: Helper[] = [];
  #around: number[] = [];
  #loops: number[] = [];
  #calls = 0;
  #names = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  function(name: string): string {
    this.#loops = [];
    this.#calls = 0;
    this.#emit(`${this.#one(["", "static ", "__attribute__((noinline)) "])}u32 ${name}(u32 x) {`);
    this.#emit("u32 y = x;");
    this.#loop(0);
    this.#block(0);
    this.#emit("return y ^ x; }");
    if (this.#calls === 0) this.#helpers.push({ name, loops: this.#loops });
    return name;
  }

  #emit(text: string): void {
    this.lines.push(text);
  }

  #one(choices: readonly string[]): string {
    return choices[this.#random(choices.length)] ?? "";
  }

  #chance(oneIn: number): boolean {
    return this.#random(oneIn) === 0;
  }

  #block(depth: number): void {
    for (let left = 1 + this.#random(2); left > 0; left--) this.#statement(depth);
  }

  #statement(depth: number): void {
    const kind = this.#random(10);
    if (depth >= MAX_DEPTH || kind < 3) this.#simple();
    else if (kind < 5) this.#if(depth);
    else if (kind < 6) this.#switch(depth);
    else if (kind < 7) this.#call();
    else if (this.#around.length < MAX_LOOP_DEPTH && this.#loops.length < MAX_LOOPS) this.#loop(depth);
    else this.#simple();
  }

  #simple(): void {
    this.#emit(
      this.#one([
        `y += x ^ ${this.#random(1000)}u;`,
        `words[x % ${WORDS}u] += y;`,
        `y ^= words[y % ${WORDS}u];`,
        "y = (y << 3) | (y >> 29);",
        "use(y);",
      ]),
    );
  }

  #if(depth: number): void {
    this.#emit(`if (${this.#condition()}) {`);
    this.#block(depth + 1);
    if (this.#chance(2)) {
      this.#emit("} else {");
      this.#block(depth + 1);
    }
    this.#emit("}");
  }

  /** Of the argument, and of the innermost loop's round if there is one. */
  #condition(): string {
    const round = this.#around.length > 0 && this.#chance(2) ? "i + " : "";
    return `${this.#one(["", "!"])}BIT(${round}${this.#random(BITS)})`;
  }

  #switch(depth: number): void {
    this.#emit(`switch ((x >> ${this.#random(BITS - 1)}) & 3u) {`);
    for (let value = 0; value < 2 + this.#random(3); value++) {
      this.#emit(`case ${value}: {`);
      this.#block(depth + 1);
      this.#emit(this.#chance(3) ? "} /* fall through */" : "} break;");
    }
    this.#emit("default: ; }");
  }

  #call(): void {
    const helper = this.#helpers[this.#random(this.#helpers.length)];
    if (helper === undefined || this.#calls > 0 || this.#around.length > 1) {
      this.#simple();
      return;
    }
    this.#calls++;
    for (const loop of helper.loops) this.#inside(loop);
    this.#emit(`y += ${helper.name}(x);`);
  }

  #inside(inner: number): void {
    for (const outer of this.#around) this.nesting.push([outer, inner]);
    this.#loops.push(inner);
  }

  /** Its own round counter is called i, so that conditions inside can use it. */
  #loop(depth: number): void {
    const shape = this.#random(8);
    const limit = shape >= 6 ? BITS : 1 + this.#random(MAX_LIMIT);
    const n = `n${this.#names++}`;
    const bit = this.#random(BITS);
    this.#emit("{");
    if (shape === 0) this.#emit(`for (u32 i = 0; i < ${limit}u; i++) {`);
    if (shape === 1) this.#emit(`for (u32 i = 0, ${n} = (x >> ${bit}) % ${limit + 1}u; i < ${n}; i++) {`);
    if (shape === 2) this.#emit("u32 i = 0; do {");
    if (shape === 3) this.#emit(`for (u32 i = 0; i < ${limit}u && BIT(i + ${bit}); i++) {`);
    if (shape === 4) this.#emit(`u32 i = 0; for (;;) { if (i == ${limit}u || (y & 0x1f) == 7u) break;`);
    if (shape === 5) this.#emit(`for (u32 i = 0; i < ${limit}u && *(volatile u32 *)&words[i] != x + 77u; i++) {`); // polls
    if (shape >= 6) this.#emit(`u32 ${n} = x & 0xffu, i = 0; while (${n} != 0) {`);
    if (shape === 7 && this.#chance(2)) this.#simple();
    const line = FIRST_LINE + this.lines.length;
    this.#inside(line);
    this.#emit(`BOUND(${limit});`);
    this.#around.push(line);
    if (shape === 4) this.#emit("i++;");
    if (shape >= 6) this.#emit(`${n} &= ${n} - 1; i = ${n};`);
    if (shape !== 5 || this.#chance(2)) this.#block(depth + 1);
    if (this.#chance(3))
      this.#emit(`if (${this.#condition()}) { y++; ${this.#one(shape === 2 ? ["break"] : ["break", "continue", "return y"])}; }`);
    this.#emit(shape === 2 ? `} while (++i < ${limit}u && BIT(i + ${bit}));` : "}");
    this.#around.pop();
    this.#emit("}");
  }
}

/** xorshift32 (Marsaglia 2003): the same seed gives the same program. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}
