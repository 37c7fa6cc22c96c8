// Why a system is not deployed, each with a stable code and what to do. Whatever is refused, what starts today starts tomorrow.
import { CodedError } from "../../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_DEPLOY_UNREADABLE: (file: string, reason: string) => `${file} cannot be read: ${reason}. Give the path of a FIT`,
  AXV_DEPLOY_NO_MANIFEST: (file: string, why: string, keys: string) =>
    `${keys} has a key for manifests, and ${file} cannot be read: ${why}. Give the one that axv-part build --fit leaves beside ` +
    "the FIT",
  AXV_DEPLOY_TARGET: (target: string, reason: string) =>
    `${target} cannot be written to: ${reason}. Give the path of a disk image, as axv-part build --disk leaves it, of a ` +
    "device that holds one, or ssh://USER@HOST/dev/NAME",
  AXV_DEPLOY_ADDRESS: (target: string) =>
    `${target} is no address of a disk: write ssh://USER@HOST:PORT/dev/NAME, with letters, digits and . , : + @ % = _ - in the ` +
    "path",
  AXV_DEPLOY_UNREACHED: (target: string, why: string) =>
    `ssh does not reach ${target}: ${why}. Try ssh with the same host until it asks nothing, and needs no options ` +
    "(~/.ssh/config, known hosts, keys)",
  AXV_DEPLOY_THERE: (target: string, why: string) =>
    `${target} cannot be used: ${why}. Name the whole disk, and a user who may write to it`,
  AXV_DEPLOY_LOST: (target: string, slot: string, why: string) =>
    `the connection to ${target} was lost while slot ${slot} was written: ${why}. What started before starts again; deploy ` +
    "once more, and what is there already is not sent again",
  AXV_DEPLOY_MEANWHILE: (target: string) =>
    `the slot state of ${target} was changed while its slot was written: somebody else is at work on it, or it was started ` +
    "anew. Look at its slots, and deploy once more",
  AXV_DEPLOY_UNCONFIRMED: (target: string) =>
    `nothing is written to ${target}: write its name as the answer, or --yes where nobody is asked`,
  AXV_DEPLOY_NO_DISK: (target: string) =>
    `${target} is no disk: it has neither a GPT nor an MBR. Give a disk image, as axv-part build --disk leaves it`,
  AXV_DEPLOY_NO_SLOTS: (target: string, missing: string) =>
    `the table of ${target} has no partition "${missing}": write it anew, with axv-part build --disk`,
  AXV_DEPLOY_NO_STATE: (target: string) =>
    `neither copy of the slot state of ${target} can be read, so that nobody knows which slot may be written: write the disk ` +
    "anew, with axv-part build --disk",
  AXV_DEPLOY_NOTHING_STAYS: (target: string, why: string) =>
    `no slot of ${target} holds a good system to return to (${why}), so none is written: write the disk anew, with axv-part ` +
    "build --fit --disk",
  AXV_DEPLOY_SIZE: (bytes: string, slot: string, room: string) =>
    `the FIT has ${bytes} bytes, and slot ${slot} has ${room}: make its guests' images smaller, or the disk anew with larger ` +
    "slots",
  AXV_DEPLOY_BOARD: (theirs: string, ours: string) =>
    `the FIT is for the board ${theirs}, and the disk is of the board ${ours}: build it for that one`,
  AXV_DEPLOY_FAILED: (target: string, slot: string, why: string) =>
    `writing slot ${slot} of ${target} failed: ${why}. What started before starts again; correct that, and deploy once more`,
  AXV_DEPLOY_READ_BACK: (target: string, slot: string) =>
    `slot ${slot} of ${target} does not read back as it was written: what started before starts again. The disk may be worn ` +
    "out: deploy once more, or take another one",
  AXV_DEPLOY_IMAGE: (file: string, why: string) =>
    `${file} is no signed image of a partition: ${why}. Give the file that axv-part update sign has written`,
  AXV_DEPLOY_NOT_ALONE: (what: string) =>
    `the FIT is another system than the one that stays, and not only by the image of one partition: ${what}. Build it of the ` +
    "same system.yaml, with that image and the `version:` of its `update:` changed alone; or deploy it without --update",
  AXV_DEPLOY_OTHER_IMAGE: (file: string, why: string) =>
    `${file} is not what the FIT has for its partition: ${why}. Sign and build both of the same image, with the same version`,
  AXV_DEPLOY_NOT_STARTED: (target: string, slot: string) =>
    `the board of ${target} has started from slot ${slot}, which does not stay: commit or roll back what is on trial first`,
  AXV_SLOTS_UNHEARD: (target: string, slot: string) =>
    `slot ${slot} of ${target} is held until its partition runs with the new image, which the hypervisor alone knows: name its ` +
    "UART by --link",
  AXV_SLOTS_NOT_RUNNING: (slot: string, partition: string, wanted: string, why: string) =>
    `slot ${slot} stays held: ${partition} has to run version ${wanted}, and ${why}. Bring it that image (update-sender), and ` +
    "restart it",
  AXV_SLOTS_LINK: () => "--link goes with --commit alone: nothing else is asked or told of the hypervisor there",
  AXV_SLOTS_NO_TRIAL: (target: string) => `no slot of ${target} is on trial: there is nothing to commit`,
  AXV_SLOTS_NOT_STARTED: (target: string, slot: string) =>
    `slot ${slot} of ${target} has not been started yet, so that nobody knows whether it is good: start it first`,
  AXV_SLOTS_NO_RETURN: (target: string, slot: string, why: string) =>
    `${target} cannot return to slot ${slot}: ${why}. Deploy a system that is good`,
} as const;

export type DeployErrorCode = keyof typeof MESSAGES;

export class DeployError<C extends DeployErrorCode = DeployErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("DeployError", MESSAGES, code, parameters);
  }
}
