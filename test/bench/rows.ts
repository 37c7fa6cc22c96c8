// Measured values beside the figures that they are of.
import { join } from "node:path";
import { ROOT } from "../../tools/build/files.ts";
import { CORE } from "../../tools/build/programs.ts";
import { loadElf } from "../../tools/verify/native/elf.ts";
import { linearMemory, sourceLines, textAndRodata } from "../../tools/verify/size.ts";
import { BenchError } from "./errors.ts";
import { COPY, LINEAR_MEMORY, LINES, LINUX, PATHS, RESET, TEXT } from "./figures.ts";
import type { LinuxFigures } from "./linux.ts";
import type { PathFigures } from "./paths.ts";
import { exactly, type Row } from "./report.ts";

const SOURCES = ["core", "arch/aarch64"];

export function pathRows({ bare, hosted, copyPerByte }: PathFigures): Row[] {
  const paths = PATHS.map((figure) => {
    const measured = hosted.paths.get(figure.id);
    if (measured === undefined) throw new BenchError("figure-missing", `the benchmark guest did not take the path ${figure.id}`);
    const alone = bare.paths.get(figure.id);
    return alone === undefined ? { figure, measured } : { figure, measured, bare: alone };
  });
  return [...paths, { figure: RESET, measured: exactly(hosted.reset) }, { figure: COPY, measured: exactly(copyPerByte) }];
}

/** Of the core as it was built for the paths. */
export function sizeRows(): Row[] {
  const elf = loadElf(join(ROOT, "build", CORE.name, `${CORE.name}.elf`));
  return [
    { figure: TEXT, measured: exactly(textAndRodata(elf)) },
    { figure: LINEAR_MEMORY, measured: exactly(linearMemory(elf)) },
    { figure: LINES, measured: exactly(sourceLines(ROOT, SOURCES)) },
  ];
}

export const linuxRow = ({ bare, hosted }: LinuxFigures): Row => ({ figure: LINUX, bare: exactly(1), measured: exactly(hosted / bare) });
