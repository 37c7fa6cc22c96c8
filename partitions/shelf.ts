// The shelf of descriptions that come with the project: boards (boards/<name>/board.yaml) and guest profiles
// (rtos-guests/profiles/<name>.yaml). A mistake in one of them is reported as a mistake in that file.
//
// A description may begin with `extends: <another one>`: then it holds only the keys in which it differs from that one.
import { existsSync, readdirSync } from "node:fs";
import type { z } from "zod";
import { Board } from "../boards/schema.ts";
import { Profile } from "../rtos-guests/profiles/schema.ts";
import { unknownBase } from "./diagnostics/catalogue.ts";
import { Findings } from "./diagnostics/diagnostic.ts";
import { displayPath, inProject } from "./project.ts";
import { readFile } from "./source/file.ts";
import { isMapping, readWhole } from "./source/fields.ts";
import { YamlSource } from "./source/yaml.ts";
import { MIB } from "./units.ts";

export interface Shelf<T> {
  readonly names: readonly string[];
  /** The files of all of them. */
  readonly files: readonly string[];
  /** Undefined when there is none of this name, or when it is wrong, which `findings` then holds. */
  get(name: string, findings: Findings): T | undefined;
}

/** Bytes of a board's file or a profile: a hundred times what the longest of them has. */
const DESCRIPTION_MAX = MIB;

function shelf<T extends z.ZodType>(
  schema: T,
  names: readonly string[],
  fileOf: (name: string) => string,
): Shelf<z.output<T>> {
  const open = (name: string): YamlSource => {
    const shown = displayPath(fileOf(name));
    const bytes = readFile(fileOf(name), DESCRIPTION_MAX);
    return typeof bytes === "string" ? YamlSource.unreadable(shown, bytes) : YamlSource.of(shown, bytes);
  };

  /** With the keys of the one it extends; that one cannot extend another, as `extends` is no key of any schema. */
  const complete = (value: unknown, mistakes: Findings): unknown => {
    if (!isMapping(value) || typeof value["extends"] !== "string") return value;
    const { extends: base, ...own } = value;
    if (!names.includes(base)) {
      mistakes.report(["extends"], unknownBase(base, names));
      return undefined;
    }
    const { value: inherited } = open(base);
    return isMapping(inherited) ? { ...inherited, ...own } : own;
  };

  return {
    names,
    files: names.map(fileOf),
    get: (name, findings) => {
      if (!names.includes(name)) return undefined;
      const source = open(name);
      const mistakes = new Findings(source);
      mistakes.add(source.diagnostics);
      const whole = source.broken ? undefined : complete(source.value, mistakes);
      const value = whole === undefined ? undefined : readWhole(schema, whole, mistakes);
      findings.add(mistakes.sorted);
      return value;
    },
  };
}

const BOARDS = inProject("boards");
const PROFILES = inProject("rtos-guests/profiles");

const profileFile = (name: string): string => `${PROFILES}/${name}.yaml`;

export const boards = (folder = BOARDS): Shelf<Board> => {
  const fileOf = (name: string): string => `${folder}/${name}/board.yaml`;
  const names = readdirSync(folder).filter((name) => existsSync(fileOf(name)));
  return shelf(Board, names.sort(), fileOf);
};

export const profiles = (): Shelf<Profile> => {
  const names = readdirSync(PROFILES)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length));
  return shelf(Profile, names.sort(), profileFile);
};
