// ssh://user@host:port/dev/sdX: who is asked, and for which disk. Nothing of it is more than one word to any shell.
import { DeployError } from "../errors.ts";

export interface SshAddress {
  /** As it was written. */
  readonly name: string;
  /** For ssh(1): "ssh://user@host:port". */
  readonly host: string;
  /** Of the disk, there. */
  readonly path: string;
}

const SCHEME = "ssh://";
/** A user may have one, a host may be an IPv6 address in brackets; neither begins as an option does. */
const ADDRESS = /^(ssh:\/\/(?:\w[\w.-]*@)?(?:\w[\w.-]*|\[[\da-fA-F:.]+(?:%\w+)?\])(?::\d{1,5})?)((?:\/[\w.,:+@%=-]+)+)$/;

export const isSshAddress = (target: string): boolean => target.startsWith(SCHEME);

/** Throws a DeployError. */
export function sshAddress(name: string): SshAddress {
  const [, host, path] = ADDRESS.exec(name) ?? [];
  if (host === undefined || path === undefined) throw new DeployError("AXV_DEPLOY_ADDRESS", name);
  return { name, host, path };
}
