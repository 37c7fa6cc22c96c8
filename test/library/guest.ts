// Builds the C guest (guest/) that speaks to the PLC guest with axv.h.
import { join } from "node:path";
import { readFileSync, writeFileSync } from "node:fs";
import { flatten, readElf } from "../../tools/build/elf.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";

const TARGET = ["--target=aarch64-none-elf", "-march=armv8-a"];
const FOLDER = "test/library/guest";

/** Path of its image; its files are in `folder`. */
export function guestImage(folder: string, services: "mailbox" | "hypercalls"): string {
  const path = (name: string): string => join(folder, name);
  const defines = services === "hypercalls" ? ["-DHYPERCALLS_ONLY"] : [];
  const flags = [
    "-std=c99",
    "-O2",
    "-ffreestanding",
    "-mgeneral-regs-only",
    "-mstrict-align",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-I.",
  ];
  runTool(CLANG, [...TARGET, "-c", `${FOLDER}/start.S`, "-o", path("start.o")]);
  runTool(CLANG, [...TARGET, ...flags, ...defines, "-c", `${FOLDER}/guest.c`, "-o", path("guest.o")]);
  runTool(LLD, ["-static", "-T", `${FOLDER}/guest.ld`, path("start.o"), path("guest.o"), "-o", path("guest.elf")]);
  writeFileSync(path("guest.bin"), flatten(readElf(readFileSync(path("guest.elf")))));
  return path("guest.bin");
}
