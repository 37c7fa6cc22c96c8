// The C header of a partition's tags: a function for each that sets it; and of those that may be written, one that tells
// what was.
import { cName, layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags, Tag } from "../../partitions/tags/table.ts";
import type { Scalar } from "../../partitions/tags/type.ts";
import { aboutTag, commentText } from "./about.ts";
import { limitsOf, writablesOf } from "./limits.ts";

const C_TYPES: Readonly<Record<Exclude<Scalar, "string">, string>> = {
  bool: "int",
  i8: "int8_t", i16: "int16_t", i32: "int32_t", i64: "int64_t",
  u8: "uint8_t", u16: "uint16_t", u32: "uint32_t", u64: "uint64_t",
  f32: "float", f64: "double",
};

const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, "0")}u`;

/** `ipa`: where the guest finds its image. */
export function cHeader(table: PartitionTags, source: string, ipa: number): string {
  const guard = `AXV_TAGS_${table.partition.toUpperCase().replaceAll("-", "_")}_H`;
  const origin = `Made by "axv-part tags --c" of ${commentText(source)}: change that, not this.`;
  const [first] = table.tags;
  const value = first?.type.scalar === "string" ? '"…"' : first?.type.count === undefined ? "1" : "0, 1";
  return `/* The tags of partition "${table.partition}". ${origin}
 *
 *     axv_tags_t tags;
 *     axv_tags_open(&tags, mapped, AXV_TAGS_TABLE, AXV_TAGS_SIZE);  // once; mapped: where the image is, AXV_TAGS_SIZE bytes
 *     axv_tags_begin(&tags);                                        // each scan: between these two,
 *     axv_set_${cName(first?.name ?? "")}(&tags, ${value});
 *     axv_tags_end(&tags, time);                                    // nobody sees one value without the others */
#ifndef ${guard}
#define ${guard}

#include "axv.h"

#define AXV_TAGS_TABLE ${hex32(layoutSum(table))}
#define AXV_TAGS_SIZE  ${table.size}u
#define AXV_TAGS_IPA   0x${ipa.toString(16)}u /* in its channel, or behind the mailbox */

${table.tags.map(accessors).join("\n\n")}
${written(table)}
#endif
`;
}

const WRITTEN =
  "What is written from outside goes into the guest's own memory, a batch as a whole or not at all, " +
  "and only what this table allows";
const ALIGNED = "(AXV_TAGS_SIZE + AXV_TAG_WRITES_ALIGN - 1u) / AXV_TAG_WRITES_ALIGN * AXV_TAG_WRITES_ALIGN";
const CHANNEL_SIZE = `(${ALIGNED} + AXV_TAG_WRITES_BYTES)`;

/** What may be written, if anything. */
function written({ tags }: PartitionTags): string {
  const writables = writablesOf(tags);
  const [first] = writables;
  if (first === undefined) return "";
  const rows = writables.map((tag) => {
    const { offset, count, size, kind, low, high } = limitsOf(tag);
    return `    { ${offset}, ${count}, ${size}, ${kind}, ${low}u, ${high}u }, /* ${tag.name} */`;
  });
  return `
/* ${WRITTEN}:
 *
 *     static unsigned char values[AXV_TAGS_SIZE];       // the guest's own
 *     static axv_writes_t writes;
 *     axv_writes_open(&writes, mapped, values);         // once; mapped as above, but AXV_TAGS_CHANNEL_SIZE bytes
 *     axv_preset_${cName(first.name)}(&writes, …);          // what it is until somebody writes it
 *     axv_take_writes(&writes);                         // each scan, before the values are used
 *     … axv_get_${cName(first.name)}(&writes) …              // and what it is now is shown by axv_set_${cName(first.name)}() */
#define AXV_TAGS_CHANNEL_SIZE ${CHANNEL_SIZE}
static const axv_writable_t axv_writables[] = {
${rows.join("\n")}
};

static inline int axv_writes_open(axv_writes_t *writes, void *mapped, unsigned char *values) {
    return axv_writes_begin(writes, mapped, AXV_TAGS_SIZE, AXV_TAGS_TABLE, axv_writables, ${writables.length}, values);
}

${writables.map(writtenAccessors).join("\n\n")}
`;
}

function writtenAccessors({ name, type, offset }: Tag): string {
  const id = cName(name);
  if (type.scalar === "string") {
    const preset = `axv_preset_text(writes->values + ${offset}, text, ${type.text})`;
    return `/* ${name}: into \`text\`, ${type.text + 1} bytes of room, with a NUL behind it. */
static inline void axv_get_${id}(const axv_writes_t *writes, char *text) { axv_written_text(writes->values + ${offset}, text); }
static inline void axv_preset_${id}(axv_writes_t *writes, const char *text) { ${preset}; }`;
  }
  const c = C_TYPES[type.scalar];
  const isFloat = type.scalar.startsWith("f");
  const element = type.count === undefined ? "" : ` + ${type.size} * (index < ${type.count} ? index : 0)`;
  const at = `writes->values + ${offset}${element}`;
  const index = type.count === undefined ? "" : ", uint32_t index";
  const guard = type.count === undefined ? "" : `if (index < ${type.count}) `;
  const kind = type.size === 4 ? "float" : "double";
  const got = isFloat
    ? `axv_written_${kind}(${at})`
    : type.scalar === "bool"
      ? `axv_tag_bits(${at}, 1) != 0`
      : `(${c})axv_tag_bits(${at}, ${type.size})`;
  const bits = type.scalar === "bool" ? "value != 0" : `(uint64_t)value`;
  const put = isFloat ? `axv_preset_${kind}(${at}, value)` : `axv_tag_keep(${at}, ${bits}, ${type.size})`;
  const both = `/* ${name} */
static inline ${c} axv_get_${id}(const axv_writes_t *writes${index}) { return ${got}; }
static inline void axv_preset_${id}(axv_writes_t *writes${index}, ${c} value) { ${guard}${put}; }`;
  return isFloat ? `#if defined(__ARM_FP) || !defined(__aarch64__)\n${both}\n#endif` : both;
}

function accessors(tag: Tag): string {
  const { name, type, offset } = tag;
  const comment = `/* ${name}: ${aboutTag(tag)} */`;
  const id = cName(name);
  if (type.scalar === "string") {
    return `${comment}
static inline void axv_set_${id}(axv_tags_t *tags, const char *text) { axv_tag_set_text(tags, ${offset}, text, ${type.text}); }`;
  }
  const c = C_TYPES[type.scalar];
  const bits = 8 * type.size;
  const at = type.count === undefined ? String(offset) : `${offset} + ${type.size} * index`;
  const index = type.count === undefined ? "" : "uint32_t index, ";
  const guarded = type.count === undefined ? "" : `if (index < ${type.count}) `;
  const setter =
    type.scalar === "f32" ? "axv_tag_set_float" : type.scalar === "f64" ? "axv_tag_set_double" : `axv_tag_set${bits}`;
  const raw = type.scalar === "bool" ? "value != 0" : type.scalar.startsWith("f") ? "value" : `(uint${bits}_t)value`;
  const whole = `${comment}
static inline void axv_set_${id}(axv_tags_t *tags, ${index}${c} value) { ${guarded}${setter}(tags, ${at}, ${raw}); }`;
  return type.scalar.startsWith("f") ? `#if defined(__ARM_FP) || !defined(__aarch64__)\n${whole}\n#endif` : whole;
}
