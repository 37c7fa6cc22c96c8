// A FIT of 34 MiB, written and signed: mkimage's time and ours, in turn.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withFile } from "../../partitions/source/file.ts";
import { MIB } from "../../partitions/units.ts";
import { readFit } from "../../tools/firmware/fit/read.ts";
import { ofFile } from "../../tools/firmware/fit/source.ts";
import { callMkimage, imageOf, keyPair, writeSource } from "../firmware/fits.ts";
import { BenchError } from "./errors.ts";

export interface Cost {
  readonly seconds: number;
  /** The largest of the Node processes that took part; undefined: there was none. */
  readonly megabytes: number | undefined;
}

/** The demo's image has as much. */
export const FIT_MIB = 34;

/** `environment`: of a Node whose peak memory is written to `peaks`, in KiB. */
export function compareFits(
  scratch: string,
  rounds: number,
  environment: NodeJS.ProcessEnv,
  peaks: string,
): { theirs: Cost[]; ours: Cost[] } {
  const folder = join(scratch, "fit");
  mkdirSync(folder);
  const image = imageOf(FIT_MIB * MIB);
  writeSource(folder, image, [keyPair("plant", "rsa2048")]);
  const theirs: Cost[] = [];
  const ours: Cost[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of ["mkimage.itb", "ours.itb"]) rmSync(join(folder, name), { force: true });
    const began = performance.now();
    callMkimage(folder);
    theirs.push({ seconds: (performance.now() - began) / 1000, megabytes: undefined });
    rmSync(peaks, { force: true });
    const said = execFileSync(process.execPath, ["test/bench/fitWriter.ts", folder], { encoding: "utf8", env: environment });
    ours.push({ seconds: Number(said), megabytes: (Number(readFileSync(peaks, "utf8")) * 1024) / 1e6 });
    const [first, second] = ["mkimage.itb", "ours.itb"].map((name) => signaturesIn(join(folder, name)));
    if (first === undefined || first !== second) throw new BenchError("tool-failed", "mkimage and axv-part sign different bytes");
  }
  return { theirs, ours };
}

function signaturesIn(path: string): string {
  const fit = withFile(path, (file) => readFit(ofFile(file)));
  if (typeof fit === "string") throw new BenchError("tool-failed", `${path}: ${fit}`);
  const values = [...fit.configurations.values()].flatMap(({ signatures }) => signatures.map(({ value }) => value));
  return Buffer.concat(values).toString("hex");
}
