// Why a disk is not backed up or restored, each with a stable code and what to do.
import { CodedError } from "../../../industrial/link/coded-error.ts";
import { oneLine } from "../../../partitions/source/text.ts";

const UNTOUCHED = "Nothing has been written";

export const MESSAGES = {
  AXV_BACKUP_UNREADABLE: (file: string, reason: string) => `${file} cannot be read: ${reason}. Give the path of a file`,
  AXV_BACKUP_PRIVATE: (file: string) =>
    `${file} holds a private key, which no backup has: keep that where only its owner reads it, and leave it out`,
  AXV_BACKUP_FILE: (file: string, what: string) => `${file} cannot be in a backup: ${what}. Leave it out`,
  AXV_BACKUP_NOTHING: (target: string, why: string) =>
    `no slot of ${target} holds a good system (${why}), so there is nothing to return to: commit one, or deploy one first`,
  AXV_BACKUP_CHANGED: (target: string, slot: string) =>
    `slot ${slot} of ${target} has changed while it was read: take the backup again, when nobody deploys`,
  AXV_BACKUP_MALFORMED: (file: string, what: string) =>
    `${file} is no sound backup: ${what}. ${UNTOUCHED}: take another one`,
  AXV_BACKUP_BOARD: (file: string, theirs: string, target: string, ours: string) =>
    `${file} is of the board ${theirs}, and ${target} is of the board ${ours}. ${UNTOUCHED}: take a backup of that one`,
  AXV_BACKUP_SIZE: (file: string, slot: string, bytes: string, target: string, room: string) =>
    `slot ${slot} has ${bytes} bytes in ${file}, and only ${room} on ${target}. ${UNTOUCHED}: take a disk with larger slots`,
  AXV_BACKUP_FAILED: (disk: string, why: string) =>
    `writing to ${disk} failed: ${why}. What starts there is whole; correct that, and restore once more`,
  AXV_BACKUP_READ_BACK: (target: string, slot: string) =>
    `slot ${slot} of ${target} does not read back as it was written; the other one still starts. The disk may be worn out: ` +
    "restore once more, or take another one",
} as const;

export type BackupErrorCode = keyof typeof MESSAGES;

export class BackupError<C extends BackupErrorCode = BackupErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("BackupError", MESSAGES, code, parameters.map(oneLine) as Parameters<(typeof MESSAGES)[C]>);
  }
}
