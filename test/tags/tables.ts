// Tag tables for tests, planned of a system.yaml as a user writes it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlannedTags } from "../../partitions/tags/plan.ts";
import { formatLock } from "../../partitions/tags/lock.ts";
import type { Lock } from "../../partitions/tags/lock.ts";
import { plan } from "../partitions/systems.ts";

/** Partitions and the flow sequences of their tags. `lock`: what stands beside the file. Throws where there are errors. */
export function planned(
  partitions: Readonly<Record<string, string>>,
  lock?: Lock,
): PlannedTags & { readonly codes: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), "axv-tags-"));
  try {
    const file = join(folder, "plant.yaml");
    const entries = Object.entries(partitions).map(
      ([name, tags], cpu) => `  ${name}: { guest: plc, cpus: [${cpu}], tags: ${tags} }\n`,
    );
    writeFileSync(file, `board: qemu-aarch64\npartitions:\n${entries.join("")}`);
    if (lock !== undefined) writeFileSync(join(folder, "plant.tags.json"), formatLock(lock));
    const { system, diagnostics } = plan(file);
    if (system === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
    return { ...system.tags, codes: diagnostics.map(({ code }) => code) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A tag of each type. */
export const EVERY_TYPE = `[
  { name: Bool, type: bool }, { name: I8, type: i8 }, { name: U8, type: u8 }, { name: I16, type: i16 }, { name: U16, type: u16 },
  { name: I32, type: i32 }, { name: U32, type: u32 }, { name: I64, type: i64 }, { name: U64, type: u64 },
  { name: F32, type: f32 },
  { name: F64, type: f64 }, { name: Text, type: "string[6]" }, { name: List, type: "i16[3]" }, { name: Bits, type: "bool[2]" },
  { name: Doubles, type: "f64[2]" }, { name: Tank, type: { Level: f32, Full: bool } }]`.replaceAll("\n", "");
