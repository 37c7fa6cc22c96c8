// node tools/build/bundle.ts: makes the command line of JavaScript: build/axv-part.js, which loads one file for the command that
// it is called with, or one with all of them. Reading two hundred files and taking the types out of each takes Node longer than
// all that most commands do. tools/axv-part calls this when a source is newer than the bundle.
import { build } from "esbuild";
import type { BuildOptions } from "esbuild";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
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

type Bundles = Readonly<Record<string, string>>;

/** By name: the text of each. `entries`: by name, its first file, relative to the root. */
async function bundles(entries: Bundles): Promise<Bundles> {
  const { outputFiles } = await build({
    ...FOR_NODE,
    entryPoints: entries,
    outdir: ROOT,
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
          onLoad({ filter: /.*/, namespace: ALONE }, ({ path }) => ({
            contents: alone(path), loader: "ts", resolveDir: join(ROOT, "tools"),
          }));
          onResolve({ filter: new RegExp(`^${ALONE}:`) }, ({ path }) => ({
            path: path.slice(ALONE.length + 1), namespace: ALONE,
          }));
          // What a command loads when it needs it stays where it is, with all the packages that it brings: the bridge.
          onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) =>
            kind === "dynamic-import" ? { path: pathToFileURL(join(resolveDir, path)).href, external: true } : undefined,
          );
        },
      },
    ],
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path, ".js"), text]));
}

/** A bundle's text. `entry`: its first file, relative to the root. */
export async function bundle(entry: string): Promise<string> {
  const { bundle = "" } = await bundles({ bundle: entry });
  return bundle;
}

/** Of a file in tools/commands, no file but an entry: the command line with this command alone. */
const ALONE = "alone";
const alone = (command: string): string => `
  import "./jitlessZod.ts";
  import { commandLine } from "./commandLine.ts";
  import { register } from "./commands/${command}.ts";
  await commandLine([register]);`;

const ALL = "all-commands";

/** By file in build/: the command line. What a command does not need, its start does not read either. */
export async function commandLineBundles(): Promise<Bundles> {
  const commands = readdirSync(join(ROOT, "tools/commands")).map((name) => basename(name, ".ts"));
  const entries = { [ALL]: ENTRY, ...Object.fromEntries(commands.map((name) => [name, `${ALONE}:${name}`])) };
  const files = Object.entries(await bundles(entries)).map(([name, text]) => [`axv-part/${name}.js`, text] as const);
  const first = `const [, , name = ""] = process.argv;
await import(\`./axv-part/\${${JSON.stringify(commands)}.includes(name) ? name : ${JSON.stringify(ALL)}}.js\`);
`;
  // Last: whoever finds it, finds all.
  return Object.fromEntries([...files, ["axv-part.js", first]]);
}

if (import.meta.main) {
  mkdirSync(join(ROOT, "build/axv-part"), { recursive: true });
  for (const [file, text] of Object.entries(await commandLineBundles())) writeAtomically(join(ROOT, "build", file), text);
}
