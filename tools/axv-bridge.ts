// axv-bridge: the bridge where the system runs, as one file of JavaScript (tools/bridge/pack.ts). It plans nothing.
import { Command } from "commander";
import { BridgeError } from "../industrial/bridge/errors.ts";
import { isPacked, readPacked } from "../industrial/bridge/system.ts";
import { projectVersion } from "../partitions/project.ts";
import { addBridgeCommands } from "./bridge/commands.ts";
import { fail, USAGE_OUTPUT } from "./failure.ts";

const program = new Command("axv-bridge")
  .description("Shows a running plant by OPC UA, Modbus and Sparkplug, and to Prometheus.")
  .version(projectVersion(), "-V, --version", "print the version")
  .configureOutput(USAGE_OUTPUT)
  .exitOverride();
addBridgeCommands(program, (path) => {
  if (!isPacked(path)) throw new BridgeError("AXV_BRIDGE_PLAN_ELSEWHERE", path);
  return readPacked(path);
});

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}
