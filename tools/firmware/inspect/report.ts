// What has been found in a file, for people and for programs. All text in it is others': it is shown on one line each, and what
// controls a terminal is not sent to one.
import { formatNumbers, formatSize, hex } from "../../../partitions/units.ts";
import { oneLine } from "../../../partitions/source/text.ts";
import { layOut } from "../../run/columns.ts";
import type { Paint } from "../../run/paint.ts";
import { SECTOR } from "../disk/sectors.ts";
import type { FitSignature } from "../fit/read.ts";
import { otherSlot, SLOTS } from "../slots.ts";
import type { ReadState, Slot } from "../slots.ts";
import type { Contents, FoundDisk } from "./disk.ts";
import { partitionsOf } from "./image.ts";
import type { FoundImage } from "./image.ts";
import type { Found, FoundFit, FoundSystem } from "./inspect.ts";

export function formatFound(file: string, found: Found, paint: Paint): string {
  const title = (what: string): string => `${paint("bold", oneLine(file))}: ${what}`;
  switch (found.kind) {
    case "image":
      return [title(`image, ${formatSize(found.bytes)}`), ...imageLines(found, paint)].join("\n");
    case "fit":
      return [title(`FIT, ${formatSize(found.fit.total)}`), ...fitLines(found, paint)].join("\n");
    case "disk":
      return [title(`disk, ${formatSize(found.sectors * SECTOR)}`), ...diskLines(found, paint)].join("\n");
  }
}

const INDENT = 14;
const row = (paint: Paint, name: string, text: string): string => `  ${paint("dim", name.padEnd(INDENT))}${oneLine(text)}`;
const table = <Row>(paint: Paint, columns: Parameters<typeof layOut<Row>>[0], rows: readonly Row[]): string[] => {
  const [titles = "", ...lines] = layOut(columns, rows);
  return rows.length === 0 ? [] : [`  ${paint("dim", titles)}`, ...lines.map((line) => `  ${line}`)];
};

function imageLines({ header, system }: FoundImage, paint: Paint): string[] {
  const lines = [
    row(
      paint,
      "header",
      typeof header === "string" ? header : `text_offset ${hex(header.textOffset)}, ${formatSize(header.size)} of memory`,
    ),
  ];
  if (typeof system === "string") return [...lines, row(paint, "system", system)];
  const { at, blob } = system;
  const value = (field: string): number => Number(blob.header[field]);
  const base = value("imageBase");
  return [
    ...lines,
    row(paint, "system", `${blob.isa}, blob of ${value("size")} bytes at ${hex(at)}`),
    row(paint, "runs at", base === 0 ? "anywhere" : hex(base)),
    row(paint, "hypervisor", `${formatSize(value("hypervisorSize"))}, UART at ${hex(value("uart"))}`),
    ...table(
      paint,
      [
        { title: "partition", align: "left", cell: ({ name }) => oneLine(name) },
        { title: "pCPUs", align: "left", cell: ({ cpus }) => formatNumbers(cpus) },
        { title: "memory", align: "right", cell: ({ memory }) => formatSize(memory) },
        { title: "loaded", align: "right", cell: ({ loads }) => formatSize(loads.reduce((sum, { bytes }) => sum + bytes, 0)) },
        { title: "other regions", align: "right", cell: ({ devices }) => String(devices) },
      ],
      partitionsOf(blob),
    ),
  ];
}

const MILLISECONDS = 1000;

function fitLines({ fit, images }: FoundFit, paint: Paint): string[] {
  const made = fit.timestamp === undefined ? "" : `, made ${new Date(fit.timestamp * MILLISECONDS).toISOString()}`;
  return [
    row(paint, "description", `${fit.description ?? "none"}${made}`),
    ...table(
      paint,
      [
        { title: "image", align: "left", cell: ({ name }) => oneLine(name) },
        { title: "type", align: "left", cell: ({ type }) => oneLine(type ?? "?") },
        { title: "bytes", align: "right", cell: ({ data }) => String(data.size) },
        { title: "loaded at", align: "left", cell: ({ load }) => (load === undefined ? "" : hex(load)) },
        { title: "hash", align: "left", cell: ({ name }) => oneLine(images.get(name)?.wrong || "holds") },
      ],
      [...fit.images.values()],
    ),
    ...table(
      paint,
      [
        { title: "configuration", align: "left", cell: ({ name }) => oneLine(name) },
        { title: "for boards", align: "left", cell: ({ compatible }) => oneLine(compatible.join(" ") || "any") },
        { title: "images", align: "left", cell: (each) => oneLine(each.images.join(" ")) },
        { title: "signed by", align: "left", cell: ({ signatures }) => oneLine(signedBy(signatures)) },
      ],
      [...fit.configurations.values()],
    ),
    ...[...images].flatMap(([name, { holds }]) =>
      holds === undefined ? [] : [`  ${paint("bold", oneLine(name))}`, ...imageLines(holds, paint).map((line) => `  ${line}`)],
    ),
  ];
}

/** Said, not proven: without the key nobody knows. */
const signedBy = (signatures: readonly FitSignature[]): string =>
  signatures.map(({ key, algorithm }) => `${key ?? "?"} (${algorithm}; not checked)`).join(", ") || "nobody";

function diskLines({ table: kind, id, remark, parts }: FoundDisk<FoundSystem>, paint: Paint): string[] {
  return [
    row(paint, "table", `${kind.toUpperCase()}, ${id}`),
    ...(remark === undefined ? [] : [row(paint, "mind", remark)]),
    ...table(
      paint,
      [
        { title: "no.", align: "right", cell: ({ number }) => (number === undefined ? "" : String(number)) },
        { title: "name", align: "left", cell: ({ name, type }) => oneLine(name || type) },
        { title: "first sector", align: "right", cell: ({ first }) => String(first) },
        { title: "sectors", align: "right", cell: ({ sectors }) => String(sectors) },
        { title: "size", align: "right", cell: ({ sectors }) => formatSize(sectors * SECTOR) },
        { title: "boots", align: "left", cell: ({ boots, number }) => (boots && number !== undefined ? "yes" : "") },
        { title: "in it", align: "left", cell: ({ contents }) => oneLine(inShort(contents)) },
      ],
      parts,
    ),
    ...parts.flatMap(({ name, contents }) => {
      if (contents.what === "state") return ["", ...stateLines(contents.state, paint)];
      if (contents.what !== "slot" || typeof contents.system === "string") return [];
      const { system } = contents;
      const lines = system.kind === "image" ? imageLines(system, paint) : fitLines(system, paint);
      return ["", paint("bold", oneLine(name)), ...lines];
    }),
  ];
}

function inShort(contents: Contents<FoundSystem>): string {
  switch (contents.what) {
    case "files":
      return contents.files
        .map(({ name, bytes, script }) => `${name} (${bytes} bytes${script === undefined ? "" : `, script: ${script}`})`)
        .join(", ");
    case "state":
      return contents.state.from === undefined ? "slot state: no copy can be read" : "slot state";
    case "slot":
      if (typeof contents.system === "string") return contents.system === "nothing" ? "nothing" : "what is no system";
      return contents.system.kind === "fit" ? "FIT" : "image";
    case "broken":
      return contents.why;
    case "not looked at":
      return "";
  }
}

function stateLines({ state, from }: ReadState, paint: Paint): string[] {
  const first = state.order[0];
  const slot = (which: Slot): string => {
    const tries = state.status[which] === "pending" ? `, ${state.tries} tries left` : "";
    const version = state.version[which] === "" ? "" : `, version ${state.version[which]}`;
    return `${state.status[which] || "not good"}${tries}${version}`;
  };
  return [
    paint("bold", "slot state"),
    from === undefined
      ? row(paint, "copy", "neither can be read: boot.scr tries a, then b")
      : row(paint, "copy", `${from}, generation ${state.generation}`),
    row(paint, "order", `${first}, then ${otherSlot(first)}`),
    ...SLOTS.map((which) => row(paint, `slot ${which}`, slot(which))),
    row(paint, "started last", state.booted ?? "none yet"),
  ];
}

/** Plain data: maps by their keys, bytes in hexadecimal, and 64-bit numbers as text where JSON's have no room. */
export function foundJson(found: Found): string {
  return JSON.stringify(found, plain, 2);
}

/** A Buffer has made an object of itself before it comes as `value`. */
function plain(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const own = this[key];
  if (key === "tree") return undefined; // of a FIT: its bytes
  if (own instanceof Uint8Array) return Buffer.from(own).toString("hex");
  if (typeof value === "bigint") return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
  if (value instanceof Map) return Object.fromEntries(value) as unknown;
  return value;
}
