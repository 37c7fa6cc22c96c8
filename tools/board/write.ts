// Writes a board.yaml: its facts one below the other, devices a line each, those in use first; remarks beside what they are
// about.
import type { Composed } from "./compose.ts";
import type { LeftOut } from "./devices.ts";
import type { AnyFile } from "./file.ts";
import { oneLine } from "../../partitions/source/text.ts";

/** Their values are addresses, or bytes that one counts in hexadecimal. */
const HEXADECIMAL = new Set([
  "base",
  "size",
  "reg",
  "image",
  "mpidr",
  "gicd",
  "gicr",
  "gicr_stride",
  "gicc",
  "gich",
  "gicv",
  "refill_event",
  "stride",
]);
/** Below it, a size is no rounder in hexadecimal. */
const HEX_LEAST = 10;
/** Text that YAML takes as it is, also inside brackets. */
const PLAIN = /^[A-Za-z/][A-Za-z0-9/._@-]*$/;
const WORDS = /^(true|false|null|yes|no|on|off|y|n)$/i;
const COLUMNS = 130;

function scalar(value: unknown, key: string): string {
  if (typeof value === "number") return HEXADECIMAL.has(key) && value >= HEX_LEAST ? `0x${value.toString(16)}` : String(value);
  if (typeof value !== "string") return JSON.stringify(value);
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value);
}

/** In one line; `key`: whose value it is. */
function flow(value: unknown, key = ""): string {
  if (Array.isArray(value)) return `[${value.map((each) => flow(each, key)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return scalar(value, key);
  const pairs = Object.entries(value).map(([name, each]) => `${scalar(name, "")}: ${flow(each, name)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

/** `text`, which has nothing of others in it that is no text of one line, as comments that are no longer than a line. */
function comment(text: string, indent = ""): string[] {
  const lines = [`${indent}#`];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last.length + word.length + 1 > COLUMNS && last !== `${indent}#`) lines.push(`${indent}# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** YAML goes on in the next line, if that is further in. */
function wrapped(line: string): string {
  const indent = /^ */.exec(line)?.[0] ?? "";
  const lines: string[] = [];
  for (const word of line.trim().split(/(?<=,) /)) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(`${indent}${word}`);
    else if (last.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}  ${word}`);
  }
  return lines.join("\n");
}

/** Lists whose items are mappings, and mappings of mappings: an item a line. */
function block(key: string, value: object, remark: string | undefined): string[] {
  const items = Array.isArray(value)
    ? value.map((item) => `  - ${flow(item, key)}`)
    : Object.entries(value).map(([name, each]) => `  ${scalar(name, "")}: ${flow(each, name)}`);
  return [...(remark === undefined ? [] : comment(remark)), `${key}:`, ...items];
}

const IN_BLOCKS = ["ram", "reserved", "match"];

/** `source`: what it is made of. */
export function writeBoard({ board, remarks, leftOut, inUse }: Composed<AnyFile>, source: string): string {
  const { device_kinds: kinds, devices, cpus, boot, ...rest } = board;
  const keyed = (key: string, value: unknown): string[] => {
    const remark = remarks.get(key);
    if (typeof value === "object" && value !== null && IN_BLOCKS.includes(key)) return block(key, value, remark);
    return [...(remark === undefined ? [] : comment(remark)), `${key}: ${flow(value, key)}`];
  };
  const { caches, ...pcpus } = cpus;
  const lines = [
    ...comment(
      `Made of ${oneLine(source)} by \`axv-part board from-dtb\`. What a tree does not say and had to be judged has a remark.`,
    ),
    ...keyed("name", rest.name),
    ...keyed("description", rest.description),
    ...keyed("isa", rest.isa),
    "",
    ...(remarks.has("cpus") ? comment(remarks.get("cpus") ?? "") : []),
    "cpus:",
    ...Object.entries(pcpus).map(([key, value]) => `  ${key}: ${flow(value, key)}`),
    ...(Array.isArray(caches) ? ["  caches:", ...caches.map((cache) => `    - ${flow(cache)}`)] : [`  caches: ${flow(caches)}`]),
    "",
    ...Object.entries(rest)
      .filter(([key]) => !["name", "description", "isa"].includes(key))
      .flatMap(([key, value]) => keyed(key, value)),
    ...(remarks.has("pmu") ? comment(remarks.get("pmu") ?? "") : []),
    "",
    "boot:",
    ...comment(remarks.get("image") ?? "", "  "),
    ...Object.entries(boot).map(([key, value]) => `  ${key}: ${flow(value, key)}`),
    "",
    ...block("device_kinds", kinds, undefined),
    "",
    ...devicesBlock(devices, inUse),
    ...leftOutLines(leftOut),
  ];
  return `${lines.map((line) => (line.includes("#") ? line : wrapped(line))).join("\n")}\n`.replace(
    /^(device_kinds|devices):\n(?! )/gm,
    "$1: {}\n",
  );
}

function devicesBlock(devices: AnyFile["devices"], inUse: ReadonlySet<string>): string[] {
  const all = Object.entries(devices);
  const line = ([name, place]: [string, unknown]): string => `  ${scalar(name, "")}: ${flow(place, name)}`;
  const off = all.filter(([name]) => !inUse.has(name));
  return [
    "devices:",
    ...all.filter(([name]) => inUse.has(name)).map(line),
    ...(off.length > 0 ? ["  # These are off in the tree."] : []),
    ...off.map(line),
  ];
}

/** By reason. */
function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { path, why } of leftOut) reasons.set(why, [...(reasons.get(why) ?? []), path]);
  return [...reasons].flatMap(([why, paths]) => {
    return ["", ...comment(`Left out, as they have ${why}: ${paths.map((path) => oneLine(path)).join(", ")}`)];
  });
}
