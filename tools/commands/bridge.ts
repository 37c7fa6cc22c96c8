// axv-part bridge: shows a running plant to the world outside, as bridge.yaml says.
import { Command } from "commander";
import { BridgeError } from "../../industrial/bridge/errors.ts";
import { formatDiagnostic, countDiagnostics } from "../plan/diagnostics.ts";
import { planFile } from "../plan/file.ts";
import { showDiagnostics, SystemMistakesError } from "../plan/show.ts";
import { paintFor } from "../run/paint.ts";
import type { PlannedSystem } from "../../partitions/index.ts";
import type { BridgeSettings } from "../../industrial/bridge/schema.ts";

export function register(program: Command): void {
  const bridge = program.command("bridge").description("show a running plant by Modbus and to Prometheus");
  bridge
    .command("run", { isDefault: true })
    .description("serve, until it is stopped by SIGTERM or Ctrl-C; SIGHUP reads the file again")
    .argument("<bridge.yaml>", "what is served, and to whom")
    .exitOverride()
    .action(run);
  bridge
    .command("check")
    .description("check the file and the system that it names")
    .argument("<bridge.yaml>", "the file")
    .exitOverride()
    .action(async (file: string) => {
      await settingsOf(file);
      console.log(`${file}: ok`);
    });
  bridge
    .command("log")
    .description("check that the audit log is as it was written")
    .argument("<action>", "verify")
    .argument("<folder>", "the log's folder")
    .option("--json", "print what was found as JSON")
    .exitOverride()
    .action(verifyLog);
}

interface Ready {
  readonly system: PlannedSystem;
  readonly settings: BridgeSettings;
}

/** Shows what is wrong, and throws if it is too much. */
async function settingsOf(file: string): Promise<Ready> {
  const { checkAgainst, readBridge } = await import("../../industrial/bridge/settings.ts");
  const read = readBridge(file);
  const paint = paintFor(process.stderr);
  const show = (diagnostics: typeof read.diagnostics): void => {
    for (const each of diagnostics) console.error(`${formatDiagnostic(each, read.source.file, read.source.text, paint)}\n`);
  };
  show(read.diagnostics);
  const { settings } = read;
  if (settings === undefined) throw new BridgeError("AXV_BRIDGE_FILE", file, countDiagnostics(read.diagnostics));
  const outcome = planFile(settings.system);
  showDiagnostics(outcome);
  const { system } = outcome;
  if (system === undefined) throw new SystemMistakesError(outcome.source.file, outcome.diagnostics);
  const further = checkAgainst(read, system);
  show(further);
  if (further.some(({ severity }) => severity === "error")) throw new BridgeError("AXV_BRIDGE_FILE", file, countDiagnostics(further));
  return { system, settings };
}

async function run(file: string): Promise<void> {
  const ready = await settingsOf(file);
  const [{ Bridge }, { logger }] = await Promise.all([import("../../industrial/bridge/bridge.ts"), import("../../industrial/bridge/log.ts")]);
  const log = await logger(ready.settings.log);
  let bridge = await Bridge.start(ready.system, ready.settings, log);
  let current = ready;
  const reload = async (): Promise<void> => {
    try {
      const next = await settingsOf(file);
      await bridge.close();
      log.level = next.settings.log;
      bridge = await Bridge.start(next.system, next.settings, log).catch(async (error: unknown) => {
        log.error("the new file cannot be served, the old one is again: %s", error instanceof Error ? error.message : String(error));
        return Bridge.start(current.system, current.settings, log);
      });
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
  await bridge.close();
  log.info("stopped");
}

async function verifyLog(action: string, folder: string, { json }: { readonly json?: true }): Promise<void> {
  if (action !== "verify") throw new BridgeError("AXV_BRIDGE_LOG", action);
  const { verify } = await import("../../industrial/bridge/audit.ts");
  const { entries, first, head } = verify(folder);
  if (json === true) console.log(JSON.stringify({ entries, first, last: head.number, hash: head.hash }, null, 2));
  else console.log(`${folder}: ${entries} entries, ${first} to ${head.number}, are as they were written; the last one's hash is ${head.hash}`);
}
