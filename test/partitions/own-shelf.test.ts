// Boards and guest profiles of a user's own, beside the system file.
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { everyProfile } from "../../tools/guest/profiles.ts";
import { boardAt, boardsIn } from "../../partitions/shelf.ts";
import { planFile } from "../../tools/plan/file.ts";
import { here, places, sound } from "./systems.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
function put(name: string, text: string): void {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
}
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-shelf-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const planned = (text: string): ReturnType<typeof planFile> => {
  put("lines/system.yaml", text);
  return planFile(at("lines/system.yaml"), "to be built");
};
const SYSTEM = "board: mine\npartitions:\n  a: { guest: my-rtos, cpus: [1] }\n";
const PROFILE =
  "extends: bare-metal\nname: my-rtos\ndescription: mine\nimage: { formats: [raw], load: 0x40000000, file: images/a.bin }\n";
const BOARD =
  "extends: qemu-aarch64\nname: mine\ndescription: mine, with less RAM\nram: [{ base: 0x40000000, size: 0x20000000 }]\n";

test("are found in boards/ and guests/ beside it, extend the project's, and name files relative to themselves", () => {
  put("lines/boards/mine/board.yaml", BOARD);
  put("lines/guests/my-rtos.yaml", PROFILE);
  mkdirSync(at("lines/guests/images"));
  copyFileSync(here("images/plc.bin"), at("lines/guests/images/a.bin"));
  const outcome = planned(SYSTEM);
  const { plan } = sound(outcome);
  expect(plan.board).toBe("mine");
  expect(plan.ram).toEqual([{ base: 0x40000000, size: 0x20000000 }]);
  expect(plan.partitions[0]).toMatchObject({ guest: "my-rtos", entry: 0x40000000 });
  expect(outcome.inputs).toEqual(
    expect.arrayContaining(
      ["boards/mine/board.yaml", "guests/my-rtos.yaml", "guests/images/a.bin"].map((file) => at(`lines/${file}`)),
    ),
  );
  expect(everyProfile(at("lines")).map(({ name }) => name)).toEqual(expect.arrayContaining(["my-rtos", "plc"]));
});

test("a file of theirs that is not there is a mistake: no build makes it", () => {
  put("lines/guests/my-rtos.yaml", PROFILE);
  expect(places(planned(SYSTEM.replace("mine", "qemu-aarch64")))).toEqual(["3:15 AXV-P050"]);
});

test("go before the project's of the same name, which they can extend", () => {
  put(
    "lines/guests/bare-metal.yaml",
    "extends: bare-metal\ndescription: the same, with its image\nimage: { formats: [raw], load: 0x40000000, file: a.bin }\n",
  );
  copyFileSync(here("images/plc.bin"), at("lines/guests/a.bin"));
  expect(sound(planned("board: qemu-aarch64\npartitions:\n  a: { guest: bare-metal, cpus: [1] }\n")).missing).toEqual([]);
});

test("what they inherit from the project's stays a file of the project's", () => {
  put("lines/guests/my-plc.yaml", "extends: plc\nname: my-plc\ndescription: mine\n");
  expect(planned("board: qemu-aarch64\npartitions:\n  a: { guest: my-plc, cpus: [1] }\n").standardImages).toEqual([
    "build/plc/plc.bin",
  ]);
});

test("mistakes in them are told in their files, once; the name is that of the file", () => {
  put("lines/boards/mine/board.yaml", BOARD.replace("name: mine", "name: other"));
  put("lines/guests/my-rtos.yaml", "extends: bare-metal\nnothing: 1\n");
  const { diagnostics } = planned(SYSTEM);
  expect(diagnostics.map(({ file, line, code }) => `${file.slice(file.indexOf("lines"))}:${line} ${code}`)).toEqual([
    "lines/guests/my-rtos.yaml:2 AXV-P004",
  ]);
  put("lines/guests/my-rtos.yaml", PROFILE.replace("my-rtos", "other"));
  copyFileSync(here("images/plc.bin"), at("lines/guests/a.bin"));
  const { plan } = sound(planned(`${SYSTEM.replace("guest: my-rtos", "guest: my-rtos, image: guests/a.bin")}`));
  expect([plan.board, plan.partitions[0]?.guest]).toEqual(["mine", "my-rtos"]);
});

test("a board's own device tree stands beside its file, wherever that is told from", () => {
  put("lines/boards/mine/board.yaml", `${BOARD}tree: { file: mine.dtb }\n`);
  put("lines/boards/none/board.yaml", `${BOARD}tree: {}\n`);
  put("lines/boards/debian/board.yaml", `${BOARD}tree: { debian: imx8mp-evk.dtb }\n`);
  put("lines/boards/wrong/board.yaml", `${BOARD}tree: { file: 5 }\n`);
  const open = (name: string) => boardsIn(at("lines")).open(name);
  expect(open("mine")?.value?.tree).toMatchObject({ file: at("lines/boards/mine/mine.dtb") });
  expect(open("none")?.mistakes.map(({ message }) => message)).toEqual(['tree has no "debian"']);
  expect(open("wrong")?.mistakes.map(({ message }) => message)).toEqual([
    'tree has no "debian"', '"file" is no key of tree',
  ]);
  expect(open("debian")?.value?.tree).toMatchObject({ debian: "imx8mp-evk.dtb" });
  expect(open("nowhere")).toBeUndefined();
});

test("a board in whatever file is itself, and extends those of the project", () => {
  put("any.yaml", BOARD);
  expect(boardAt(at("any.yaml")).open()?.value).toMatchObject({ name: "board", description: "mine, with less RAM" });
  put("any.yaml", `${BOARD}nothing: 1\n`);
  expect(boardAt(at("any.yaml")).open()).toMatchObject({ value: undefined, mistakes: [{ code: "AXV-P004" }] });
  expect(boardAt(at("none.yaml")).open()).toBeUndefined();
});

test("what else is called so is in nobody's way", () => {
  put("lines/boards", "a file");
  put("lines/guests/README.md", "no profile");
  expect(places(planned("board: qemu-aarch64\npartitions:\n  a: { guest: plc, cpus: [1] }\n"))).toEqual([]);
});

test("a profile of another ISA than there is is refused where it says so; without `isa` it is AArch64's", () => {
  put("lines/guests/my-rtos.yaml", `${PROFILE}isa: aarch64\n`);
  put("lines/boards/mine/board.yaml", BOARD);
  mkdirSync(at("lines/guests/images"));
  copyFileSync(here("images/plc.bin"), at("lines/guests/images/a.bin"));
  const same = sound(planned(SYSTEM)).plan;
  put("lines/guests/my-rtos.yaml", PROFILE);
  expect(sound(planned(SYSTEM)).plan).toEqual(same);
  put("lines/guests/my-rtos.yaml", `${PROFILE}isa: mips\ngic: [4]\n`);
  expect(planned(SYSTEM).diagnostics.map(({ line, message, remedy }) => `${line} ${message}: ${remedy}`)).toEqual([
    '5 isa cannot be "mips": write aarch64 or riscv64',
    "6 gic[0] cannot be 4: write versions of the GIC: [2], [3] or [2, 3]",
  ]);
});

// Links that lead in a circle stop root, too, as a mode stops others.
describe("what cannot be read says so", () => {
  const loop = (name: string): void => symlinkSync(basename(name), at(name));
  const project = "board: qemu-aarch64\npartitions:\n  a: { guest: plc, cpus: [1] }\n";

  test.each(["boards", "guests"])("%s/ beside the system", (name) => {
    put("lines/system.yaml", project);
    loop(`lines/${name}`);
    expect(() => planned(project)).toThrow(
      `${at(`lines/${name}`)} cannot be read: its links lead in a circle. What is in it goes before the project's of the ` +
        "same name: make it readable, or move it away",
    );
  });

  test("the system's file before the folders beside it", () => {
    loop("circle");
    expect(planFile(at("circle/system.yaml")).diagnostics.map(({ code }) => code)).toEqual(["AXV-P001"]);
  });

  test("a board of its own: it is not taken for none", () => {
    mkdirSync(at("lines/boards"), { recursive: true });
    loop("lines/boards/qemu-aarch64");
    expect(planned(project).diagnostics.map(({ code }) => code)).toContain("AXV-P001");
  });
});

test.each([
  ["5", "extends cannot be 5: write a name, of what it differs from"],
  ["[a]", "extends cannot be a list: write a name, of what it differs from"],
  ["", "extends cannot be nothing: write a name, of what it differs from"],
])("`extends: %s` is no name, and the only mistake that is told", (base, told) => {
  put("lines/boards/mine/board.yaml", `extends: ${base}\n`);
  const { diagnostics } = planned("board: mine\npartitions:\n  a: { guest: plc, cpus: [1] }\n");
  expect(diagnostics.map(({ line, message, remedy }) => `${line} ${message}: ${remedy}`)).toEqual([`1 ${told}`]);
});

test("none is proposed to extend itself, but for one of the same name that is the project's", () => {
  put("lines/guests/m.yaml", "extends: .\n");
  put("lines/guests/plc.yaml", "extends: plcc\n");
  const remedies = (guest: string) =>
    planned(`board: qemu-aarch64\npartitions:\n  a: { guest: ${guest}, cpus: [1] }\n`).diagnostics.map(({ remedy }) => remedy);
  expect(remedies("m").join()).toMatch(/^write one of: (?!.*\bm\b)/);
  expect(remedies("plc")).toEqual(['did you mean "plc"?']);
});
