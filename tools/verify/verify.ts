// The build's last step (architecture, decision 6): no recursion, no indirect call, every loop bounded; worst-case
// instructions and stack of every entry point; and all of it within the budgets.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Target } from "../build/targets/target.ts";
import { analyse, type Analysis, type Problem } from "./analyse.ts";
import { loadBudgets, type Budgets, type EntryBudget } from "./budgets.ts";
import { displayPath, VerifyError } from "./errors.ts";
import { EXCLUSIVE_ATTEMPTS } from "./native/exclusives.ts";
import type { Routine } from "./native/program.ts";
import { linearMemory, requiredSymbol, sourceLines, textAndRodata } from "./size.ts";

export interface EntryRow {
  readonly name: string;
  /** Called by assembly; in assembly, and called by nobody; or named in the budgets file. */
  readonly kind: "export" | "assembly" | "function";
  readonly instructions: number;
  /** Loops as long as a byte count: the most that an iteration of each adds. */
  readonly perIteration: readonly { readonly place: string; readonly instructions: number }[];
  readonly stack: number;
  readonly budget: EntryBudget | undefined;
}

export interface SizeRow {
  readonly name: keyof Budgets["size"];
  readonly value: number;
  readonly budget: number;
}

export interface StackProof {
  /** Deepest entry point, and what a fault at its deepest place puts on top. */
  readonly entry: string;
  readonly needed: number;
  readonly available: number;
}

export interface Report {
  readonly entries: readonly EntryRow[];
  readonly sizes: readonly SizeRow[];
  readonly stack: StackProof | undefined;
  /** What the numbers take for granted. */
  readonly notes: readonly string[];
  /** Empty: everything is proven and within the budgets. */
  readonly problems: readonly Problem[];
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What a target's core may cost. */
export const budgetsOf = ({ budgets }: Target): string => resolve(ROOT, budgets);
const countedFor = ({ isa }: Target): string[] => ["core", `arch/${isa}`];
const PANIC = "panic";

/** wasmPath + ".map" is the source map, if there is one. */
export function verify(elfPath: string, wasmPath: string, target: Target, budgetsPath = budgetsOf(target)): Report {
  const problems: Problem[] = [];
  const attempt = <Result>(work: () => Result): Result | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof VerifyError)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  const file = displayPath(budgetsPath);
  const analysis = analyse(elfPath, wasmPath, target, problems);
  const budgets = attempt(() => loadBudgets(budgetsPath));
  if (analysis === undefined) return { entries: [], sizes: [], stack: undefined, notes: [], problems };

  const entries = entryRows(analysis, budgets);
  if (budgets !== undefined) problems.push(...judgeEntries(entries, budgets, analysis, file));
  const stack = attempt(() => proveStack(analysis));
  if (stack !== undefined && stack.needed > stack.available) {
    problems.push(
      new VerifyError("stack-too-small", `${stack.entry} needs ${stack.needed} bytes of stack, and has ${stack.available}`),
    );
  }
  const sizes = budgets === undefined ? [] : (attempt(() => sizeRows(analysis, budgets, countedFor(target))) ?? []);
  for (const { name, value, budget } of sizes) {
    if (value > budget) problems.push(overBudget(name, value, budget, file));
  }
  return { entries, sizes, stack, notes: notesOf(analysis, target), problems };
}

function entryRows({ program, exports }: Analysis, budgets: Budgets | undefined): EntryRow[] {
  const row = (routine: Routine, kind: EntryRow["kind"]): EntryRow => ({
    name: routine.name,
    kind,
    instructions: routine.cost.instructions,
    perIteration: [...routine.cost.perIteration].map(([place, instructions]) => ({ place, instructions })),
    stack: routine.stack.bytes,
    budget: budgets?.entries[routine.name],
  });
  const exported = [...program.routines.values()].filter(({ name }) => exports.has(name));
  const roots = program.roots.filter((routine) => !exported.includes(routine));
  const named = Object.keys(budgets?.entries ?? {})
    .map((name) => program.routines.get(name))
    .filter((routine) => routine !== undefined)
    .filter((routine) => !exported.includes(routine) && !roots.includes(routine));
  return [
    ...exported.map((routine) => row(routine, "export")),
    ...roots.map((routine) => row(routine, "assembly")),
    ...named.map((routine) => row(routine, "function")),
  ];
}

function judgeEntries(
  rows: readonly EntryRow[],
  budgets: Budgets,
  { code, program, exports }: Analysis,
  file: string,
): VerifyError[] {
  const found: VerifyError[] = [];
  for (const { name, instructions, stack, perIteration, budget } of rows) {
    if (budget === undefined) continue;
    const dearest = Math.max(0, ...perIteration.map((one) => one.instructions));
    if (instructions > budget.instructions)
      found.push(overBudget(`${name}: instructions`, instructions, budget.instructions, file));
    if (stack > budget.stack) found.push(overBudget(`${name}: bytes of stack`, stack, budget.stack, file));
    if (dearest > (budget.perIteration ?? 0)) {
      const places = perIteration.map(({ place }) => place).join(", ");
      found.push(
        overBudget(`${name}: instructions per iteration of a byte loop (${places})`, dearest, budget.perIteration ?? 0, file),
      );
    }
  }
  for (const name of exports) {
    if (budgets.entries[name] === undefined) found.push(new VerifyError("budget-missing", `${file}: entry point ${name}`));
  }
  for (const name of Object.keys(budgets.entries)) {
    // What could not be analysed has been reported; it is there all the same.
    if (!program.routines.has(name) && code.named(name) === undefined)
      found.push(new VerifyError("budget-unknown", `${file}: entries.${name}`));
  }
  return found;
}

function overBudget(what: string, value: number, budget: number, file: string): VerifyError {
  return new VerifyError("over-budget", `${what}: ${value}, budget ${budget} (${file}), ${value - budget} too many`);
}

/** A fault of the hypervisor itself starts on the stack that it interrupts. */
function proveStack({ elf, program }: Analysis): StackProof | undefined {
  const available = requiredSymbol(elf, "axv_stack_size");
  const deepest = program.roots.reduce<Routine | undefined>(
    (a, b) => (a === undefined || b.stack.bytes > a.stack.bytes ? b : a),
    undefined,
  );
  if (deepest === undefined) return undefined;
  const reaches = (routine: Routine): boolean =>
    routine.name === PANIC || [...routine.callees].some((start) => reaches(program.functionAt(start)));
  const onTop = Math.max(0, ...program.roots.filter(reaches).map(({ stack }) => stack.bytes));
  return { entry: deepest.name, needed: deepest.stack.bytes + onTop, available };
}

function sizeRows({ elf }: Analysis, { size }: Budgets, counted: readonly string[]): SizeRow[] {
  return [
    { name: "textAndRodata", value: textAndRodata(elf), budget: size.textAndRodata },
    { name: "linearMemory", value: linearMemory(elf), budget: size.linearMemory },
    { name: "sourceLines", value: sourceLines(ROOT, counted), budget: size.sourceLines },
  ];
}

function notesOf({ program }: Analysis, { reading }: Target): string[] {
  const bounds = [...program.routines.values()].flatMap((routine) => routine.bounds.map((bound) => ({ ...bound, routine })));
  const count = (why: string): number => bounds.filter((bound) => bound.why === why).length;
  const merged = bounds.filter(({ why }) => why === "merged");
  return [
    `${bounds.length} loops: ${count("stated")} with a stated bound, ${count("byte-count")} as long as a byte count.`,
    `${count("exclusive")} retry loops of exclusive loads and stores, counted as ${EXCLUSIVE_ATTEMPTS} attempts each ` +
      "(one for each pCPU).",
    reading.note,
    ...merged.map(
      ({ routine, lines }) =>
        `${routine.name}: clang made one loop of those on lines ${lines.join(", ")}; their limits multiply.`,
    ),
  ];
}
