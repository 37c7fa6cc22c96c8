// What a partition leaves its guest code for, once it runs: what its profile knows of its kind, as far as it is trapped here.
import type { Board } from "../../boards/schema.ts";
import { isaOf } from "../isas.ts";
import type { PartitionRequest } from "../request.ts";

/** Empty: nothing. Null: nobody knows of its kind. */
export function planExits(board: Board, { fields, profile }: PartitionRequest): readonly string[] | null {
  const known = profile?.exits;
  const direct = fields.interrupts === "direct";
  if (known === undefined) return direct ? null : ["every interrupt"];
  const trusted = fields.trust?.includes("sgi") === true;
  return [
    ...(direct ? [] : ["every interrupt"]),
    ...isaOf(board).planExits(board, known, direct, trusted),
    ...(known.other === undefined ? [] : [known.other]),
  ];
}
