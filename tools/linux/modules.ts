// The kernel modules that the demo's Linux needs and Debian does not build in: virtio disk and network on virtio-mmio.
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { output } from "./command.ts";
import { LinuxError } from "./errors.ts";

/** In the order in which they are loaded: each after those it depends on (checked when they are read). */
const MODULES = ["failover", "net_failover", "virtio_mmio", "virtio_blk", "virtio_net"] as const;

export interface Module {
  readonly name: string;
  readonly data: Buffer;
}

// The section .modinfo holds NUL-terminated strings "key=value"; modpost writes one depends= into every module.
const DEPENDS = /\0depends=([^\0]*)\0/;

/** Names of the modules that a module's code needs. */
export function dependsOf(module: Module): readonly string[] {
  const depends = DEPENDS.exec(module.data.toString("latin1"))?.[1];
  if (depends === undefined) throw new LinuxError("no-module", `${module.name} does not say what it depends on`);
  return depends.split(",").filter((name) => name !== "");
}

async function readModule(name: string, path: string): Promise<Module> {
  const data = await readFile(path);
  return { name, data: path.endsWith(".xz") ? await output("xz", ["-dc"], { input: data }) : data };
}

/** Reads modules from an unpacked kernel package, in the order to load them; those built in are left out. */
export async function readModules(modulesFolder: string, names: readonly string[] = MODULES): Promise<readonly Module[]> {
  const builtIn = (await readFile(join(modulesFolder, "modules.builtin"), "utf8"))
    .split("\n")
    .map((path) => basename(path, ".ko"));
  const files = new Map<string, string>();
  for (const path of await readdir(modulesFolder, { recursive: true })) {
    const module = /^(.*)\.ko(\.xz)?$/.exec(basename(path));
    if (module) files.set(module[1] ?? "", join(modulesFolder, path));
  }
  const modules: Module[] = [];
  const present = new Set(builtIn);
  for (const name of names) {
    if (present.has(name)) continue;
    const path = files.get(name);
    if (path === undefined) throw new LinuxError("no-module", `no module ${name} in ${modulesFolder}`);
    const module = await readModule(name, path);
    const missing = dependsOf(module).find((needed) => !present.has(needed));
    if (missing !== undefined)
      throw new LinuxError("no-module", `module ${name} needs ${missing}, which is not loaded before it`);
    modules.push(module);
    present.add(name);
  }
  return modules;
}
