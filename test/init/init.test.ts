// axv-part init: what it writes passes check, whatever was answered; and nothing is written over.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { boards, profiles } from "../../partitions/shelf.ts";
import { compose } from "../../tools/init/compose.ts";
import { byQuestions, DEFAULT_PARTITIONS, fromFlags } from "../../tools/init/wanted.ts";
import { planFile } from "../../tools/plan/file.ts";
import { axvPart } from "../output/axvPart.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-init-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const SHELVES = { boards: boards(), profilesFor: profiles };

/** Diagnostics of what these flags make. */
function checked(board: string, partitions: readonly string[]): string[] {
  const { board: facts, partitions: wanted } = fromFlags(SHELVES, board, partitions);
  const text = compose(facts, wanted);
  writeFileSync(at("s.yaml"), text);
  const { system, diagnostics } = planFile(at("s.yaml"), "to be built");
  return system === undefined ? [...diagnostics.map(({ line, message }) => `${line}: ${message}`), text] : [];
}

test("by default: Linux and a PLC, a channel between them, a spare pCPU", () => {
  const { board, partitions } = fromFlags(SHELVES, undefined, DEFAULT_PARTITIONS);
  const text = compose(board, partitions);
  expect(text).toMatch(
    /^board: qemu-aarch64$[^]*cpus: \[0, 1\]$[^]*accepts: \[dma\][^]*cpus: \[3\]$[^]*between: \[plc, linux\]$/m,
  );
});

test("whatever guests are wanted, as many as there are pCPUs: it passes check without a warning of its own making", () => {
  const guest = fc.constantFrom("linux", "plc");
  const board = fc.constantFrom("qemu-aarch64", "qemu-aarch64-gicv2", "qemu-riscv64");
  fc.assert(
    fc.property(board, fc.array(guest, { minLength: 1, maxLength: 4 }), (name, guests) => {
      expect(checked(name, guests.map((kind, index) => `p${index}=${kind}`))).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

describe("answers that cannot be", () => {
  test.each([
    [["plc"], "AXV_INIT_PARTITION"],
    [["=plc"], "AXV_INIT_PARTITION"],
    [["Plc=plc"], "AXV_INIT_NAME"],
    [["__proto__=plc"], "AXV_INIT_NAME"],
    [["abcdefghijklmnopq=plc"], "AXV_INIT_NAME"],
    [["a=nothing"], "AXV_INIT_GUEST"],
    [["a=__proto__"], "AXV_INIT_GUEST"],
    [["a=zephyr"], "AXV_INIT_IMAGE"],
    [["a=plc", "a=linux"], "AXV_INIT_TWICE"],
    [["a=plc", "b=plc", "c=plc", "d=plc", "e=plc"], "AXV_INIT_FULL"],
  ])("%j: %s", (flags, code) => {
    expect(() => {
      const { board, partitions } = fromFlags(SHELVES, undefined, flags);
      compose(board, partitions);
    }).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe("by questions", () => {
  async function asked(text: string): Promise<{ names: string[]; output: string }> {
    const input = new PassThrough();
    const output = new PassThrough();
    input.end(text);
    const { board, partitions } = await byQuestions(SHELVES, input, output);
    return {
      names: [
        board.name,
        ...partitions.map(({ name, profile, image }) => `${name}=${profile.name}${image === undefined ? "" : `:${image}`}`),
      ],
      output: String(output.read()),
    };
  }

  test("an empty line takes what stands in brackets", async () => {
    expect((await asked("\n\n\n\n\n\n")).names).toEqual(["qemu-aarch64", "linux=linux", "plc=plc"]);
  });

  test("what cannot be is asked again", async () => {
    const { names, output } = await asked("nowhere\nqemu-aarch64-gicv2\ndone\nRTOS\nrtos\nrt-thread\n\na.bin\nrtos\ndone\n");
    expect(names).toEqual(["qemu-aarch64-gicv2", "rtos=rt-thread:a.bin"]);
    const known = SHELVES.boards.names.join(", ");
    expect(known).toContain("qemu-aarch64, qemu-aarch64-gicv2");
    expect(output.split(`one of ${known}\n`)).toHaveLength(2);
    expect(output).toMatch(
      /there has to be one\n[^]*the first one a letter\n[^]*it brings none of its own\n[^]*another partition is called so\n/,
    );
  });

  test("answers that end too soon write nothing", async () => {
    await expect(asked("\nlinux\n")).rejects.toThrow(/the answers have ended before the questions/);
  });
});

describe("the command", () => {
  test("writes the file where it is told, once, and check finds no mistake", () => {
    expect(axvPart(folder, "init", "--yes")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^system.yaml: 2 partitions .*Next: axv-part run system.yaml\n$/) as string,
    });
    const before = readFileSync(at("system.yaml"), "utf8");
    expect(axvPart(folder, "init", "--partition", "a=plc")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("is there already") as string,
    });
    expect(readFileSync(at("system.yaml"), "utf8")).toBe(before);
    expect(axvPart(folder, "check", "system.yaml").status).toBe(0);
  });

  test("with an image that is not there: says so as check does, and writes nothing", () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [BUNDLE, "init", "x.yaml"],
      {
        cwd: folder,
        encoding: "utf8",
        input: "\nrtos\nzephyr\nnone.elf\ndone\n",
      },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/ x.yaml:\d+:\d+: error: .*AXV-P050[^]*x.yaml is not written/);
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(at("x.yaml"))).toBe(false);
  });

  test("knows boards and guests of one's own beside the file", () => {
    mkdirSync(at("boards/mine"), { recursive: true });
    mkdirSync(at("guests"));
    writeFileSync(at("boards/mine/board.yaml"), "extends: qemu-aarch64\n");
    writeFileSync(at("guests/my-plc.yaml"), "extends: plc\n");
    expect(axvPart(folder, "init", "--board", "mine", "--partition", "a=my-plc").status).toBe(0);
    expect(readFileSync(at("system.yaml"), "utf8")).toMatch(/^board: mine$[^]*guest: my-plc$/m);
  });
});

test("a name that cannot be one is told its rule", () => {
  expect(axvPart(folder, "init", "--partition", "A=plc").stderr).toContain(
    '"A" cannot be the name of a partition: write at most 15 of a-z, 0-9 and "-", the first one a letter',
  );
});

test("a system for a board that cannot be emulated is built next, not run", () => {
  expect(axvPart(folder, "init", "--board", "daoli-plc", "--yes").stdout).toMatch(/Next: axv-part build system.yaml\n$/);
});
