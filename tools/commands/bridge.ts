// axv-part bridge: shows a running plant to the world outside, as bridge.yaml says.
import type { Command } from "commander";
import { isPacked, readPacked } from "../../industrial/bridge/system.ts";
import type { BridgeSystem } from "../../industrial/bridge/system.ts";
import { addBridgeCommands } from "../bridge/commands.ts";
import type { InitOptions } from "../bridge/init/init.ts";
import { planFile } from "../plan/file.ts";
import { systemMap } from "../plan/map.ts";
import { soundSystem } from "../plan/show.ts";

/** Where this runs, the guests' images need not be. */
function systemOf(path: string): BridgeSystem {
  if (isPacked(path)) return readPacked(path);
  const system = soundSystem(planFile(path, "none"));
  return { ...system, map: systemMap(system.plan) };
}

export function register(program: Command): void {
  const bridge = program.command("bridge").description("show a running plant by OPC UA, Modbus and Sparkplug, and to Prometheus");
  addBridgeCommands(bridge, systemOf);
  const again = (text: string, all: readonly string[] = []): string[] => [...all, text];
  bridge
    .command("init")
    .description("make a first bridge.yaml, with users, a certificate and the audit folder, by questions or from these options")
    .argument("<system.yaml>", "the system that it is to show")
    .option("-o, --output <bridge.yaml>", "the file to write: beside system.yaml; one that is there stays as it is")
    .option("--serve <name[=address]>", "modbus, opcua, sparkplug, metrics or web, and where; again for the next one", again)
    .option("--link <address>", "the hypervisor's UART: a serial device, or tcp:HOST:PORT")
    .option("--values <partition=device>", "the device of the channel that carries its tags; again for the next one", again)
    .option(
      "--user <name=role>",
      "who may come in; again for the next one. Passwords are asked for, or lines of standard input",
      again,
    )
    .option("--yes", "ask nothing but passwords: modbus, opcua and metrics, at their usual ports")
    .exitOverride()
    .action(async (file: string, options: InitOptions) => {
      const { initBridge } = await import("../bridge/init/init.ts");
      await initBridge(file, options, systemOf);
    });
  bridge
    .command("pack")
    .description("make an archive of the bridge for Linux on the PLC: it needs Node there, and nothing else")
    .option("--with-node", "put Node into the archive, too")
    .argument("<bridge.yaml>", "what it is to serve")
    .requiredOption("-o, --output <file>", "the archive: bridge.tar.gz")
    .exitOverride()
    .action(async (file: string, { output, withNode = false }: { readonly output: string; readonly withNode?: boolean }) => {
      const { packBridge } = await import("../bridge/pack.ts"); // and esbuild with it, which no other command needs
      await packBridge(file, output, systemOf, withNode);
    });
}
