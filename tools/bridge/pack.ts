// axv-part bridge pack: the bridge for Linux on the PLC, as an archive. Besides Node it needs nothing
// there, and with --with-node not even that.
//
//     axv-bridge/bin/axv-bridge.mjs, tag-reader       the program, and who reads the tags for it
//     axv-bridge/bin/node, LICENSE-node               with Node
//     axv-bridge/nodesets/                            OPC UA's own types, which the library looks for there
//     axv-bridge/page/                                the live page
//     axv-bridge/etc/bridge.yaml, system.json         what it serves
//     axv-bridge/bin/axv-commit, axv-slots            commit a system on trial; and for RAUC
//     axv-bridge/rauc.conf                            RAUC's system.conf with axv-slots
//     axv-bridge/axv-bridge.service, axv-commit.service, LICENSES.txt, package.json
import { build } from "esbuild";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseDocument } from "yaml";
import { BridgeError } from "../../industrial/bridge/errors.ts";
import { formatPacked } from "../../industrial/bridge/system.ts";
import { bundledPage, PACKED_FOLDER } from "../../industrial/web/page-files.ts";
import { ISA_TITLES } from "../../boards/isa.ts";
import { isaOfPlan } from "../../partitions/plan/plan.ts";
import { inProject, projectVersion } from "../../partitions/project.ts";
import { FOR_NODE } from "../build/bundle.ts";
import { ROOT } from "../build/files.ts";
import { buildProgram } from "../build/index.ts";
import { runTool } from "../build/native.ts";
import { LINUX_PROGRAMS, TAG_READER } from "../build/programs.ts";
import { claim } from "../output/places.ts";
import { settingsOf } from "./commands.ts";
import type { SystemOf } from "./commands.ts";
import { lockedNode, NODE_ISA, NODE_PACKAGE, nodeForPlc } from "./node.ts";

const NAME = "axv-bridge";
/** node-opcua loads these, in the compressed form where there is one. */
const NODESETS = ["Opc.Ua.NodeSet2", "Opc.Ua.Di.NodeSet2"];
/**
 * Native, and needed for Modbus on a serial line alone; proper-lockfile holds what needs no lock of
 * its own; esbuild makes the page, here.
 */
const LEFT_OUT = ["serialport", "proper-lockfile", "esbuild"];
/** What is in the page. */
const IN_PAGE = ["uplot"];
/** Beside it: they need no Node. */
export const COMMITTING = ["axv-commit", "axv-slots"];
/** What is copied as it is. */
const TO_BE_INSTALLED = ["axv-bridge.service", "axv-commit.service", "rauc.conf"];
const TAR = { command: "tar", package: "tar" };
const EXECUTABLE = 0o755;
const GZIP_BEST = 9;
/** Of Node's 122 MB the best would save half a percent, and take three times as long. */
const GZIP_QUICK = 6;

/** Packages that are in the bundle, and what their authors ask to be said. */
function licences(packages: ReadonlySet<string>): string {
  return [...packages].sort().map((name) => {
    const folder = join(ROOT, "node_modules", name);
    const { version = "", license = "" } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      version?: string;
      license?: string;
    };
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    return `${name} ${version} ` +
      `(${String(license)})\n\n${file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim()}\n`;
  }).join(`\n${"-".repeat(80)}\n\n`);
}

/**
 * bin/<name>.mjs of a program with the OPC UA server, and beside it what that looks for. Gives back the packages that are
 * in it.
 */
export async function bundleServer(entry: string, folder: string, name: string): Promise<ReadonlySet<string>> {
  for (const each of ["bin", "nodesets"]) mkdirSync(join(folder, each), { recursive: true });
  const { metafile } = await build({
    ...FOR_NODE,
    entryPoints: [entry],
    outfile: join(folder, `bin/${name}.mjs`),
    minify: true,
    external: LEFT_OUT,
    metafile: true,
  });
  for (const each of NODESETS) copyNodeset(each, join(folder, "nodesets"));
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ name, version: projectVersion(), type: "module", license: "Apache-2.0" }, null, 2)}\n`,
  );
  const packages = Object.keys(metafile.inputs).flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return new Set(packages);
}

export async function packBridge(file: string, output: string, systemOf: SystemOf, withNode: boolean): Promise<void> {
  const { system, settings } = await settingsOf(file, systemOf);
  const isa = isaOfPlan(system.plan);
  const hasNode = isa === NODE_ISA;
  if (withNode && !hasNode) throw new BridgeError("AXV_BRIDGE_NO_NODE", system.plan.board, ISA_TITLES[isa]);
  const [archive = output] = claim([{ path: output, what: "the archive" }], [file, settings.system]);
  const scratch = mkdtempSync(join(tmpdir(), "axv-pack-"));
  try {
    const folder = join(scratch, NAME);
    for (const name of ["etc", PACKED_FOLDER]) mkdirSync(join(folder, name), { recursive: true });
    console.error("bridge: bundling …");
    const packages = await bundleServer("tools/axv-bridge.ts", folder, NAME);
    writeFileSync(join(folder, "LICENSES.txt"), licences(new Set([...packages, ...IN_PAGE])));
    for (const [name, bytes] of Object.entries(await bundledPage())) writeFileSync(join(folder, PACKED_FOLDER, name), bytes);
    const reader = LINUX_PROGRAMS[isa][TAG_READER.name] ?? TAG_READER;
    copyFileSync((await buildProgram(reader)).elf, join(folder, "bin/tag-reader"));
    chmodSync(join(folder, "bin/tag-reader"), EXECUTABLE);
    for (const name of COMMITTING) {
      copyFileSync(inProject(`industrial/bridge/${name}`), join(folder, "bin", name));
      chmodSync(join(folder, "bin", name), EXECUTABLE);
    }
    if (withNode) {
      const { node, license } = await nodeForPlc();
      copyFileSync(node, join(folder, "bin/node"));
      copyFileSync(license, join(folder, "LICENSE-node"));
      chmodSync(join(folder, "bin/node"), EXECUTABLE);
    }
    const document = parseDocument(readFileSync(file, "utf8"));
    document.set("system", "system.json");
    writeFileSync(join(folder, "etc/bridge.yaml"), document.toString());
    writeFileSync(join(folder, "etc/system.json"), formatPacked(system));
    for (const name of TO_BE_INSTALLED) copyFileSync(inProject(`industrial/bridge/${name}`), join(folder, name));
    // The same input gives the same archive.
    mkdirSync(dirname(archive), { recursive: true });
    runTool(TAR, [
      "--sort=name",
      "--mtime=@0",
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      `--use-compress-program=gzip -${withNode ? GZIP_QUICK : GZIP_BEST}n`,
      "-cf",
      archive,
      "-C",
      scratch,
      NAME,
    ]);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC")
      throw new BridgeError("AXV_BRIDGE_PACK", archive, error.message);
    throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log(`${archive}: ${(statSync(archive).size / 1e6).toFixed(1)} MB, ${withNode ? "with" : "without"} Node`);
  const { version } = await lockedNode();
  const where = hasNode
    ? `Node ${version} for arm64 is in npm's package ${NODE_PACKAGE} (bin/node), to /opt/${NAME}/bin`
    : `Node is its Linux' own (Debian: nodejs): ln -s /usr/bin/node /opt/${NAME}/bin/node`;
  const node = withNode ? "" : ` ${where};`;
  console.log(`on the PLC: tar -C /opt -xzf ${basename(archive)};${node}`);
  console.log(`then /opt/${NAME}/${NAME}.service says how systemd runs it`);
}

function copyNodeset(name: string, to: string): void {
  const from = join(ROOT, "node_modules/node-opcua-nodesets/nodesets");
  for (const suffix of [".xml", ".ndjson.gz"])
    if (existsSync(join(from, name + suffix))) copyFileSync(join(from, name + suffix), join(to, name + suffix));
}
