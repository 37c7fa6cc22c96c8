// Which QEMU the tests run: what its versions differ in.
import { execFileSync } from "node:child_process";
import type { Emulator } from "../tools/build/targets/target.ts";
import { findQemu } from "../tools/run/qemu.ts";

/** Such as [7, 2]. */
export function qemuVersion(emulator?: Emulator): readonly [major: number, minor: number] {
  const said = execFileSync(findQemu(emulator), ["--version"], { encoding: "utf8" });
  const [, major = "0", minor = "0"] = /version (\d+)\.(\d+)/.exec(said) ?? [];
  return [Number(major), Number(minor)];
}
