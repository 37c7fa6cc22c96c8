// Keys are written over by nothing but axv-part keys: who has lost one signs nothing more for the boards that trust it.
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { withFile } from "../../partitions/source/file.ts";
import { KIB } from "../../partitions/units.ts";
import { LIST_FILE } from "../firmware/keys/list.ts";

/** RFC 7468; also of a key that a passphrase keeps. */
export const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
/** OpenSSL may write the parameters of a curve before the key. */
const BEGINNING = 4 * KIB;
const PEM = ".pem";

/** A private key, wherever it is; or what axv-part keys has in its folder. */
export function holdsKeys(path: string): boolean {
  if (!existsSync(path)) return false;
  const name = basename(path);
  const isListed = (name === LIST_FILE || name.endsWith(PEM)) && existsSync(join(dirname(path), LIST_FILE));
  return isListed || withFile(path, (file) => PRIVATE_KEY.test(Buffer.from(file.first(BEGINNING)).toString("latin1"))) === true;
}
