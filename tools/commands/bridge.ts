// axv-part bridge: shows a running plant to the world outside, as bridge.yaml says.
import type { Command } from "commander";
import { isPacked, readPacked } from "../../industrial/bridge/system.ts";
import type { BridgeSystem } from "../../industrial/bridge/system.ts";
import { addBridgeCommands } from "../bridge/commands.ts";
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
