// Devices and SPIs: each is there, and belongs to one partition; devices that share a 4 KiB page go together, as
// stage 2 cannot part them; a device that masters memory needs a partition whose IPAs are PAs.
import type { Board, Device } from "../../boards/schema.ts";
import { deviceTaken, dmaNeedsIdentity, interruptReserved, interruptTaken, pageShared, unknownDevice, unknownSpi } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { PartitionRequest } from "../request.ts";
import type { Path } from "../source/yaml.ts";
import { hex, overlaps, pagesOf } from "../units.ts";
import type { Span } from "../units.ts";
import { memoryIpa } from "../plan/memory.ts";

interface Given {
  readonly name: string;
  readonly pages: Span;
  readonly owner: string;
}

export const pagesOfDevice = (device: Device): Span => pagesOf({ base: device.reg, size: device.size });

export function checkDevices(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  const given: Given[] = [];
  const spis = new Map<number, { partition: string; use: string }>();
  for (const partition of partitions) {
    for (const [index, name] of (partition.fields.devices ?? []).entries()) {
      const at = [...partition.path, "devices", index];
      const device = board.devices[name];
      if (device === undefined) {
        findings.report(at, unknownDevice(name, board.name, Object.keys(board.devices)));
        continue;
      }
      const taken = given.find((other) => other.name === name);
      if (taken !== undefined) {
        findings.report(at, deviceTaken(name, taken.owner));
        continue;
      }
      const pages = pagesOfDevice(device);
      const sharer = given.find((other) => other.owner !== partition.name && overlaps(other.pages, pages));
      if (sharer !== undefined) findings.report(at, pageShared(name, sharer.name, sharer.owner, hex(pages.base)));
      checkDma(partition, name, device, at, findings);
      checkSpiOwner(device.spi, partition.name, at, spis, findings);
      given.push({ name, pages, owner: partition.name });
      spis.set(device.spi, { partition: partition.name, use: `"${name}" of partition "${partition.name}"` });
    }
  }
  for (const partition of partitions) checkSpis(board, partition, spis, findings);
}

function checkDma(partition: PartitionRequest, name: string, device: Device, at: Path, findings: Findings): void {
  const ipa = memoryIpa(partition);
  if (!device.dma || ipa === undefined || ipa === "identity") return;
  // An IPA that was written down beside the same PA is as good.
  if (partition.fields.memory?.at === ipa) return;
  findings.report(at, dmaNeedsIdentity(name, hex(ipa)));
}

/** Two devices of one partition may share an interrupt line; two partitions may not. */
function checkSpiOwner(
  spi: number,
  partition: string,
  at: Path,
  spis: ReadonlyMap<number, { partition: string; use: string }>,
  findings: Findings,
): void {
  const owner = spis.get(spi);
  if (owner !== undefined && owner.partition !== partition) findings.report(at, interruptTaken(spi, owner.use));
}

function checkSpis(
  board: Board,
  partition: PartitionRequest,
  spis: Map<number, { partition: string; use: string }>,
  findings: Findings,
): void {
  const [firstSpare, lastSpare] = board.spare_spis;
  for (const [index, spi] of (partition.fields.spis ?? []).entries()) {
    const at = [...partition.path, "spis", index];
    const owner = spis.get(spi);
    if (spi >= board.gic.spis) findings.report(at, unknownSpi(spi, board.name, board.gic.spis));
    else if (spi === board.uart.spi) findings.report(at, interruptReserved(spi, "the hypervisor's own UART"));
    else if (spi >= firstSpare && spi <= lastSpare) findings.report(at, interruptReserved(spi, "one of the spare SPIs that consoles and channels use"));
    else if (owner !== undefined) findings.report(at, interruptTaken(spi, owner.use));
    else spis.set(spi, { partition: partition.name, use: `partition "${partition.name}"` });
  }
}
