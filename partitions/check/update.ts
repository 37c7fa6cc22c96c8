// Which partition gets new images while the others run on, from whom, and whether they fit where its image is.
import type { GuestImages } from "./images.ts";
import { unknownPartner, updateTooLarge, updateWrong } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { layoutBoot } from "../plan/boot.ts";
import type { PartitionRequest } from "../request.ts";
import { formatSize } from "../units.ts";

export function checkUpdates(partitions: readonly PartitionRequest[], findings: Findings): void {
  const [first, ...others] = partitions.filter(({ fields }) => fields.update !== undefined);
  for (const { path } of others) {
    const why = `"${first?.name ?? ""}" is already updated by itself, and the hypervisor has room for one that is`;
    findings.report([...path, "update"], updateWrong(why, "remove it from one of the two"), "key");
  }
  const known = partitions.map(({ name }) => name);
  for (const { name, path, fields: { update } } of partitions) {
    if (update === undefined) continue;
    const at = [...path, "update", "from"];
    if (!known.includes(update.from)) findings.report(at, unknownPartner(update.from, known));
    else if (update.from === name)
      findings.report(at, updateWrong(`"${name}" is to bring its own image`, "name another partition"));
  }
}

/** `ipa`, `bytes`: of its RAM. What comes behind its image there stays where it is. */
export function checkUpdateFits(
  partition: PartitionRequest, images: GuestImages, ipa: number, bytes: number, findings: Findings,
): void {
  const { update } = partition.fields;
  if (update === undefined) return;
  const layout = layoutBoot(images, partition.profile?.device_tree !== undefined, ipa);
  const at = [...partition.path, "update", "size"];
  const [image, second] = layout.image;
  if (image === undefined) return;
  if (second !== undefined) {
    const why = `the image of "${partition.name}" is in ${layout.image.length} pieces, and one is replaced as a whole`;
    findings.report([...partition.path, "update"], updateWrong(why, "link it without large holes"), "key");
    return;
  }
  const room = Math.min(layout.initrd?.offset ?? bytes, layout.deviceTree?.offset ?? bytes, bytes) - image.offset;
  if (update.size < image.size || update.size > room)
    findings.report(at, updateTooLarge(formatSize(update.size), partition.name, formatSize(image.size), formatSize(room)));
}
