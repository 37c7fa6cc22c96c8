// A partition's own address space (IPA): RAM, channels, mailbox, devices passed through at their PAs, and what is emulated.
import type { Board } from "../../boards/schema.ts";
import { IPA_BITS_MAX } from "../blob/layout.table.ts";
import { pagesOfDevice } from "../check/devices.ts";
import { builtInOverlap, ipaBeyond, ipaOverlap } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { isaOf } from "../isas.ts";
import type { Windows } from "../isas.ts";
import type { ChannelRequest, PartitionRequest } from "../request.ts";
import { alignUp, end, formatSpan, gapsOf, hex, overlaps, PAGE } from "../units.ts";
import type { Path } from "../source/path.ts";
import type { Span } from "../units.ts";
import { channelsOf } from "./channels.ts";
import { ownColours, sharedCache } from "./cache.ts";
import { memoryIpa, memorySize } from "./memory.ts";
import type { MemoryPlan } from "./memory.ts";
import { PL011_SIZE } from "./plan.ts";
import type { PlannedCache, PlannedRegion } from "./plan.ts";

/** Of a guest physical address: as many as the pCPUs have, and at most what stage 2 is built for. */
export const guestAddressBits = ({ cpus }: Board): number => Math.min(cpus.pa_bits, IPA_BITS_MAX);

export interface AddressSpace {
  readonly regions: readonly PlannedRegion[];
  /** Of its emulated interrupt controller. */
  readonly windows: Windows;
  readonly console: number;
}

export function planAddressSpace(
  board: Board,
  memory: MemoryPlan,
  partition: PartitionRequest,
  channels: readonly ChannelRequest[],
): AddressSpace {
  const isa = isaOf(board);
  const { profile } = partition;
  return {
    regions: [
      ...ramRegions(sharedCache(board), memory, partition),
      ...isa.planInterface(board, profile, partition.fields.interrupts === "direct", partition.fields.cpus ?? []),
      ...deviceRegions(board, partition),
      ...channelRegions(memory, partition, channels),
      ...mailboxRegion(memory, partition, channels),
    ],
    windows: isa.planWindows(board, profile, partition.fields.interrupts === "direct"),
    console: isa.planConsole(board, profile, partition.fields.telemetry === true),
  };
}

function ramRegions(cache: PlannedCache, memory: MemoryPlan, partition: PartitionRequest): PlannedRegion[] {
  const span = memory.partitions.get(partition.name);
  const [ipa, size] = [memoryIpa(partition), memorySize(partition)];
  if (span === undefined || ipa === undefined || size === undefined) return [];
  const own = ownColours(cache, partition);
  return [
    {
      name: "memory",
      ipa: ipa === "identity" ? span.base : ipa,
      pa: span.base,
      size,
      kind: "ram",
      access: "rwx",
      ...(own && { colours: own }),
    },
  ];
}

/** One region for windows of devices that share or adjoin pages. */
function deviceRegions(board: Board, partition: PartitionRequest): PlannedRegion[] {
  const devices = (partition.fields.devices ?? [])
    .flatMap((name) => {
      const device = board.devices[name];
      return device === undefined ? [] : pagesOfDevice(device).map((pages) => ({ name, pages }));
    })
    .sort((a, b) => a.pages.base - b.pages.base);
  const regions: PlannedRegion[] = [];
  for (const { name, pages } of devices) {
    const last = regions.at(-1);
    if (last !== undefined && pages.base <= last.pa + last.size) {
      const size = Math.max(last.size, end(pages) - last.pa);
      const names = last.name.split(", ").includes(name) ? last.name : `${last.name}, ${name}`;
      regions[regions.length - 1] = { ...last, name: names, size };
    } else {
      regions.push({ name, ipa: pages.base, pa: pages.base, size: pages.size, kind: "device", access: "rw" });
    }
  }
  return regions;
}

function channelRegions(
  memory: MemoryPlan,
  partition: PartitionRequest,
  channels: readonly ChannelRequest[],
): PlannedRegion[] {
  let next = partition.profile?.channels?.ipa;
  return channelsOf(partition, channels)
    .flatMap((channel) => {
      const span = memory.channels.get(channel.name);
      if (span === undefined) return [];
      const ipa = next ?? span.base;
      if (next !== undefined) next = alignUp(next + span.size, PAGE);
      return [{ name: channel.name, ipa, pa: span.base, size: span.size, kind: "channel" as const, access: "rw" }];
    });
}

/**
 * Where it was asked for; else behind the channels where they have a place of their own; else, as they, at its PA. It does not go
 * out of the way of what is there: guests are built to map it at that place, and would run on without it.
 */
function mailboxRegion(
  memory: MemoryPlan,
  partition: PartitionRequest,
  channels: readonly ChannelRequest[],
): PlannedRegion[] {
  const span = memory.mailboxes.get(partition.name);
  if (span === undefined) return [];
  const before = channelRegions(memory, partition, channels).at(-1);
  const place = partition.profile?.channels?.ipa;
  const behind = place === undefined ? span.base : before === undefined ? place : before.ipa + before.size;
  const ipa = partition.fields.mailbox?.ipa ?? behind;
  return [{ name: "mailbox", ipa, pa: span.base, size: span.size, kind: "mailbox", access: "rw" }];
}

function describe({ kind, name }: PlannedRegion, { mailbox }: PartitionRequest["fields"]): string {
  if (kind === "ram") return "the memory";
  if (kind === "interface") return "the CPU interface";
  if (kind !== "mailbox") return `${kind} "${name}"`;
  return mailbox === undefined ? "the default place of the mailbox" : "the mailbox";
}

interface Place {
  /** Undefined: it is emulated. */
  readonly kind: PlannedRegion["kind"] | undefined;
  readonly what: string;
  readonly span: Span;
}

const mapped = ({ regions }: AddressSpace, fields: PartitionRequest["fields"]): Place[] =>
  regions.map((region) => ({ kind: region.kind, what: describe(region, fields), span: { base: region.ipa, size: region.size } }));

function emulated(board: Board, { windows, console }: AddressSpace, { cpus, telemetry }: PartitionRequest["fields"]): Place[] {
  const place = (what: string, base: number, size: number): Place => ({ kind: undefined, what, span: { base, size } });
  return [
    ...isaOf(board).windowsOf(windows, cpus?.length ?? 0).map(({ what, base, size }) => place(what, base, size)),
    place(`the emulated ${isaOf(board).UART}`, console, PL011_SIZE),
    ...(telemetry === true ? [place(`the emulated ${isaOf(board).UART} for telemetry`, console + PL011_SIZE, PL011_SIZE)] : []),
  ];
}

/** Reported where the memory was asked for, or a mailbox's place: of all these they are what a person can most easily move. */
export function checkAddressSpace(board: Board, partition: PartitionRequest, space: AddressSpace, findings: Findings): void {
  const regions = mapped(space, partition.fields);
  const windows = emulated(board, space, partition.fields);
  const { mailbox } = partition.fields;
  const at = (...places: readonly Place[]): Path => {
    const isMailbox = mailbox !== undefined && places.some(({ kind }) => kind === "mailbox");
    return [...partition.path, isMailbox ? "mailbox" : "memory", "ipa"];
  };
  const bits = guestAddressBits(board);
  const freeInstead = (...places: readonly Place[]): string | undefined => {
    const span = mailbox === undefined ? places.find(({ kind }) => kind === "mailbox")?.span : undefined;
    if (span === undefined) return undefined;
    const others = [...regions, ...windows].filter(({ kind }) => kind !== "mailbox").map((place) => place.span);
    const free = gapsOf([{ base: span.base, size: 2 ** bits - span.base }], others).find(({ size }) => size >= span.size);
    return free && hex(free.base);
  };
  for (const [index, one] of regions.entries()) {
    for (const other of [...regions.slice(index + 1), ...windows]) {
      if (!overlaps(one.span, other.span)) continue;
      const [span, theirs] = [formatSpan(one.span), formatSpan(other.span)];
      findings.report(at(one, other), ipaOverlap(one.what, span, other.what, theirs, freeInstead(one, other)));
    }
  }
  // These are where its guest has them built in, or the board has its own.
  for (const [index, one] of windows.entries()) {
    for (const other of windows.slice(index + 1)) {
      if (!overlaps(one.span, other.span)) continue;
      findings.report(
        [...partition.path, "guest"],
        builtInOverlap(one.what, formatSpan(one.span), other.what, formatSpan(other.span)),
      );
    }
  }
  for (const place of [...regions, ...windows]) {
    if (end(place.span) <= 2 ** bits) continue;
    findings.report(at(place), ipaBeyond(place.what, formatSpan(place.span), bits, board.name, hex(2 ** bits)));
  }
}
