// Device tree source → blob, by dtc; and back, for tests and for people.
import { spawnSync } from "node:child_process";

/** dtc is missing, or does not take what it was given. */
export class DeviceTreeError extends Error {
  readonly code: "AXV-P080" | "AXV-P081";

  constructor(code: DeviceTreeError["code"], message: string) {
    super(message);
    this.name = "DeviceTreeError";
    this.code = code;
  }
}

/** A device tree of a thousand nodes has less. */
const OUTPUT_MAX = 16 * 1024 * 1024;

function dtc(from: "dts" | "dtb", to: "dts" | "dtb", input: Uint8Array | string): Buffer {
  const done = spawnSync("dtc", ["-I", from, "-O", to, "-o", "-", "-"], { input, maxBuffer: OUTPUT_MAX });
  if (done.error !== undefined) {
    throw new DeviceTreeError(
      "AXV-P080",
      "the device tree compiler `dtc` does not start: run tools/setup.sh, or install the package device-tree-compiler",
    );
  }
  if (done.status !== 0) {
    throw new DeviceTreeError("AXV-P081", `dtc refuses a generated device tree: ${done.stderr.toString().trim()}`);
  }
  return done.stdout;
}

export const compileTree = (dts: string): Uint8Array => dtc("dts", "dtb", dts);
export const decompileTree = (dtb: Uint8Array): string => dtc("dtb", "dts", dtb).toString();
