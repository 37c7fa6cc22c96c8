// Wireshark's dissectors (tshark(1)) on a recorded connection.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const TIMEOUT_MS = 60_000;

async function frames(file: string, filter: string, fields: readonly string[]): Promise<string[][]> {
  const shown = ["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,", ...fields.flatMap((field) => ["-e", field])];
  const { stdout } = await promisify(execFile)("tshark", ["-n", "-r", file, "-Y", filter, ...shown], { timeout: TIMEOUT_MS });
  return stdout.split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
}

/** Of each message of a protocol the field's value, in the order in which they came; of a frame with several messages each. */
export async function dissected(file: string, protocol: string, field: string): Promise<string[]> {
  return (await frames(file, protocol, [field])).flatMap(([values = ""]) => values.split(",").filter((value) => value !== ""));
}

/** Numbers of the frames that a dissector calls malformed, or an error. */
export async function malformed(file: string): Promise<string[]> {
  return (await frames(file, "_ws.malformed || _ws.expert.severity == error", ["frame.number"])).map(([number = ""]) => number);
}
