// One axv-part at a time writes into a folder. The lock is a socket of Linux's abstract namespace, named for the folder:
// binding it is atomic, and the kernel takes it away with the process that holds it, however that ends: no file stays
// behind that somebody would have to judge. (unix(7), "Abstract sockets".)
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { OutputError, reasonOf } from "./errors.ts";

const POLL_MS = 100;
const PATIENCE_MINUTES = 10;
const MINUTE_MS = 60_000;

/** Calls `work` while nobody else works on that folder, which is there. Says once that it waits; `work` is told if it had to. */
export async function withLock<T>(
  folder: string,
  say: (line: string) => void,
  work: (hasWaited: boolean) => Promise<T>,
  patienceMs = PATIENCE_MINUTES * MINUTE_MS,
): Promise<T> {
  const name = `\0axv-part/${createHash("sha256").update(realpathSync(folder)).digest("hex")}`;
  const end = Date.now() + patienceMs;
  let server = await bind(name, folder);
  const hasWaited = server === undefined;
  if (hasWaited) say(`another axv-part writes into ${folder}: waiting for it …`);
  while (server === undefined) {
    if (Date.now() > end) throw new OutputError("AXV_OUTPUT_LOCKED", folder, String(patienceMs / MINUTE_MS));
    await sleep(POLL_MS);
    server = await bind(name, folder);
  }
  try {
    return await work(hasWaited);
  } finally {
    server.close();
  }
}

/** undefined: somebody has it. */
function bind(name: string, folder: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(new OutputError("AXV_OUTPUT_FOLDER", folder, reasonOf(error)));
    });
    server.listen({ path: name, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}
