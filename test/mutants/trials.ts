// Tries mutants of one program in a process of its own, one after the other, and begins a new one when one has hung or grown old.
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { basename, join } from "node:path";
import { readOptional, ROOT } from "../../tools/build/files.ts";
import { CI_SEED } from "../core/property/seed.ts";
import { likelyFor } from "./order.ts";
import type { Program } from "./program.ts";
import type { Numbered, Purpose } from "./schema.ts";
import type { Course, Failed, Order, Report } from "./trier.ts";

/**
 * A mutant that hangs is noticed: in milliseconds that its process has computed, or in which it was found asleep, and so many
 * times as long as its tests take otherwise. A process that waits for its turn on a busy machine does neither.
 */
const LEAST_PATIENCE = 30_000;
const PATIENCE = 3;
/** How often one looks. */
const LOOK = 1000;
/** Tests that are loaded are never forgotten by Node. */
const LOADS_MAX = 3000;
/** How much sooner those come that have noticed mutants of the same source before, and those that are about it. */
const MERIT = 3;
const LIKELY = 20;
/** Each so many tests of one file come as late as if they took so many times as long. */
const A_TURN = 5;

/** Of Linux's USER_HZ, 100. */
const MILLISECONDS_PER_TICK = 10;

/** Of tests with random steps, which have CI's seed: a verdict is the same tomorrow. */
const RUNS = "20";

export interface Courses {
  readonly courses: readonly Course[];
  readonly failed: readonly Failed[];
}

/** Which tests of those files come by which places. */
export async function watch(program: Program, files: readonly string[]): Promise<Courses> {
  const child = start(program, "watch");
  const report = await ask(child, { kind: "watch", files });
  child.kill();
  if (report.kind !== "courses") throw new Error("no courses");
  return report;
}

export class Trials {
  private readonly program: Program;
  private readonly courses: readonly Course[];
  /** How manieth of its file each is, the cheapest first: so that of files with many tests not all come before others. */
  private readonly turns = new Map<Course, number>();
  /** The place of each mutant: its line's first one. */
  private readonly places: ReadonlyMap<number, number>;
  private readonly merits = new Map<string, Map<Course, number>>();
  private child: ChildProcess | undefined = undefined;
  private loads = 0;

  constructor(program: Program, { courses, failed }: Courses) {
    this.program = program;
    // A file that cannot be loaded has no tests.
    this.courses = courses.filter((course) => !failed.some(({ file, n }) => file === course.file && (n < 0 || n === course.n)));
    this.places = program.places;
    const next = new Map<string, number>();
    for (const course of [...this.courses].sort((a, b) => a.milliseconds - b.milliseconds)) {
      const turn = next.get(course.file) ?? 0;
      next.set(course.file, turn + 1);
      this.turns.set(course, turn);
    }
  }

  /** Who notices it; undefined: nobody does. `most`: of the cheapest tests, so many milliseconds. */
  async judge({ file, number }: Numbered, most = Infinity): Promise<string | undefined> {
    const place = this.places.get(number) ?? number;
    const merits = this.merits.get(file) ?? new Map<Course, number>();
    this.merits.set(file, merits);
    const likely = likelyFor(file);
    const cost = (course: Course): number =>
      ((course.milliseconds + 2) * (1 + (this.turns.get(course) ?? 0) / A_TURN)) /
      (1 + MERIT * (merits.get(course) ?? 0) + (likely.includes(basename(course.file, ".test.ts")) ? LIKELY : 0));
    let sum = 0;
    const chosen = this.courses
      .filter(({ places }) => places.includes(place))
      .sort((a, b) => cost(a) - cost(b))
      .filter(({ milliseconds }) => (sum += milliseconds) <= most);
    if (chosen.length === 0) return undefined;
    if (this.loads > LOADS_MAX) this.close();
    this.child ??= start(this.program, "choose");
    const files = new Set(chosen.map((course) => course.file));
    this.loads += files.size;
    const loading = this.courses.filter(({ file, n }) => n < 0 && files.has(file));
    const patience =
      LEAST_PATIENCE + PATIENCE * [...chosen, ...loading].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const { child } = this;
    const before = spentBy(child).computed;
    let asleep = 0;
    let late: NodeJS.Timeout | undefined;
    const hung = new Promise<undefined>((resolve) => {
      late = setInterval(() => {
        const { computed, sleeps } = spentBy(child);
        if (sleeps) asleep += LOOK;
        if (computed - before > patience || asleep > patience) resolve(undefined);
      }, LOOK);
    });
    const report = await Promise.race([
      ask(child, { kind: "try", number, tests: chosen.map((course) => ({ file: course.file, n: course.n })) }),
      hung,
    ]).catch(() => undefined);
    clearInterval(late);
    if (report === undefined) {
      this.close();
      return "it hangs, or ends the process";
    }
    if (report.kind !== "tried" || report.by === undefined) return undefined;
    const { by } = report;
    const course = chosen.find((one) => one.file === by.file && one.n === by.n);
    if (course !== undefined) merits.set(course, (merits.get(course) ?? 0) + 1);
    return `${by.file}: ${by.name}`;
  }

  close(): void {
    this.child?.kill("SIGKILL");
    this.child = undefined;
    this.loads = 0;
  }
}

/** Milliseconds that a process has computed so far, and whether it sleeps now: state, utime and stime of /proc/PID/stat. */
function spentBy({ pid }: ChildProcess): { readonly computed: number; readonly sleeps: boolean } {
  const stat = readOptional(`/proc/${pid ?? 0}/stat`)?.toString("utf8") ?? "";
  const [, state, user = 0, system = 0] = /\) (\S) (?:\S+ ){10}(\d+) (\d+)/.exec(stat) ?? [];
  return { computed: (Number(user) + Number(system)) * MILLISECONDS_PER_TICK, sleeps: state === "S" };
}

const start = (program: Program, purpose: Purpose): ChildProcess =>
  fork(join(ROOT, "test/mutants/trier.ts"), {
    env: {
      ...process.env,
      AXV_CORE_WASM: program.wasm[purpose],
      AXV_SEED: String(CI_SEED),
      AXV_RUNS: RUNS,
    },
  });

const ask = (child: ChildProcess, order: Order): Promise<Report> =>
  new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("it has ended"));
    child.once("exit", gone);
    child.once("message", (report) => {
      child.off("exit", gone);
      resolve(report as Report);
    });
    child.send(order);
  });
