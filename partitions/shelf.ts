// The shelf of descriptions: boards and guest profiles. Those that come with the project are boards/<name>/board.yaml and
// rtos-guests/profiles/<name>.yaml (RISC-V's in riscv64/); a user's own stand beside system.yaml, boards/<name>/board.yaml and
// guests/<name>.yaml, and go before the project's of the same name. A mistake in one of them is reported as a mistake in that
// file.
//
// Its name is what its file is called, whatever `name` says: a copy need not be changed for that.
// A description may begin with `extends: <another one>`: then it holds only the keys in which it differs from that one, which may
// itself extend a third one.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type * as z from "zod";
import { DEFAULT_ISA } from "../boards/isa.ts";
import type { BoardIsa } from "../boards/isa.ts";
import { boardSchema } from "../boards/schema.ts";
import type { Board } from "../boards/schema.ts";
import { profileSchema } from "../rtos-guests/profiles/schema.ts";
import type { Profile } from "../rtos-guests/profiles/schema.ts";
import { checkBoard } from "./check/board.ts";
import { badValue, extendedInCircle, unknownBase } from "./diagnostics/catalogue.ts";
import { Findings } from "./diagnostics/diagnostic.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { displayPath, inProject } from "./project.ts";
import { besideFile, isThere, namesIn, readFile } from "./source/file.ts";
import { isMapping, own, readWhole, shown } from "./source/fields.ts";
import { YamlSource } from "./source/yaml.ts";
import { MIB } from "./units.ts";

export interface Shelf<T> {
  readonly names: readonly string[];
  /** The files of all of them. */
  readonly files: readonly string[];
  /** Undefined when there is none of this name, or when it is wrong, which `findings` then holds. */
  get(name: string, findings: Findings): T | undefined;
}

/** One whose descriptions can be had with their text. */
export interface OpenShelf<T> extends Shelf<T> {
  /** Undefined when there is none of this name. */
  open(name: string): Description<T> | undefined;
}

export interface Description<T> {
  readonly source: YamlSource;
  /** Undefined: it is wrong. */
  readonly value: T | undefined;
  readonly mistakes: readonly Diagnostic[];
}

/** Bytes of a board's file or a profile: a hundred times what the longest of them has. */
export const DESCRIPTION_MAX = MIB;

type Mapping = Readonly<Record<string, unknown>>;

/** Descriptions of one kind in one folder, by their names. */
interface Folder {
  readonly files: ReadonlyMap<string, string>;
  /** What its keys mean there: paths in it are relative to its file. */
  readonly settle: (value: Mapping, file: string) => Mapping;
}

/**
 * `schemaFor`: by which the value of a file is read. `folders`: a name is looked for in the first one first. `check`: what the
 * schema cannot say.
 */
function shelf<T extends z.ZodType>(
  schemaFor: (value: unknown) => T,
  folders: readonly Folder[],
  check: (value: z.output<T>, mistakes: Findings) => void = () => {},
): OpenShelf<z.output<T>> {
  const names = [...new Set(folders.flatMap(({ files }) => [...files.keys()]))].sort();

  const read = (file: string, { settle }: Folder): { source: YamlSource; value: unknown } => {
    const shown = displayPath(file);
    const bytes = readFile(file, DESCRIPTION_MAX);
    const source = typeof bytes === "string" ? YamlSource.unreadable(shown, bytes) : YamlSource.of(shown, bytes);
    return { source, value: isMapping(source.value) ? settle(source.value, file) : source.value };
  };

  /** Where a name is found, from the folder `from` on. */
  const find = (name: string, from = 0): { file: string; folder: Folder; at: number } | undefined => {
    for (const [at, folder] of folders.entries()) {
      const file = folder.files.get(name);
      if (at >= from && file !== undefined) return { file, folder, at };
    }
    return undefined;
  };

  /** With the keys of the one it extends, and of what that one extends. `files`: those that are read already, its own last. */
  const complete = (
    name: string,
    value: Mapping,
    at: number,
    mistakes: Findings,
    files: readonly string[],
  ): Mapping | undefined => {
    if (!Object.hasOwn(value, "extends")) return value;
    const { extends: base, ...own } = value;
    if (typeof base !== "string") {
      mistakes.report(["extends"], badValue("extends", shown(base), "a name, of what it differs from"));
      return undefined;
    }
    // One that is called as what it extends stands before that one.
    const found = find(base, base === name ? at + 1 : 0) ?? find(base);
    if (found === undefined || files.includes(found.file)) {
      const others = names.filter((each) => each !== name || find(name, at + 1) !== undefined);
      mistakes.report(["extends"], found === undefined ? unknownBase(base, others) : extendedInCircle(base));
      return undefined;
    }
    const { source, value: inherited } = read(found.file, found.folder);
    const theirs = new Findings(source);
    theirs.add(source.diagnostics);
    const whole = isMapping(inherited) ? complete(base, inherited, found.at, theirs, [...files, found.file]) : undefined;
    mistakes.add(theirs.sorted);
    return whole && { ...whole, ...own };
  };

  const open = (name: string): Description<z.output<T>> | undefined => {
    const found = find(name);
    if (found === undefined) return undefined;
    const { source, value: written } = read(found.file, found.folder);
    const mistakes = new Findings(source);
    mistakes.add(source.diagnostics);
    const whole = source.broken || !isMapping(written) ? written : complete(name, written, found.at, mistakes, [found.file]);
    const named = isMapping(whole) ? { ...whole, name } : whole;
    const value = mistakes.hasErrors ? undefined : readWhole(schemaFor(named), named, mistakes);
    if (value !== undefined) check(value, mistakes);
    return { source, value: mistakes.hasErrors ? undefined : value, mistakes: mistakes.sorted };
  };

  return {
    names,
    files: folders.flatMap(({ files }) => [...files.values()]),
    get: (name, findings) => {
      const { value, mistakes = [] } = open(name) ?? {};
      findings.add(mistakes);
      return value;
    },
    open,
  };
}

const listed = (folder: string): string[] =>
  namesIn(folder, "What is in it goes before the project's of the same name: make it readable, or move it away");

const asItIs: Folder["settle"] = (value) => value;
const beside = (file: string, path: unknown): unknown => (typeof path === "string" ? besideFile(file, path) : path);

/** A board's own device tree stands beside its file. */
function withTree(value: Mapping, file: string): Mapping {
  const { tree } = value;
  if (!isMapping(tree) || tree["file"] === undefined) return value;
  return { ...value, tree: { ...tree, file: beside(file, tree["file"]) } };
}

function boardFolder(folder: string): Folder {
  const fileOf = (name: string): string => join(folder, name, "board.yaml");
  const names = listed(folder).filter((name) => isThere(fileOf(name)));
  return { files: new Map(names.map((name) => [name, fileOf(name)])), settle: withTree };
}

const SUFFIX = ".yaml";

function profileFolder(folder: string, settle: Folder["settle"]): Folder {
  const files = listed(folder).filter((file) => file.endsWith(SUFFIX));
  return { files: new Map(files.map((file) => [file.slice(0, -SUFFIX.length), join(folder, file)])), settle };
}

/** A user's own profile names its files relative to itself. */
function besideItself(value: Mapping, file: string): Mapping {
  const { image, device_tree: tree } = value;
  return {
    ...value,
    ...(isMapping(image) && image["file"] !== undefined && { image: { ...image, file: beside(file, image["file"]) } }),
    ...(isMapping(tree) && tree["initrd"] !== undefined && { device_tree: { ...tree, initrd: beside(file, tree["initrd"]) } }),
  };
}

const BOARDS = inProject("boards");
const PROFILES = inProject("rtos-guests/profiles");
/** By ISA: a guest is called the same on all of them. */
const PROFILE_FOLDERS: Readonly<Record<BoardIsa, string>> = { aarch64: PROFILES, riscv64: join(PROFILES, "riscv64") };

const schemaOfBoard = (board: unknown) => boardSchema(own(board, "isa"));
const schemaOfProfile = (profile: unknown) => profileSchema(own(profile, "isa"));
const boardShelf = (...folders: readonly Folder[]): OpenShelf<Board> => shelf(schemaOfBoard, folders, checkBoard);

export const boards = (folder = BOARDS): OpenShelf<Board> => boardShelf(boardFolder(folder));
export const profiles = (isa: BoardIsa = DEFAULT_ISA): Shelf<Profile> =>
  shelf(schemaOfProfile, [profileFolder(PROFILE_FOLDERS[isa], asItIs)]);

/** Those in a folder of a user's, and the project's. */
export function boardsIn(folder: string): OpenShelf<Board> {
  const own = resolve(folder, "boards");
  return own === BOARDS ? boards() : boardShelf(boardFolder(own), boardFolder(BOARDS));
}

/** The one in a file, wherever that is and whatever it is called; it may extend those of the project. */
export const boardAt = (file: string): { open(): Description<Board> | undefined } => {
  const name = "board";
  const here: Folder = { files: new Map(existsSync(file) ? [[name, resolve(file)]] : []), settle: asItIs };
  return { open: () => boardShelf(here, boardFolder(BOARDS)).open(name) };
};

/** For boards of that ISA. */
export const profilesIn = (folder: string, isa: BoardIsa = DEFAULT_ISA): Shelf<Profile> =>
  shelf(schemaOfProfile, [profileFolder(resolve(folder, "guests"), besideItself), profileFolder(PROFILE_FOLDERS[isa], asItIs)]);
