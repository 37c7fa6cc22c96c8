// Builds a guest in C whose tags are in a system.yaml, with the header that axv-part makes of them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { PlannedSystem } from "../../partitions/index.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import { flatten, readElf } from "../../tools/build/elf.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";
import { PLC } from "../../tools/build/programs.ts";
import { planFile } from "../../tools/plan/file.ts";
import { cHeader } from "../../tools/tags/c-header.ts";

const FLAGS = [
  "--target=aarch64-none-elf",
  "-march=armv8-a",
  "-std=c99",
  "-O2",
  "-ffreestanding",
  "-mgeneral-regs-only",
  "-mstrict-align",
  "-Wall",
  "-Wextra",
  "-Werror",
];

export interface TagGuest {
  /** The image's path. */
  readonly image: string;
  readonly system: PlannedSystem;
  readonly table: PartitionTags;
}

/** `yaml`: the system with an image for that guest, the only one in it with tags. */
export async function buildTagGuest(folder: string, source: string, yaml: (image: string) => string): Promise<TagGuest> {
  const path = (name: string): string => join(folder, name);
  mkdirSync(path("plan"), { recursive: true });
  // Where channels are does not depend on the image, and this one is there.
  writeFileSync(path("plan/system.yaml"), yaml(resolve((await buildProgram(PLC)).binary)));
  const { system, diagnostics } = planFile(path("plan/system.yaml"));
  const [table] = system?.tags.table ?? [];
  const channel = system?.plan.partitions
    .find(({ name }) => name === table?.partition)
    ?.channels.find(({ carriesTags }) => carriesTags);
  if (system === undefined || table === undefined || channel === undefined)
    throw new Error(`no tags: ${diagnostics.map(({ message }) => message).join("\n")}`);
  writeFileSync(path("tags.h"), cHeader(table, "system.yaml", channel.ipa));
  runTool(CLANG, [...FLAGS, `-I${folder}`, "-Irtos-guests/library", "-c", source, "-o", path("guest.o")]);
  runTool(CLANG, ["--target=aarch64-none-elf", "-c", "test/library/guest/start.S", "-o", path("start.o")]);
  runTool(LLD, ["-static", "-T", "test/library/guest/guest.ld", path("start.o"), path("guest.o"), "-o", path("guest.elf")]);
  writeFileSync(path("guest.bin"), flatten(readElf(readFileSync(path("guest.elf")))));
  return { image: path("guest.bin"), system, table };
}
