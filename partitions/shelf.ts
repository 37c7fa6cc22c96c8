// The shelf of descriptions that come with the project: boards (boards/<name>/board.yaml) and guest profiles
// (rtos-guests/profiles/<name>.yaml). A mistake in one of them is reported as a mistake in that file.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { z } from "zod";
import { Board } from "../boards/schema.ts";
import { Profile } from "../rtos-guests/profiles/schema.ts";
import { Findings } from "./diagnostics/diagnostic.ts";
import { displayPath, inProject } from "./project.ts";
import { readWhole } from "./source/fields.ts";
import { YamlSource } from "./source/yaml.ts";

export interface Shelf<T> {
  readonly names: readonly string[];
  /** Undefined when there is none of this name, or when it is wrong, which `findings` then holds. */
  get(name: string, findings: Findings): T | undefined;
}

function shelf<T extends z.ZodType>(
  schema: T,
  names: readonly string[],
  fileOf: (name: string) => string,
): Shelf<z.output<T>> {
  return {
    names,
    get: (name, findings) => {
      if (!names.includes(name)) return undefined;
      const path = fileOf(name);
      const source = new YamlSource(displayPath(path), readFileSync(path, "utf8"));
      const mistakes = new Findings(source);
      mistakes.add(source.diagnostics);
      const value = source.broken ? undefined : readWhole(schema, source.value, mistakes);
      findings.add(mistakes.sorted);
      return value;
    },
  };
}

const BOARDS = inProject("boards");
const PROFILES = inProject("rtos-guests/profiles");

const boardFile = (name: string): string => `${BOARDS}/${name}/board.yaml`;
const profileFile = (name: string): string => `${PROFILES}/${name}.yaml`;

export const boards = (): Shelf<Board> =>
  shelf(
    Board,
    readdirSync(BOARDS)
      .filter((name) => existsSync(boardFile(name)))
      .sort(),
    boardFile,
  );

export const profiles = (): Shelf<Profile> => {
  const names = readdirSync(PROFILES)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length));
  return shelf(Profile, names.sort(), profileFile);
};
