// The files of the page. Where it was packed (axv-part bridge pack) they stand there ready; in a checkout the page's script
// is made of its sources when it is first served, which takes a tenth of a second.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inProject } from "../../partitions/project.ts";

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}
export type PageFiles = ReadonlyMap<string, PageFile>;

/** In a packed bridge, beside its package.json. */
export const PACKED_FOLDER = "page";
const SOURCES = "industrial/web/page";

const FILES = [
  { path: "/", name: "index.html", type: "text/html; charset=utf-8" },
  { path: "/page.js", name: "page.js", type: "text/javascript; charset=utf-8" },
  { path: "/page.css", name: "page.css", type: "text/css; charset=utf-8" },
  { path: "/icon.svg", name: "icon.svg", type: "image/svg+xml" },
] as const;
export const PAGE_PATHS = FILES.map(({ path }) => path);

type Bytes = Readonly<Record<(typeof FILES)[number]["name"], Buffer>>;

/** Script and style sheet, with what uPlot brings, made of the sources by esbuild. */
export async function bundledPage(): Promise<Bytes> {
  const { build, stop } = await import("esbuild");
  const folder = inProject(SOURCES);
  const { outputFiles } = await build({
    absWorkingDir: inProject("."),
    entryPoints: ["main.ts", "page.css"].map((name) => ({ in: join(folder, name), out: "page" })),
    outdir: folder,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    logLevel: "error",
  });
  await stop(); // its process would stay as long as this one
  const made = (end: string): Buffer => Buffer.from(outputFiles.find(({ path }) => path.endsWith(end))?.contents ?? "");
  const source = (name: string): Buffer => readFileSync(join(folder, name));
  return { "index.html": source("index.html"), "icon.svg": source("icon.svg"), "page.js": made(".js"), "page.css": made(".css") };
}

async function read(): Promise<PageFiles> {
  const packed = inProject(PACKED_FOLDER);
  const made = existsSync(packed) ? undefined : await bundledPage();
  return new Map(FILES.map(({ path, name, type }) => [path, { type, bytes: made?.[name] ?? readFileSync(join(packed, name)) }]));
}

let files: Promise<PageFiles> | undefined;
/** Made once, however often it is served anew. */
export const pageFiles = (): Promise<PageFiles> => (files ??= read());
