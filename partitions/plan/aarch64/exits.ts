// What a partition leaves its guest code for on AArch64, once it runs, of what is known of its kind.
import type { Aarch64Board as Board } from "../../../boards/schema.ts";
import type { Aarch64Profile as Profile } from "../../../rtos-guests/profiles/schema.ts";

export function planExits(
  { gic }: Board,
  known: NonNullable<Profile["exits"]>,
  isDirect: boolean,
  isTrusted: boolean,
): readonly string[] {
  // GICv3: ICH_HCR_EL2.TC. A GICv2's GICC is its own; SGIs are sent by the distributor, which is emulated.
  const masks = known.pmr !== undefined && isDirect && gic.version === 3 && !isTrusted;
  return [
    ...(masks ? [`writes of ICC_PMR_EL1 (${known.pmr})`] : []),
    ...(known.sgi !== undefined && !isTrusted ? [`SGIs (${known.sgi})`] : []),
  ];
}
