// node tools/build/bundle.ts: makes build/axv-part.js, the command line as one file of JavaScript. Reading two hundred
// files and taking the types out of each takes Node longer than all that most commands do. tools/axv-part calls this
// when a source is newer than the bundle.
import { build } from "esbuild";
import type { BuildOptions } from "esbuild";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, writeAtomically } from "./files.ts";

const ENTRY = "tools/axv-part.ts";
/**
 * What the compiler for AssemblyScript brings is as large as all the rest: it stays where it is, and is loaded by who builds.
 * The packages for Modbus bring a native part, and are loaded by the commands that use them.
 */
const LEFT_OUT = ["assemblyscript", "assemblyscript/*", "esbuild", "modbus-serial", "pino", "serialport"];
/** commander and yaml are CommonJS: esbuild's own replacement of `require` does not know Node's modules. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
/**
 * One file of JavaScript for this Node. zod is imported as a namespace everywhere: of `{ z }` esbuild keeps all that is in it,
 * with messages in fifty languages.
 */
export const FOR_NODE = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: "node",
  format: "esm",
  target: `node${process.versions.node}`,
  banner: { js: REQUIRE },
  legalComments: "none",
  logLevel: "error",
} as const satisfies BuildOptions;

/** A module finds files of the project from where it is; in the bundle, too, that is where its source is. */
const inPlace = (file: string): string =>
  readFileSync(file, "utf8")
    .replaceAll("import.meta.dirname", JSON.stringify(dirname(file)))
    .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(file).href));

/** The bundle's text. `entry`: its first file, relative to the root. */
export async function bundle(entry = ENTRY): Promise<string> {
  const { outputFiles } = await build({
    ...FOR_NODE,
    entryPoints: [entry],
    write: false,
    // Each start reads all of it; names stay, for whoever reads where an error comes from.
    minifyWhitespace: true,
    minifySyntax: true,
    external: LEFT_OUT,
    plugins: [
      {
        name: "in place",
        setup: ({ onLoad, onResolve }) => {
          onLoad({ filter: /\.ts$/ }, ({ path }) => ({ contents: inPlace(path), loader: "ts" }));
          // What a command loads when it needs it stays where it is, with all the packages that it brings: the bridge.
          onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) =>
            kind === "dynamic-import" ? { path: pathToFileURL(join(resolveDir, path)).href, external: true } : undefined,
          );
        },
      },
    ],
  });
  return outputFiles.map(({ text }) => text).join("");
}

if (import.meta.main) writeAtomically(join(ROOT, "build/axv-part.js"), await bundle());
