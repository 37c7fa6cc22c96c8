// What the hypervisor says when it takes an image not, in words.
import {
  IMAGE_WRONG_FORMAT, IMAGE_WRONG_GUEST, IMAGE_WRONG_HASH, IMAGE_WRONG_PARTITION, IMAGE_WRONG_PLACE, IMAGE_WRONG_SIGNATURE,
  IMAGE_WRONG_SIZE, IMAGE_WRONG_VERSION,
} from "../../../core/abi";

/** Of IMAGE_WRONG_*. */
export function refusal(code: u32): string {
  if (code == IMAGE_WRONG_FORMAT) return "refused (format): this is not what axv-part update sign makes";
  if (code == IMAGE_WRONG_PARTITION) return "refused (partition): it is for another partition";
  if (code == IMAGE_WRONG_GUEST) return "refused (guest): it is for another kind of guest";
  if (code == IMAGE_WRONG_SIZE) return "refused (size): it is larger than `size` of `update:` in system.yaml, or empty";
  if (code == IMAGE_WRONG_VERSION) return "refused (version): it is not newer than the newest that was taken";
  if (code == IMAGE_WRONG_SIGNATURE) return "refused (signature): it is not signed with the key of system.yaml";
  if (code == IMAGE_WRONG_HASH) return "refused (hash): the image is not the one that was signed";
  if (code == IMAGE_WRONG_PLACE) return "refused (place): it is to be loaded or entered elsewhere than the one before";
  return "refused";
}
