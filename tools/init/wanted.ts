// What somebody wants in their first system.yaml, from flags or by questions: a board, and partitions with their guests.
import type { BoardIsa } from "../../boards/isa.ts";
import type { Board } from "../../boards/schema.ts";
import { pcpusOf } from "../../partitions/isas.ts";
import { NAME_PATTERN, PARTITION_NAME_MAX } from "../../partitions/schema.ts";
import type { Shelf } from "../../partitions/shelf.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";
import type { WantedPartition } from "./compose.ts";
import { asking } from "./ask.ts";
import type { Ask } from "./ask.ts";
import { InitError } from "./errors.ts";

export interface Shelves {
  readonly boards: Shelf<Board>;
  readonly profilesFor: (isa: BoardIsa) => Shelf<Profile>;
}

export interface Wanted {
  readonly board: Board;
  readonly partitions: readonly WantedPartition[];
}

const DEFAULT_BOARD = "qemu-aarch64";
/** What the project itself brings along. */
export const DEFAULT_PARTITIONS = ["linux=linux", "plc=plc"];

const NAME_RULE = `at most ${PARTITION_NAME_MAX} of a-z, 0-9 and "-", the first one a letter`;
const isName = (text: string): boolean => NAME_PATTERN.test(text) && text.length <= PARTITION_NAME_MAX;

function take<T>(shelf: Shelf<T>, name: string): T | undefined {
  return shelf.get(name, new Findings(new YamlSource("", "")));
}

export function boardOf({ boards }: Shelves, name = DEFAULT_BOARD): Board {
  const board = take(boards, name);
  if (board === undefined) throw new InitError("AXV_INIT_BOARD", name, boards.names.join(", "));
  return board;
}

/** "rtos=rt-thread:build/rtthread.bin" */
function partitionOf(text: string, profiles: Shelf<Profile>): WantedPartition {
  const [, name, guest = "", image] = /^([^=]+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
  if (name === undefined) throw new InitError("AXV_INIT_PARTITION", text);
  if (!isName(name)) throw new InitError("AXV_INIT_NAME", name, NAME_RULE);
  const profile = take(profiles, guest);
  if (profile === undefined) throw new InitError("AXV_INIT_GUEST", guest, profiles.names.join(", "));
  if (image === undefined && profile.image.file === undefined) throw new InitError("AXV_INIT_IMAGE", name, guest);
  return { name, profile, image };
}

export function fromFlags(shelves: Shelves, board: string | undefined, partitions: readonly string[]): Wanted {
  const facts = boardOf(shelves, board);
  const wanted = partitions.map((text) => partitionOf(text, shelves.profilesFor(facts.isa)));
  const twice = wanted.find(({ name }, index) => wanted.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) throw new InitError("AXV_INIT_TWICE", twice.name);
  return { board: facts, partitions: wanted };
}

export async function byQuestions(
  shelves: Shelves,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<Wanted> {
  const questions = asking(input, output);
  try {
    return await askAll(shelves, questions.ask);
  } finally {
    questions.close();
  }
}

async function askAll(shelves: Shelves, ask: Ask): Promise<Wanted> {
  const { boards, profilesFor } = shelves;
  const oneOf = (names: readonly string[]): string => `one of ${names.join(", ")}`;
  const board = await ask(`Board: ${oneOf(boards.names)}`, DEFAULT_BOARD, (name) => take(boards, name) ?? oneOf(boards.names));
  const profiles = profilesFor(board.isa);
  const partitions: WantedPartition[] = [];
  const limit = pcpusOf(board).length;
  while (partitions.length < limit) {
    const standard = partitions.length === 0 ? "linux" : partitions.length === 1 ? "plc" : "done";
    const isFree = (name: string): { name: string } | string => {
      if (!isName(name)) return NAME_RULE;
      return partitions.some((other) => other.name === name) ? "another partition is called so" : { name };
    };
    const { name } = await ask(`Partition ${partitions.length + 1} of at most ${limit}: its name, or done`, standard, (text) =>
      text === "done" && partitions.length === 0 ? "there has to be one" : isFree(text),
    );
    if (name === "done") break;
    const guest = take(profiles, name) === undefined ? "linux" : name;
    const known = oneOf(profiles.names);
    const profile = await ask(`Its guest: ${known}`, guest, (text) => take(profiles, text) ?? known);
    const needsImage = profile.image.file === undefined;
    const image = needsImage
      ? await ask("Its image, a file (relative to the system file)", "", (file) =>
          file === "" ? "it brings none of its own" : { file },
        )
      : undefined;
    partitions.push({ name, profile, image: image?.file });
  }
  return { board, partitions };
}
