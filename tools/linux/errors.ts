// What fetching and packing Linux can refuse, in one table: a stable code and the sentence that says what to do about it.

export const LINUX_ERRORS = {
  "not-debian": "the kernel comes from Debian's packages; run this on Debian 12 or 13",
  "no-sources": "add a Debian archive with component main to /etc/apt, as on a freshly installed Debian",
  "tool-missing": "run sh tools/setup.sh, which installs what is missing",
  "tool-failed": "the command's own words say why",
  "no-network": "connect this machine to its Debian archive once; later runs need no network",
  "no-package": "the archive has no such package; see that /etc/apt names a full Debian archive",
  "no-tree": "Debian's kernel package has none of this name: give the maker's own, as board.yaml's `tree:` says",
  "kernel-format": "only an Image, as Debian 12 and 13 have it, can be booted",
  "no-module": "this kernel is not laid out like those of Debian 12 and 13",
  "cache-damaged": "delete this folder and run the same command again",
} as const;

export type LinuxErrorCode = keyof typeof LINUX_ERRORS;

export class LinuxError extends Error {
  override readonly name = "LinuxError";
  readonly code: LinuxErrorCode;

  /** `what` happened, with the file, package or command it is about. */
  constructor(code: LinuxErrorCode, what: string) {
    super(`${what}: ${LINUX_ERRORS[code]} [${code}]`);
    this.code = code;
  }
}
