// What partitions get of their board's device tree: none of it is the hypervisor's, all of it has room, and whose devices depend
// on what another partition has is told.
import type { Board } from "../../boards/schema.ts";
import { MAX_REGIONS } from "../blob/layout.table.ts";
import type { FdtNode } from "../devicetree/fdt.ts";
import type { SharedTree } from "../devicetree/board-tree/share.ts";
import { insideAnothers, providedByAnother, providedByFirmware, tooManyRegions } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { AddressSpace } from "../plan/address-space.ts";
import type { PartitionRequest } from "../request.ts";
import { overlaps } from "../units.ts";
import { framesOf } from "./board.ts";
import { pagesOfDevice } from "./devices.ts";

export function checkUnits(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  const frames = framesOf(board);
  for (const { fields, path } of partitions) {
    for (const [index, name] of (fields.devices ?? []).entries()) {
      const device = board.devices[name];
      const taken = device && frames.find(({ span }) => pagesOfDevice(device).some((pages) => overlaps(pages, span)));
      if (taken !== undefined)
        findings.report([...path, "devices", index], insideAnothers(name, `a 4 KiB page of ${taken.what}`, undefined));
    }
  }
}

export function checkRegions({ path }: PartitionRequest, { regions }: AddressSpace, findings: Findings): void {
  if (regions.length > MAX_REGIONS) findings.report([...path, "devices"], tooManyRegions(regions.length, MAX_REGIONS));
}

/** What of a device is whose to change. */
interface Provided {
  readonly what: string;
  /** On its command line, Linux leaves on what it does not use itself (Documentation/admin-guide/kernel-parameters.txt). */
  readonly leftOnBy?: string;
}
const PROVIDED: ReadonlyMap<string, Provided> = new Map([
  ["clocks", { what: "clocks", leftOnBy: "clk_ignore_unused" }],
  ["resets", { what: "resets" }],
  ["power-domains", { what: "power", leftOnBy: "pd_ignore_unused" }],
  ["pinctrl-0", { what: "pins" }],
]);

/** One warning for each device and partition. */
export function checkProviders(
  { tree, owners, partitions }: SharedTree,
  requests: readonly PartitionRequest[],
  findings: Findings,
): void {
  for (const [index, { named }] of partitions.entries()) {
    const request = requests[index];
    if (request === undefined || request.fields.accepts?.includes("providers") === true) continue;
    for (const node of named) {
      const ofOthers = new Map<FdtNode, Set<Provided>>();
      const ofFirmware = new Map<FdtNode, Set<string>>();
      for (const { property, target } of tree.referencesOf(node)) {
        const what = PROVIDED.get(property);
        const unit = target && tree.unitOf(target);
        if (what === undefined || target === undefined || unit === undefined) continue;
        if (tree.kindOf(unit) === "hypervisor") ofFirmware.set(target, (ofFirmware.get(target) ?? new Set()).add(what.what));
        if ((owners.get(unit) ?? index) !== index) ofOthers.set(unit, (ofOthers.get(unit) ?? new Set()).add(what));
      }
      const at = [...request.path, "devices"];
      for (const [{ path }, whats] of ofFirmware)
        findings.report(at, providedByFirmware(node.name, [...whats].join(" and "), path));
      for (const [unit, whats] of ofOthers) {
        const owner = partitions[owners.get(unit) ?? index];
        if (owner === undefined) continue;
        const words = owner.hasTree ? [...whats].flatMap(({ leftOnBy }) => leftOnBy ?? []) : [];
        const what = [...whats].map((each) => each.what).join(" and ");
        findings.report(at, providedByAnother(node.name, what, unit.path, owner.name, words));
      }
    }
  }
}
