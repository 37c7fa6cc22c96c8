// What a partition leaves its guest code for, once it runs: what its profile knows of its kind, as far as it is trapped here.
import type { Board } from "../../boards/schema.ts";
import type { PartitionRequest } from "../request.ts";

/** Empty: nothing. Null: nobody knows of its kind. */
export function planExits({ gic }: Board, { fields, profile }: PartitionRequest): readonly string[] | null {
  const known = profile?.exits;
  const direct = fields.interrupts === "direct";
  if (known === undefined) return direct ? null : ["every interrupt"];
  // GICv3: ICH_HCR_EL2.TC. A GICv2's GICC is its own; SGIs are sent by the distributor, which is emulated.
  const trusted = fields.trust?.includes("sgi") === true;
  return [
    ...(direct ? [] : ["every interrupt"]),
    ...(known.pmr !== undefined && direct && gic.version === 3 && !trusted ? [`writes of ICC_PMR_EL1 (${known.pmr})`] : []),
    ...(known.sgi !== undefined && !trusted ? [`SGIs (${known.sgi})`] : []),
    ...(known.other === undefined ? [] : [known.other]),
  ];
}
