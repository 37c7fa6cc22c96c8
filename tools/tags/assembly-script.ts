// The AssemblyScript accessors of a partition's tags, as c-header.ts has them in C.
import { cName, layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags, Tag } from "../../partitions/tags/table.ts";
import { aboutTag } from "./about.ts";

/** `ipa`: where the guest finds its image; undefined: no channel carries it. */
export function assemblyScript(table: PartitionTags, source: string, ipa?: number): string {
  const used = new Set(table.tags.map(setterOf));
  const imports = ["openTagImage", "TagImage", ...used].sort();
  return `// The tags of partition "${table.partition}". Made by "axv-part tags --as" of ${source}: change that, not this.
import { ${imports.join(", ")} } from "./tagImage";

/** Of this table; a reader that has another one notices. */
export const TAGS_TABLE: u32 = 0x${layoutSum(table).toString(16).padStart(8, "0")};
export const TAGS_SIZE: u32 = ${table.size};
${ipa === undefined ? "// No channel carries these tags yet: there is no TAGS_IPA." : `/** Where its channel is. */\nexport const TAGS_IPA: u64 = 0x${ipa.toString(16)};`}

export function openTags(image: TagImage, base: u64): void { openTagImage(image, base, TAGS_TABLE, TAGS_SIZE); }

${table.tags.map(accessor).join("\n")}
`;
}

const setterOf = ({ type }: Tag): string => (type.scalar === "string" ? "setTagText" : `setTag${8 * type.size}`);

function accessor(tag: Tag): string {
  const { name, type, offset } = tag;
  const comment = `/** ${name}: ${aboutTag(tag)} */`;
  const id = `set_${cName(name)}`;
  if (type.scalar === "string")
    return `${comment}\n@inline export function ${id}(image: TagImage, text: u32, length: u32): void { setTagText(image, ${offset}, text, length, ${type.text}); }`;
  const raw = { f32: "reinterpret<u32>(value)", f64: "reinterpret<u64>(value)", bool: "<u32>value" }[type.scalar as string] ?? `<u${type.size === 8 ? 64 : 32}>value`;
  const call = `${setterOf(tag)}(image, ${type.count === undefined ? offset : `${offset} + ${type.size} * index`}, ${raw})`;
  if (type.count === undefined) return `${comment}\n@inline export function ${id}(image: TagImage, value: ${type.scalar}): void { ${call}; }`;
  return `${comment}\n@inline export function ${id}(image: TagImage, index: u32, value: ${type.scalar}): void { if (index < ${type.count}) ${call}; }`;
}
