// Devices and SPIs: each is there, and belongs to one partition; devices that share a 4 KiB page go together, as
// stage 2 cannot part them; a device that masters memory needs a partition whose IPAs are PAs.
import type { Board, Device } from "../../boards/schema.ts";
import {
  deviceTaken,
  dmaNeedsIdentity,
  dmaReachesAll,
  interruptTaken,
  pageShared,
  timerMeant,
  timerTaken,
  unknownDevice,
} from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { isaOf } from "../isas.ts";
import type { PartitionRequest } from "../request.ts";
import type { Path } from "../source/path.ts";
import { hex, overlaps, pagesOf } from "../units.ts";
import type { Span } from "../units.ts";
import { memoryIpa } from "../plan/memory.ts";

interface Given {
  readonly name: string;
  readonly pages: Span;
  readonly owner: string;
}

export const pagesOfDevice = ({ windows }: Device): Span[] => windows.map(pagesOf);

/** It masters the bus, and nothing confines it: whatever partition it is given to, it reaches everybody. */
export const reachesAllMemory = ({ dma, behind }: Device): boolean => dma && behind === "none";

interface Owner {
  readonly partition: string;
  /** In words. */
  readonly use: string;
}

/** Without a board (it is not known which): that nothing is given twice. */
export function checkDevices(
  board: Board | undefined,
  partitions: readonly PartitionRequest[],
  findings: Findings,
): void {
  const devices = new Map<string, string>();
  const spis = new Map<number, Owner>();
  const pages: Given[] = [];
  for (const partition of partitions) {
    for (const [index, name] of (partition.fields.devices ?? []).entries()) {
      const at = [...partition.path, "devices", index];
      const owner = devices.get(name);
      if (owner !== undefined) findings.report(at, deviceTaken(name, owner));
      else if (board !== undefined) checkDevice(board, partition, name, at, pages, spis, findings);
      devices.set(name, owner ?? partition.name);
    }
  }
  for (const partition of partitions) checkSpis(board, partition, spis, findings);
}

function checkDevice(
  board: Board,
  partition: PartitionRequest,
  name: string,
  at: Path,
  given: Given[],
  spis: Map<number, Owner>,
  findings: Findings,
): void {
  const device = board.devices[name];
  if (device === undefined) {
    findings.report(at, unknownDevice(name, board.name, Object.keys(board.devices)));
    return;
  }
  for (const pages of pagesOfDevice(device)) {
    const sharer = given.find((other) => other.owner !== partition.name && overlaps(other.pages, pages));
    if (sharer !== undefined)
      findings.report(at, pageShared(name, sharer.name, sharer.owner, hex(Math.max(pages.base, sharer.pages.base))));
    given.push({ name, pages, owner: partition.name });
  }

  const ipa = memoryIpa(partition);
  // An IPA that is written down beside the same PA is as good as `identity`.
  const shifted = ipa !== undefined && ipa !== "identity" && partition.fields.memory?.at !== ipa;
  // Coloured memory is never at its PAs; check/cache.ts says so.
  if (device.dma && shifted && partition.fields.cache?.colours === undefined)
    findings.report(at, dmaNeedsIdentity(name, hex(ipa)));

  if (reachesAllMemory(device) && partition.fields.accepts?.includes("dma") !== true)
    findings.report(at, dmaReachesAll(name, partition.name));

  // Two devices of one partition may share an interrupt line; two partitions may not.
  for (const { spi: number } of device.spis) {
    const owner = spis.get(number);
    if (owner !== undefined && owner.partition !== partition.name)
      findings.report(at, interruptTaken(`${isaOf(board).LINE} ${number}`, owner.use));
    else spis.set(number, { partition: partition.name, use: `"${name}" of partition "${partition.name}"` });
  }
}

function checkSpis(
  board: Board | undefined,
  partition: PartitionRequest,
  spis: Map<number, Owner>,
  findings: Findings,
): void {
  for (const [index, { spi }] of (partition.fields.spis ?? []).entries()) {
    const at = [...partition.path, "spis", index];
    const problem = board === undefined ? undefined : isaOf(board).numberProblem(board, spi);
    if (problem !== undefined) findings.report(at, problem);
    else checkOwner(board, partition, spi, at, spis, findings);
  }
}

/** Somebody who writes down a timer's INTID can hardly mean the SPI of that number. */
function checkOwner(
  board: Board | undefined,
  { name }: PartitionRequest,
  spi: number,
  at: Path,
  spis: Map<number, Owner>,
  findings: Findings,
): void {
  const owner = spis.get(spi);
  const timer = board && isaOf(board).timerOf(board, spi);
  if (owner !== undefined)
    findings.report(at, timer === undefined ? interruptTaken(`SPI ${spi}`, owner.use) : timerTaken(spi, timer, owner.use));
  else {
    if (timer !== undefined) findings.report(at, timerMeant(spi, timer));
    spis.set(spi, { partition: name, use: `partition "${name}"` });
  }
}
