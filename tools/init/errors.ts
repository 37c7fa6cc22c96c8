// Why no first system.yaml is written, each with a stable code and one message that says what to do.
import { CodedError } from "../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_INIT_EXISTS: (file: string) => `${file} is there already, and stays as it is: name another file`,
  AXV_INIT_PARTITION: (text: string) =>
    `"${text}" describes no partition: write --partition NAME=GUEST, or NAME=GUEST:IMAGE where the guest brings no image ` +
    "of its own",
  AXV_INIT_NAME: (name: string, rule: string) => `"${name}" cannot be the name of a partition: write ${rule}`,
  AXV_INIT_TWICE: (name: string) => `two partitions cannot both be called "${name}"`,
  AXV_INIT_GUEST: (name: string, known: string) => `there is no guest profile "${name}": write one of ${known}`,
  AXV_INIT_BOARD: (name: string, known: string) => `there is no board "${name}", or it has a mistake: write one of ${known}`,
  AXV_INIT_IMAGE: (name: string, guest: string) =>
    `the guest "${guest}" brings no image: write --partition ${name}=${guest}:IMAGE`,
  AXV_INIT_FULL: (count: string, cpus: string) =>
    `${count} partitions do not fit on ${cpus} pCPUs, of which each takes one: leave some out`,
  AXV_INIT_ENDED: () => "the answers have ended before the questions: nothing is written",
  AXV_INIT_UNSOUND: (file: string) => `what these answers make has mistakes, as shown: ${file} is not written`,
} as const;

export type InitErrorCode = keyof typeof MESSAGES;

export class InitError<C extends InitErrorCode = InitErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("InitError", MESSAGES, code, parameters);
  }
}
