// A copy of the tree in which mutants are made and tried, one after the other. The sources themselves are never touched.
import { execFileSync, fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { ROOT } from "../../tools/build/files.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { buildNative } from "../../tools/build/native.ts";
import { CORE } from "../../tools/build/programs.ts";
import { WASM } from "./compiler.ts";
import type { Answer } from "./compiler.ts";
import type { Mutant } from "./mutations.ts";
import { testsFor } from "./order.ts";

/** noticed: by a failing test, or because nothing came to an end. same: the compiled program is. unbuilt: it does not compile. */
export type Verdict = "noticed" | "survived" | "same" | "unbuilt";

const ELF = "mutant.elf";
const PAGE_BYTES = 65536;
const NODE_MODULES = "node_modules";
/** A mutant that hangs is noticed: so many times as long as the unchanged core takes, on a machine that may be busier now. */
const PATIENCE = 6;
const LEAST_PATIENCE = 60_000;
/** For the unchanged core, on a machine that has much else to do. */
const FIRST_PATIENCE = 1_200_000;

export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), "axv-mutants-"));
  private compiler: ChildProcess | undefined = undefined;
  private readonly children = new Set<ChildProcess>();
  /** The unchanged core's code, and how long the tests take with it. */
  private original = "";
  /** What the C is made into, once. */
  private object: string | undefined = undefined;
  private patience = FIRST_PATIENCE;

  constructor() {
    const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" }).split("\n");
    for (const file of files) {
      if (file === "" || file === NODE_MODULES || !existsSync(join(ROOT, file))) continue;
      mkdirSync(join(this.folder, dirname(file)), { recursive: true });
      cpSync(join(ROOT, file), join(this.folder, file));
    }
    symlinkSync(realpathSync(join(ROOT, NODE_MODULES)), join(this.folder, NODE_MODULES));
  }

  /** Compiles the core as it is, and runs the tests for those files: they must pass, or nothing that follows means anything. */
  async prepare(files: readonly string[]): Promise<void> {
    if (files.some((name) => name.endsWith(".ts"))) {
      const { error, hash } = await this.compile();
      if (hash === undefined) throw new Error(`the core does not compile: ${error ?? ""}`);
      this.original = hash;
    }
    if (files.some((name) => name.endsWith(".S"))) {
      const { offsets } = await buildProgram(CORE);
      copyFileSync(offsets, join(this.folder, basename(offsets)));
      if (!this.assemble(CORE.assembly[0] ?? "")) throw new Error("the core does not assemble");
    }
    const began = Date.now();
    for (const file of [".ts", ".S"].filter((ending) => files.some((name) => name.endsWith(ending))))
      if (await this.fails(file)) throw new Error(`tests fail with the core as it is: ${testsFor(file).join(" ")}`);
    this.patience = Math.max((Date.now() - began) * PATIENCE, LEAST_PATIENCE);
  }

  /** The compiled program is the same with it. */
  async isSame(mutant: Mutant, original: string): Promise<boolean> {
    const path = join(this.folder, mutant.file);
    writeFileSync(path, mutant.source);
    try {
      return (await this.compile()).hash === this.original;
    } finally {
      writeFileSync(path, original);
    }
  }

  async judge(mutant: Mutant, original: string): Promise<Verdict> {
    const path = join(this.folder, mutant.file);
    writeFileSync(path, mutant.source);
    try {
      if (mutant.file.endsWith(".ts")) {
        const { hash } = await this.compile();
        if (hash === undefined) return "unbuilt";
        if (hash === this.original) return "same";
      }
      else if (!this.assemble(mutant.file)) return "unbuilt";
      return (await this.fails(mutant.file)) ? "noticed" : "survived";
    } finally {
      if (existsSync(path)) writeFileSync(path, original);
    }
  }

  /** The core with that assembly, and the C of the sources; false: it does not assemble. */
  private assemble(file: string): boolean {
    const symbols = { axv_linear_bytes: CORE.memoryPages * PAGE_BYTES };
    const cFile = this.object ?? join(ROOT, "build/core/core.c");
    try {
      const { elf } = buildNative({ ...CORE, cFile, assembly: [join(this.folder, file)], symbols }, relative(ROOT, this.folder));
      this.object ??= join(this.folder, "0-core.c.o");
      writeFileSync(join(this.folder, ELF), elf);
      return true;
    } catch {
      return false;
    }
  }

  /** Ends what runs, and leaves nothing behind. */
  close(): void {
    for (const child of this.children) if (child.pid !== undefined && child.exitCode === null) kill(child.pid);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async compile(): Promise<Answer> {
    if (this.compiler === undefined) {
      const compiler = fork(join(this.folder, "test/mutants/compiler.ts"), {
        cwd: this.folder,
        detached: true,
        stdio: "ignore",
        execArgv: [],
      });
      this.children.add(compiler);
      this.compiler = compiler;
      await answerOf(compiler);
    }
    this.compiler.send("compile");
    return answerOf(this.compiler);
  }

  private fails(file: string): Promise<boolean> {
    const tests = testsFor(file);
    if (tests.length === 0) return Promise.resolve(false);
    const environment = {
      ...process.env,
      AXV_MUTANTS_TESTS: tests.join(","),
      AXV_CORE_WASM: file.endsWith(".ts") ? join(this.folder, WASM) : "",
      AXV_CORE_ELF: file.endsWith(".ts") ? "" : join(this.folder, ELF),
    };
    const child = spawn(
      process.execPath,
      [join(this.folder, NODE_MODULES, "vitest/vitest.mjs"), "run", "--root", ".", "--config", "test/mutants/vitest.config.ts"],
      { cwd: this.folder, detached: true, stdio: "ignore", env: environment },
    );
    this.children.add(child);
    return new Promise((resolve) => {
      const late = setTimeout(() => { if (child.pid !== undefined) kill(child.pid); }, this.patience);
      child.on("exit", (code) => {
        clearTimeout(late);
        this.children.delete(child);
        resolve(code !== 0);
      });
    });
  }
}

const answerOf = (compiler: ChildProcess): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the compiler has ended"));
    compiler.once("exit", gone);
    compiler.once("message", (answer) => {
      compiler.off("exit", gone);
      resolve(answer as Answer);
    });
  });

/** With all that it has started: each is the leader of a group of its own. */
function kill(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
