// system.yaml as read: what a person asks for, key by key checked against the schema, with names of boards and guests
// resolved. A key whose value was wrong is reported and then absent here, so that the checks behind can go on with
// everything else and all mistakes come out at once.
import { ISA_TITLES } from "../boards/isa.ts";
import type { BoardIsa } from "../boards/isa.ts";
import type { Board } from "../boards/schema.ts";
import type { Profile } from "../rtos-guests/profiles/schema.ts";
import {
  badName,
  cmdlineTooLong,
  misaligned,
  profileIsa,
  tooManyChannels,
  tooManyPartitions,
  unknownBoard,
  unknownGuest,
} from "./diagnostics/catalogue.ts";
import { closest } from "./diagnostics/suggest.ts";
import type { Findings } from "./diagnostics/diagnostic.ts";
import {
  CHANNEL_NAME_MAX,
  CHANNELS_MAX,
  CMDLINE_MAX,
  CHANNEL_SHAPE,
  levelSpi,
  NAME_PATTERN,
  PARTITION_NAME_MAX,
  PARTITION_SHAPE,
  SYSTEM_SHAPE,
} from "./schema.ts";
import type { ChannelShape, PartitionShape } from "./schema.ts";
import { MAX_PARTITIONS } from "./blob/layout.table.ts";
import type { Shelf } from "./shelf.ts";
import { own, readFields } from "./source/fields.ts";
import type { Fields } from "./source/fields.ts";
import type { Path } from "./source/path.ts";
import type { YamlSource } from "./source/yaml.ts";
import { BLOCK, formatSize, hex } from "./units.ts";

export interface PartitionRequest {
  readonly name: string;
  /** Where it stands in the file. */
  readonly path: Path;
  readonly fields: Fields<PartitionShape>;
  readonly profile: Profile | undefined;
  /** A `memory` was written but is no memory: then the profile's does not stand in for it. */
  readonly memoryBroken: boolean;
  /** `tags` were written but could not be read: nobody can say that there are none. */
  readonly tagsBroken: boolean;
}

export interface ChannelRequest {
  readonly name: string;
  readonly path: Path;
  readonly fields: Fields<ChannelShape>;
}

export interface SystemRequest {
  readonly board: Board | undefined;
  readonly version: string | undefined;
  readonly partitions: readonly PartitionRequest[];
  /** By name: where a channel is, and its number, do not depend on the order of lines. */
  readonly channels: readonly ChannelRequest[];
  /** Microseconds. */
  readonly trial: { readonly healthyAfter: number; readonly commitWithin: number };
}

/** Of a system on trial, where its file does not say so. */
const HEALTHY_AFTER = 30_000_000;
const COMMIT_WITHIN = 300_000_000;

/** Partitions and channels that are looked at one by one, be they too many or not: a file with more is a mistake as a whole. */
const READ_MAX = 100;

export function readRequest(
  source: YamlSource,
  boards: Shelf<Board>,
  profilesFor: (isa: BoardIsa | undefined) => Shelf<Profile>,
  findings: Findings,
): SystemRequest {
  const fields = readFields(SYSTEM_SHAPE, source.value, [], findings);
  const board = fields.board === undefined ? undefined : readBoard(fields.board, boards, findings);
  const trial = { healthyAfter: fields.healthy_after ?? HEALTHY_AFTER, commitWithin: fields.commit_within ?? COMMIT_WITHIN };
  const { version } = fields;
  const profiles = profilesFor(board?.isa);
  const partitions = Object.entries(fields.partitions ?? {});
  const channels = Object.entries(fields.channels ?? {});
  if (partitions.length > MAX_PARTITIONS)
    findings.report(["partitions"], tooManyPartitions(partitions.length, MAX_PARTITIONS), "key");
  if (channels.length > CHANNELS_MAX) findings.report(["channels"], tooManyChannels(channels.length, CHANNELS_MAX), "key");
  if (partitions.length + channels.length > READ_MAX) return { board, version, partitions: [], channels: [], trial };
  return {
    board,
    version,
    trial,
    partitions: partitions.map(([name, raw]) => readPartition(name, raw, board, profiles, findings)),
    channels: channels
      .map(([name, raw]) => {
        const path = ["channels", name];
        checkName(name, CHANNEL_NAME_MAX, path, findings);
        return { name, path, fields: readFields(CHANNEL_SHAPE, raw, path, findings) };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function readBoard(name: string, boards: Shelf<Board>, findings: Findings): Board | undefined {
  if (boards.names.includes(name)) return boards.get(name, findings);
  findings.report(["board"], unknownBoard(name, boards.names));
  return guessed(boards, name, findings);
}

/** With the name that was probably meant, everything else in the file can be checked, too. */
function guessed<T>(shelf: Shelf<T>, name: string, findings: Findings): T | undefined {
  const meant = closest(name, shelf.names);
  return meant === undefined ? undefined : shelf.get(meant, findings);
}

function readPartition(
  name: string, raw: unknown, board: Board | undefined, profiles: Shelf<Profile>, findings: Findings,
): PartitionRequest {
  const path = ["partitions", name];
  checkName(name, PARTITION_NAME_MAX, path, findings);
  const fields = readFields(PARTITION_SHAPE, raw, path, findings);
  checkBlocks(fields, path, findings);
  const bytes = new TextEncoder().encode(fields.cmdline ?? "").length;
  if (bytes > CMDLINE_MAX) findings.report([...path, "cmdline"], cmdlineTooLong(bytes, CMDLINE_MAX));
  const guest = fields.guest;
  const found = guest === undefined ? undefined : readProfile(guest, path, profiles, findings);
  const isOurs = found === undefined || board === undefined || found.isa === board.isa;
  if (!isOurs)
    findings.report(
      [...path, "guest"],
      profileIsa(found.name, ISA_TITLES[found.isa], board.name, ISA_TITLES[board.isa], board.isa),
    );
  const profile = isOurs ? found : undefined;
  return {
    name,
    path,
    fields: own(raw, "spis") === undefined ? withProfile(fields, profile) : fields,
    profile,
    memoryBroken: own(raw, "memory") !== undefined && fields.memory === undefined,
    tagsBroken: own(raw, "tags") !== undefined && fields.tags === undefined,
  };
}

function readProfile(guest: string, path: Path, profiles: Shelf<Profile>, findings: Findings): Profile | undefined {
  if (profiles.names.includes(guest)) return profiles.get(guest, findings);
  findings.report([...path, "guest"], unknownGuest(guest, profiles.names));
  return guessed(profiles, guest, findings);
}

/** Memory is mapped by blocks of 2 MiB, so it begins with one in both address spaces. */
function checkBlocks({ memory }: PartitionRequest["fields"], path: Path, findings: Findings): void {
  for (const key of ["at", "ipa"] as const) {
    const address = memory?.[key];
    if (typeof address !== "number" || address % BLOCK === 0) continue;
    findings.report([...path, "memory", key], misaligned("the address", hex(address), formatSize(BLOCK)));
  }
}

/** What its kind of guest cannot do without is its own as if it had been written down; called if nothing was. */
function withProfile(fields: PartitionRequest["fields"], profile: Profile | undefined): PartitionRequest["fields"] {
  return profile?.isa !== "aarch64" || profile.spis.length === 0 ? fields : { ...fields, spis: profile.spis.map(levelSpi) };
}

function checkName(name: string, limit: number, path: Path, findings: Findings): void {
  if (name.length > limit || !NAME_PATTERN.test(name)) findings.report(path, badName(name, limit), "key");
}
