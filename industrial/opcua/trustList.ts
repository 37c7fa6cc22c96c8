// Who is trusted: what the folders say at each knock, not what the library remembers of them.
//
// The library follows its folders by watchers and goes by what those have told it. A certificate that moves from "rejected" to
// "trusted" before a watcher has seen it in "rejected" stays a rejected one to it, until the next start
// (findings/node-opcua-trusted-too-soon.sh).
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import type { Log } from "./target.ts";

const REJECTED = "rejected";
const FOLDERS = [REJECTED, "trusted/certs", "trusted/crl", "issuers/certs", "issuers/crl"];
/** Anybody can send certificates: these are the last of those that nobody has trusted. */
const REJECTED_MAX = 50;

interface Dated {
  readonly path: string;
  readonly time: number;
}

async function filesIn(folder: string): Promise<Dated[]> {
  const names = await readdir(folder).catch(() => []);
  const dated = names.map((name) => join(folder, name)).map(async (path) => {
    const found = await stat(path).catch(() => undefined); // it may have gone meanwhile
    return found === undefined ? [] : [{ path, time: found.mtimeMs }];
  });
  return (await Promise.all(dated)).flat();
}

type Verify = OPCUACertificateManager["verifyCertificate"];

export class TrustList extends OPCUACertificateManager {
  readonly #folder: string;
  readonly #log: Log;
  #read = "";
  /** One knock after the other: while the folders are read again nobody is in the library's memory. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string, log: Log) {
    super({ rootFolder: folder, automaticallyAcceptUnknownCertificate: false, disableFileWatchers: true });
    this.#folder = folder;
    this.#log = log;
  }

  override verifyCertificate(...about: Parameters<Verify>): ReturnType<Verify> {
    const verdict = this.#last.then(async () => {
      const files = await Promise.all(FOLDERS.map((name) => filesIn(join(this.#folder, name))));
      const now = JSON.stringify(files);
      if (now !== this.#read) await this.reloadCertificates();
      this.#read = now;
      return super.verifyCertificate(...about);
    });
    this.#last = verdict.catch(() => undefined);
    return verdict;
  }

  override async rejectCertificate(...about: Parameters<OPCUACertificateManager["rejectCertificate"]>): Promise<void> {
    try {
      await super.rejectCertificate(...about);
      const files = (await filesIn(join(this.#folder, REJECTED))).sort((a, b) => a.time - b.time);
      for (const { path } of files.slice(0, Math.max(0, files.length - REJECTED_MAX))) await rm(path, { force: true });
    } catch (error) {
      // A full disk, say. It is refused all the same.
      this.#log.warn(
        "OPC UA: the certificate of a client that nobody has trusted cannot be kept for bridge trust: " +
          `${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
