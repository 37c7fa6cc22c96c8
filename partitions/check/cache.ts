// Shares of the cache: colours and way groups are there and have one owner, and coloured memory is asked for where it can be.
import type { Board } from "../../boards/schema.ts";
import {
  cacheUnknown,
  coloursNotAt,
  coloursNotIdentity,
  coloursTaken,
  coloursWithDma,
  notColoured,
  noWays,
  unknownColours,
  unknownWays,
  waysExhausted,
  waysTaken,
} from "../diagnostics/catalogue.ts";
import type { Findings, Problem } from "../diagnostics/diagnostic.ts";
import { ownColours, sharedCache } from "../plan/cache.ts";
import { memoryIpa } from "../plan/memory.ts";
import type { PlannedCache } from "../plan/plan.ts";
import type { PartitionRequest } from "../request.ts";

export function checkCache(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  const cache = sharedCache(board);
  const colours = new Owners(coloursTaken);
  for (const partition of partitions) checkColours(board, cache, partition, colours, findings);
  checkWays(board, cache, partitions, findings);
  warnAboutOthers(board, cache, partitions, findings);
}

/** Who has which number already. */
class Owners {
  readonly #owners = new Map<number, string>();
  readonly #taken: (numbers: readonly number[], owner: string) => Problem;

  constructor(taken: (numbers: readonly number[], owner: string) => Problem) {
    this.#taken = taken;
  }

  get count(): number {
    return this.#owners.size;
  }

  /** One problem for each other owner. */
  claim(numbers: readonly number[], name: string): Problem[] {
    const others = new Set(numbers.flatMap((number) => this.#owners.get(number) ?? []));
    const problems = [...others].map((owner) =>
      this.#taken(
        numbers.filter((number) => this.#owners.get(number) === owner),
        owner,
      ),
    );
    for (const number of numbers) if (!this.#owners.has(number)) this.#owners.set(number, name);
    return problems;
  }
}

function checkColours(
  board: Board,
  cache: PlannedCache,
  partition: PartitionRequest,
  owners: Owners,
  findings: Findings,
): void {
  const { name, path, fields } = partition;
  if (fields.cache?.colours === undefined) return;
  const at = [...path, "cache", "colours"];
  // Where there is one colour only, no memory can have it for itself.
  const exists = (colour: number): boolean => cache.colours > 1 && colour < cache.colours;
  const unknown = fields.cache.colours.filter((colour) => !exists(colour));
  if (cache.unknown !== undefined) findings.report(at, cacheUnknown(board.name, cache.unknown));
  else if (unknown.length > 0) findings.report(at, unknownColours(unknown, board.name, cache.colours));
  for (const problem of owners.claim(fields.cache.colours.filter(exists), name)) findings.report(at, problem);

  const masters = dmaDevices(board, partition);
  for (const device of masters.slice(0, 1)) findings.report(at, coloursWithDma(device, cache.wayGroups > 0));
  if (fields.memory?.at !== undefined) findings.report([...path, "memory", "at"], coloursNotAt());
  if (masters.length === 0 && memoryIpa(partition) === "identity") {
    const written = fields.memory?.ipa !== undefined;
    const where = written ? [...path, "memory", "ipa"] : at;
    findings.report(where, coloursNotIdentity(written ? "this" : `the profile "${partition.profile?.name}"`));
  }
}

const dmaDevices = (board: Board, { fields }: PartitionRequest): string[] =>
  (fields.devices ?? []).filter((name) => board.devices[name]?.dma === true);

function checkWays(
  board: Board,
  cache: PlannedCache,
  partitions: readonly PartitionRequest[],
  findings: Findings,
): void {
  const owners = new Owners(waysTaken);
  const asking = partitions.filter(({ fields }) => fields.cache?.ways !== undefined);
  for (const { name, path, fields } of asking) {
    const at = [...path, "cache", "ways"];
    const groups = fields.cache?.ways ?? [];
    const unknown = groups.filter((group) => group >= cache.wayGroups);
    if (cache.wayGroups === 0) findings.report(at, noWays(board.name, cache.colours));
    else if (unknown.length > 0) findings.report(at, unknownWays(unknown, board.name, cache.wayGroups));
    const known = groups.filter((group) => group < cache.wayGroups);
    for (const problem of owners.claim(known, name)) findings.report(at, problem);
  }
  const last = asking.at(-1);
  if (last !== undefined && cache.wayGroups > 0 && owners.count === cache.wayGroups)
    findings.report([...last.path, "cache", "ways"], waysExhausted(cache.wayGroups));
}

/** Colours part only what is coloured. */
function warnAboutOthers(
  board: Board,
  cache: PlannedCache,
  partitions: readonly PartitionRequest[],
  findings: Findings,
): void {
  const coloured = partitions.filter((partition) => ownColours(cache, partition) !== undefined);
  if (coloured.length === 0) return;
  const owners = coloured.map(({ name }) => `"${name}"`).join(", ");
  for (const partition of partitions.filter((each) => !coloured.includes(each))) {
    const remedy = remedyFor(board, cache, partition, owners);
    findings.report(partition.path, notColoured(partition.name, cache.colours, owners, remedy), "key");
  }
}

function remedyFor(board: Board, cache: PlannedCache, partition: PartitionRequest, owners: string): string {
  if (cache.wayGroups > 0)
    return `give ${owners} \`cache: { ways: … }\` instead of colours: that holds against everybody`;
  if (dmaDevices(board, partition).length === 0) return "give it colours of its own: `cache: { colours: … }`";
  const why = "its devices do DMA and no SMMU translates, so it cannot be coloured, and this board has no `ways`";
  return partition.fields.bandwidth === undefined
    ? `${why}: limit its \`bandwidth\``
    : `${why}; its \`bandwidth\` limits it`;
}
