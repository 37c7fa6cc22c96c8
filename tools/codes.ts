// Everything that axv-part can refuse or warn of, by its code: one table, made of those in which the errors themselves are.
import { MESSAGES as BRIDGE } from "../industrial/bridge/errors.ts";
import { MESSAGES as LINK } from "../industrial/link/errors.ts";
import { MESSAGES as MODBUS } from "../industrial/modbus/errors.ts";
import { MESSAGES as OPCUA } from "../industrial/opcua/errors.ts";
import { MESSAGES as WEB } from "../industrial/web/errors.ts";
import { BLOB_ERRORS } from "../partitions/blob/errors.ts";
import { FDT_ERRORS } from "../partitions/devicetree/errors.ts";
import { CODES } from "../partitions/diagnostics/codes.table.ts";
import { MESSAGES as BOARD } from "./board/errors.ts";
import { BUILD_ERRORS } from "./build/errors.ts";
import { MESSAGES as BACKUP } from "./firmware/backup/errors.ts";
import { MESSAGES as DEPLOY } from "./firmware/deploy/errors.ts";
import { MESSAGES as DISK } from "./firmware/disk/errors.ts";
import { MESSAGES as FIT } from "./firmware/fit/errors.ts";
import { MESSAGES as KEYS } from "./firmware/keys/errors.ts";
import { MESSAGES as MANIFEST } from "./firmware/manifest/errors.ts";
import { MESSAGES as GUEST } from "./guest/errors.ts";
import { MESSAGES as INSPECT } from "./firmware/inspect/errors.ts";
import { MESSAGES as INIT } from "./init/errors.ts";
import { LINUX_ERRORS } from "./linux/errors.ts";
import { MESSAGES as OUTPUT } from "./output/errors.ts";
import { MESSAGES as PROVE } from "./prove/errors.ts";
import { MESSAGES as RUN } from "./run/errors.ts";
import { MESSAGES as TAGS } from "./tags/errors.ts";
import { MESSAGES as UPDATE } from "./firmware/update/errors.ts";
import { VERIFY_ERRORS } from "./verify/errors.ts";

export interface Code {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly meaning: string;
}

/** Those that stand alone, in the classes of their errors. */
const OTHERS: Readonly<Record<string, string>> = {
  "AXV-P080": "the device tree compiler dtc is not installed",
  "AXV-P081": "dtc refuses a device tree: a mistake of axv-part",
  "AXV-P100": "system.yaml has mistakes, which have been shown",
  "AXV-P101": "nothing builds the image of a partition",
  "AXV-P102": "an image has changed while it was packed",
  "AXV-P103": "the file that a command is about cannot be read",
  "AXV-P104": "what `plan --why` asks for is no node of the board's device tree, or there is none",
  AXV_FOLDER_GONE: "the folder that axv-part was started in has been deleted",
  AXV_USAGE: "the command line is wrong: --help shows how it is meant",
  AXV_UNEXPECTED: "a mistake of axv-part itself",
  "core-unproven": "the core does not pass verify",
};

const INSERTED = "…";
/** A message with its variable parts left open. */
const sentence = (message: string | ((...parts: string[]) => string)): string =>
  (typeof message === "string" ? message : message(...new Array<string>(message.length).fill(INSERTED))).replace(/\s+/g, " ");

const errors = (table: Readonly<Record<string, string | ((...parts: string[]) => string)>>): Code[] =>
  Object.entries(table).map(([code, message]) => ({ code, severity: "error", meaning: sentence(message) }));

/** Of a plan first, then by their names. */
export function allCodes(): Code[] {
  const planned = Object.entries(CODES).map(([code, { severity, meaning }]) => ({ code, severity, meaning }));
  const tables = [
    BLOB_ERRORS,
    FDT_ERRORS,
    OTHERS,
    BOARD,
    BRIDGE,
    BACKUP,
    DEPLOY,
    DISK,
    FIT,
    GUEST,
    INIT,
    INSPECT,
    KEYS,
    LINK,
    MANIFEST,
    MODBUS,
    OPCUA,
    OUTPUT,
    PROVE,
    RUN,
    TAGS, UPDATE,
    WEB,
    BUILD_ERRORS,
    VERIFY_ERRORS,
    LINUX_ERRORS,
  ];
  const unique = new Map([...planned, ...tables.flatMap(errors)].map((row) => [row.code, row]));
  return [...unique.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}
