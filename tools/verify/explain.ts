// The longest path of one routine, as function, source line and cost; callees below their call, loops with what is in them.
import type { Code } from "./native/code.ts";
import { calledBy } from "./native/instruction.ts";
import type { Path, Step } from "./native/longest.ts";
import type { Program, Routine } from "./native/program.ts";

const INDENT = "  ";
const COST_WIDTH = 14;

export function explain(program: Program, code: Code, routine: Routine): string[] {
  const lines: string[] = [];
  const shown = new Set<string>();
  const say = (cost: number | string, depth: number, text: string): void => {
    lines.push(`${cost.toLocaleString("en-US").padStart(COST_WIDTH)}  ${INDENT.repeat(depth)}${text}`);
  };

  const callee = (start: number, depth: number, how: string): void => {
    const target = program.functionAt(start);
    const again = shown.has(target.name);
    say(target.cost.instructions, depth, `${how} ${target.name}${again ? " (as above)" : ""}`);
    if (!again) whole(target, depth + 1);
  };

  const whole = (one: Routine, depth: number): void => {
    shown.add(one.name);
    path(one.path, depth);
  };

  const path = (end: Path, depth: number): void => {
    let open: { readonly line: string; count: number } | undefined;
    const flush = (): void => {
      if (open !== undefined) say(open.count, depth, open.line);
      open = undefined;
    };
    for (const step of stepsOf(end)) {
      if (step.block === undefined) {
        flush();
        loop(step, depth);
        continue;
      }
      for (const instruction of step.block.instructions) {
        const { source, address } = instruction;
        const line = source === undefined ? code.describe(address) : `${source.file}:${source.line}`;
        if (open?.line !== line) {
          flush();
          open = { line, count: 0 };
        }
        open.count++;
        const called = calledBy(instruction);
        if (called === undefined) continue;
        flush();
        callee(called, depth + 1, "calls");
      }
      if (step.tail === undefined) continue;
      flush();
      callee(step.tail, depth + 1, "goes on in");
    }
    flush();
  };

  const loop = ({ around, last, bound, times, at }: Step & { readonly block?: undefined }, depth: number): void => {
    const place = at === undefined ? "" : ` at ${at.file}:${at.line}`;
    const why = bound.why === "exclusive" ? "retries of an exclusive store" : `${bound.why}, line ${bound.lines.join(", ")}`;
    const rounds = Number.isFinite(times) ? `${times} times` : "as often as the size says";
    say(Number.isFinite(times) ? times * around.cost.instructions : "by size", depth, `loop${place}, ${rounds} (${why}):`);
    say(around.cost.instructions, depth + 1, "each round");
    path(around, depth + 2);
    say(last.cost.instructions, depth + 1, "and out");
    path(last, depth + 2);
  };

  say(routine.cost.instructions, 0, routine.name);
  whole(routine, 1);
  return lines;
}

function stepsOf(end: Path): Step[] {
  const steps: Step[] = [];
  for (let path: Path | undefined = end; path !== undefined; path = path.before)
    if (path.step !== undefined) steps.push(path.step);
  return steps.reverse();
}
