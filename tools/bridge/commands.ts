// What the bridge is told on a command line: as `axv-part bridge` where systems are planned, and as
// `axv-bridge` where one runs (tools/axv-bridge.ts).
import { isDeepStrictEqual } from "node:util";
import { Command } from "commander";
import { BridgeError } from "../../industrial/bridge/errors.ts";
import { countDiagnostics } from "../plan/diagnostics.ts";
import { showDiagnostics } from "../plan/show.ts";
import { layOut } from "../run/columns.ts";
import type { Column } from "../run/columns.ts";
import type { Bridge as RunningBridge } from "../../industrial/bridge/bridge.ts";
import type { BridgeSystem } from "../../industrial/bridge/system.ts";
import type { Certificate } from "../../industrial/bridge/pki.ts";
import type { BridgeSettings } from "../../industrial/bridge/schema.ts";
import type { BridgeRead } from "../../industrial/bridge/settings.ts";
import type { SessionOptions } from "./sessions.ts";

/** The system that a bridge.yaml names; shows what is wrong with it, and throws if that is too much. */
export type SystemOf = (path: string) => BridgeSystem;

/** `systemOf`: reads a system, of the kinds that there are here. */
export function addBridgeCommands(bridge: Command, systemOf: SystemOf): void {
  bridge
    .command("run", { isDefault: true })
    .description("serve, until it is stopped by SIGTERM or Ctrl-C; SIGHUP reads the file again")
    .argument("<bridge.yaml>", "what is served, and to whom")
    .exitOverride()
    .action((file: string) => run(file, systemOf));
  bridge
    .command("check")
    .description("check the file and the system that it names")
    .argument("<bridge.yaml>", "the file")
    .exitOverride()
    .action(async (file: string) => {
      await settingsOf(file, systemOf);
      console.log(`${file}: ok`);
    });
  const certificates = (name: string, description: string): Command =>
    bridge.command(name).description(description).argument("<bridge.yaml>", "the file").exitOverride();
  certificates("certs", "show the OPC UA server's certificate, the clients that are trusted, and those that were refused")
    .option("--json", "print them as JSON")
    .action(showCertificates);
  certificates("trust", "let a client in that was refused")
    .argument("<thumbprint>", "of its certificate, as certs shows it; the first digits are enough")
    .action(async (file: string, thumbprint: string) => {
      const { trust } = await import("../../industrial/bridge/pki.ts");
      console.log(`${trust(await pkiOf(file), thumbprint).subject}: trusted from now on`);
    });
  certificates(
    "renew",
    "make a new certificate for the OPC UA server: at once where it runs, sessions go on; else when it starts the next time",
  ).action(renewCertificate);
  certificates("sessions", "show the OPC UA sessions of a bridge that runs, or end one")
    .option("--close <id>", "end this one; the first digits of its id are enough")
    .option("--json", "print them as JSON")
    .action(async (file: string, options: SessionOptions) => {
      const { sessions } = await import("./sessions.ts");
      await sessions(file, options);
    });
  bridge
    .command("password")
    .description("read a password, and print its hash for bridge.yaml")
    .exitOverride()
    .action(password);
  bridge
    .command("log")
    .description("check that the audit log is as it was written")
    .argument("<action>", "verify")
    .argument("<folder>", "the log's folder")
    .option("--json", "print what was found as JSON")
    .exitOverride()
    .action(verifyLog);
}

/** It need not be asked by its name: whoever runs answers. */
async function renewCertificate(file: string): Promise<void> {
  const { askBridge } = await import("../../industrial/bridge/control.ts");
  const pki = await pkiOf(file);
  if ((await askBridge(file, { command: "renew" })) !== undefined) {
    console.log("the bridge has made a new one, and shows it to whoever connects from now on; sessions go on");
    return;
  }
  const { renew } = await import("../../industrial/bridge/pki.ts");
  const aside = renew(pki);
  console.log(
    aside === undefined
      ? "there is none yet: the first start makes one"
      : `the old one is ${aside}; no bridge runs with ${file}, and the next start makes a new one`,
  );
}

const CERTIFICATE_COLUMNS: readonly Column<Certificate>[] = [
  { title: "", align: "left", cell: ({ standing }) => standing },
  { title: "thumbprint", align: "left", cell: ({ thumbprint }) => thumbprint.slice(0, 12) },
  { title: "until", align: "left", cell: ({ validTo }) => validTo.toISOString().slice(0, 10) },
  { title: "application", align: "left", cell: ({ applicationUri }) => applicationUri ?? "none" },
  { title: "subject", align: "left", cell: ({ subject }) => subject },
];

interface Ready {
  readonly system: BridgeSystem;
  readonly settings: BridgeSettings;
}

/** The file by itself; shows what is wrong, and throws if it is too much. */
async function readSound(file: string): Promise<BridgeRead & { readonly settings: BridgeSettings }> {
  const { readBridge } = await import("../../industrial/bridge/settings.ts");
  const read = readBridge(file);
  showDiagnostics(read);
  const { settings } = read;
  if (settings === undefined) throw new BridgeError("AXV_BRIDGE_FILE", file, countDiagnostics(read.diagnostics));
  return { ...read, settings };
}

/** With the system that it names. */
export async function settingsOf(file: string, systemOf: SystemOf): Promise<Ready> {
  const read = await readSound(file);
  const { settings, source } = read;
  const system = systemOf(settings.system);
  const { checkAgainst } = await import("../../industrial/bridge/settings.ts");
  const diagnostics = checkAgainst(read, system);
  showDiagnostics({ diagnostics, source });
  if (diagnostics.some(({ severity }) => severity === "error"))
    throw new BridgeError("AXV_BRIDGE_FILE", file, countDiagnostics(diagnostics));
  return { system, settings };
}

async function run(file: string, systemOf: SystemOf): Promise<void> {
  const ready = await settingsOf(file, systemOf);
  const [{ Bridge, isServersOnly }, { logger }] = await Promise.all([
    import("../../industrial/bridge/bridge.ts"),
    import("../../industrial/bridge/log.ts"),
  ]);
  const log = await logger(ready.settings.log);
  const { Control } = await import("../../industrial/bridge/control.ts");
  const control = await Control.listen(file, () => bridge?.opcua, (entry) => bridge?.record(entry)).catch((error: unknown) => {
    if (!(error instanceof BridgeError) || error.code === "AXV_BRIDGE_RUNS") throw error;
    log.warn(error.message); // a folder that cannot be written: all else goes on
    return undefined;
  });
  let bridge: RunningBridge;
  try {
    bridge = await Bridge.start(ready.system, ready.settings, log, undefined, true);
  } catch (error) {
    await control?.close();
    throw error;
  }
  let current = ready;
  const restart = async (next: Ready): Promise<void> => {
    await bridge.close();
    bridge = await Bridge.start(next.system, next.settings, log, undefined, true);
  };
  const reload = async (): Promise<void> => {
    try {
      const next = await settingsOf(file, systemOf);
      const isSame =
        isDeepStrictEqual(next.system.plan, current.system.plan) && isDeepStrictEqual(next.system.tags, current.system.tags);
      try {
        if (isSame && isServersOnly(current.settings, next.settings)) await bridge.serveInstead(next.settings);
        else await restart(next);
      } catch (error) {
        log.error(
          "the new file cannot be served, the old one is again: %s",
          error instanceof Error ? error.message : String(error),
        );
        await restart(current);
        return;
      }
      log.level = next.settings.log;
      current = next;
      log.info("the file was read again");
    } catch (error) {
      log.error("the file was read again, and is not used: %s", error instanceof Error ? error.message : String(error));
    }
  };
  let busy: Promise<void> = Promise.resolve();
  process.on("SIGHUP", () => (busy = busy.then(reload)));
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await busy;
  await control?.close();
  await bridge.close();
  log.info("stopped");
}

/** Looks at no system: certificates are there without one. */
async function pkiOf(file: string): Promise<string> {
  const { settings } = await readSound(file);
  if (settings.opcua === undefined) throw new BridgeError("AXV_BRIDGE_NO_OPCUA", file);
  return settings.opcua.pki;
}

async function showCertificates(file: string, { json }: { readonly json?: true }): Promise<void> {
  const { certificatesIn } = await import("../../industrial/bridge/pki.ts");
  const all = certificatesIn(await pkiOf(file));
  if (json === true) console.log(JSON.stringify(all, null, 2));
  else if (all.length === 0) console.log("there are none yet: the first start of the bridge makes its own");
  else console.log(layOut(CERTIFICATE_COLUMNS, all).join("\n"));
}

/** Asked for twice at a terminal, where it is not shown; else one line of standard input. */
async function password(): Promise<void> {
  const { hashPassword } = await import("../../industrial/opcua/users.ts");
  const { readPassword } = await import("../../industrial/bridge/password.ts");
  console.log(await hashPassword(await readPassword(process.stdin, process.stderr)));
}

async function verifyLog(action: string, folder: string, { json }: { readonly json?: true }): Promise<void> {
  if (action !== "verify") throw new BridgeError("AXV_BRIDGE_LOG", action);
  const { verify } = await import("../../industrial/bridge/audit.ts");
  const { entries, first, head, cut } = verify(folder);
  if (json === true) console.log(JSON.stringify({ entries, first, last: head.number, hash: head.hash, cut }, null, 2));
  else {
    console.log(
      `${folder}: ${entries} entries, ${first} to ${head.number}, are as they were written; the last one's hash is ${head.hash}`,
    );
    if (cut > 0)
      console.log(
        `${cut === 1 ? "one line was" : `${cut} lines were`} cut off by a crash or a full disk, and never counted as written`,
      );
  }
}
