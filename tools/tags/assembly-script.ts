// The AssemblyScript accessors of a partition's tags, as c-header.ts has them in C.
import { cName, layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags, Tag } from "../../partitions/tags/table.ts";
import { aboutTag } from "./about.ts";
import { limitsOf, writablesOf } from "./limits.ts";

/** `ipa`: where the guest finds its image. `library`: the folder of tagImage.ts. */
export function assemblyScript(table: PartitionTags, source: string, ipa: number, library = "."): string {
  const used = new Set(table.tags.map(setterOf));
  const imports = ["openTagImage", "TagImage", ...used].sort();
  const canBeWritten = table.tags.some(({ writable }) => writable);
  const writes = canBeWritten ? `\nimport { openTagWrites, takeTagWrites } from "${library}/tagWrites";` : "";
  return `// The tags of partition "${table.partition}". Made by "axv-part tags --as" of ${source}: change that, not this.
import { ${imports.join(", ")} } from "${library}/tagImage";${writes}

/** Of this table; a reader that has another one notices. */
export const TAGS_TABLE: u32 = 0x${layoutSum(table).toString(16).padStart(8, "0")};
export const TAGS_SIZE: u32 = ${table.size};
/** Where the image is: in its channel, or behind the mailbox. */
export const TAGS_IPA: u64 = 0x${ipa.toString(16)};

export function openTags(image: TagImage, base: u64): void { openTagImage(image, base, TAGS_TABLE, TAGS_SIZE); }

${table.tags.map(accessor).join("\n")}
${written(table)}`;
}

const WRITTEN =
  "/** What is written from outside goes here, in the guest's own memory: a batch as a whole or not at all, " +
  "and only what the table allows. */";

/** What may be written, if anything. */
function written({ tags }: PartitionTags): string {
  const writables = writablesOf(tags);
  if (writables.length === 0) return "";
  const words = writables.flatMap((tag) => {
    const { offset, count, size, kind, low, high } = limitsOf(tag);
    return [BigInt(offset) | (BigInt(count) << 32n) | (BigInt(size) << 48n) | (BigInt(kind) << 56n), low, high];
  });
  const open = `openTagWrites(base, TAGS_SIZE, TAGS_TABLE, <u32>writables, ${writables.length}, values)`;
  return `
${WRITTEN}
const values: u32 = <u32>memory.data(TAGS_SIZE, 8);
const writables: usize = memory.data<u64>([${words.join(", ")}]);

export function openWrites(base: u64): void { ${open}; }
/** Once a scan, before the values are used. True: values have changed. */
@inline export function takeWrites(): bool { return takeTagWrites(); }

${writables.map(writtenAccessor).join("\n")}
`;
}

function writtenAccessor({ name, type, offset }: Tag): string {
  const id = cName(name);
  const comment = `/** ${name}: what it is until somebody writes it, and what it is now. */`;
  if (type.scalar === "string") {
    const preset = [
      `const bytes = min<u32>(length, ${type.text});`,
      `memory.copy(values + ${offset + 1}, text, bytes);`,
      `store<u8>(values + ${offset}, <u8>bytes);`,
    ];
    return `${comment}
@inline export function preset_${id}(text: u32, length: u32): void { ${preset.join(" ")} }
@inline export function get_${id}(): u32 { return values + ${offset + 1}; }
@inline export function length_${id}(): u32 { return load<u8>(values + ${offset}); }`;
  }
  const { scalar, size, count } = type;
  const stored = scalar === "bool" ? "u8" : scalar;
  const at = `values + ${offset}${count === undefined ? "" : ` + ${size} * index`}`;
  const index = count === undefined ? "" : "index: u32";
  const guard = count === undefined ? "" : `if (index < ${count}) `;
  const value = scalar === "bool" ? "<u8>value" : "value";
  const got = `load<${stored}>(${count === undefined ? at : `values + ${offset} + ${size} * (index < ${count} ? index : 0)`})`;
  const parameters = `${index === "" ? "" : `${index}, `}value: ${scalar}`;
  return `${comment}
@inline export function preset_${id}(${parameters}): void { ${guard}store<${stored}>(${at}, ${value}); }
@inline export function get_${id}(${index}): ${scalar} { return ${scalar === "bool" ? `${got} != 0` : got}; }`;
}

const setterOf = ({ type }: Tag): string => (type.scalar === "string" ? "setTagText" : `setTag${8 * type.size}`);

function accessor(tag: Tag): string {
  const { name, type, offset } = tag;
  const comment = `/** ${name}: ${aboutTag(tag)} */`;
  const setter = (parameters: string, call: string): string =>
    `${comment}\n@inline export function set_${cName(name)}(image: TagImage, ${parameters}): void { ${call}; }`;
  if (type.scalar === "string") {
    return setter("text: u32, length: u32", `setTagText(image, ${offset}, text, length, ${type.text})`);
  }
  const raw =
    { f32: "reinterpret<u32>(value)", f64: "reinterpret<u64>(value)", bool: "<u32>value" }[type.scalar as string] ??
    `<u${type.size === 8 ? 64 : 32}>value`;
  const call = `${setterOf(tag)}(image, ${type.count === undefined ? offset : `${offset} + ${type.size} * index`}, ${raw})`;
  if (type.count === undefined) return setter(`value: ${type.scalar}`, call);
  return setter(`index: u32, value: ${type.scalar}`, `if (index < ${type.count}) ${call}`);
}
