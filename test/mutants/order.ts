// Which tests a mutant is put to, and in which order: those first that are likely to notice it. They run on the simulated
// machine; assembly is no part of that, and has tests of its own.
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "../../tools/build/files.ts";

/** Broad and quick ones, most useful first. */
const BROAD = [
  "boot",
  "maintenance",
  "interrupts",
  "direct",
  "pause",
  "psci",
  "faults",
  "gicd",
  "commands",
  "directStop",
  "gicv2",
  "hypercall",
  "timers",
];
/** Tests of a file that has another name. */
const BESIDES: Readonly<Record<string, readonly string[]>> = {
  lifecycle: ["maintenance", "pause", "directStop", "psci", "gicd", "bandwidth", "faults", "held"],
  loads: ["maintenance", "colours"],
  tables: ["stage2", "boot"],
  reset: ["maintenance", "timers", "gicd", "directStop"],
  gic: ["boot", "direct", "interrupts", "boardFacts", "firmwareGic", "directStop", "blobFeatures", "gicv2"],
  boot: ["boardFacts", "stage2", "blob", "reset"],
  gicv3: ["direct", "interrupts", "directStop", "trust"],
  gicv2: ["gicv2Direct", "interrupts", "listRegisters", "directStop"],
  cpuInterface: ["direct", "gicv2Direct", "trust", "listRegisters"],
  vgicd: ["gicd", "gicv2"],
  vgicr: ["gicd", "listRegisters"],
  vgicv2: ["gicv2", "vgic"],
  irq: ["interrupts", "listRegisters"],
  housekeeper: ["commands", "console", "bandwidth"],
  uplink: ["commands", "console"],
  frame: ["commands", "console"],
  telemetry: ["commands"],
  cbor: ["commands"],
  tags: ["tagImages"],
  blobCheck: ["promises", "blob", "blobFeatures"],
  loadStore: ["emptySyndrome"],
  listRegisters: ["reference", "vgic", "interrupts", "eoirStorm"],
  sysregTrap: ["sysreg", "quickTraps", "direct"],
  clusterWays: ["ways"],
  partition: ["pause", "faults", "commands", "directStop", "hypercall"],
  trap: ["faults", "hypercall", "gicd"],
  vpl011: ["console"],
  pl011: ["console", "boot"],
  print: ["boot", "faults"],
  panic: ["faults", "takeover"],
  events: ["faults", "commands"],
  sgis: ["sgi", "gicv2"],
  waiting: ["listRegisters", "reference"],
  interruptState: ["vgic", "gicd", "gicv2", "reference"],
  interrupts: ["gicd", "listRegisters"],
  priorities: ["gicd", "interrupts", "listRegisters"],
  sysregs: ["boot", "sysreg"],
  esr: ["gicd", "emptySyndrome", "faults"],
  firmwareTree: ["seed"],
  entropy: ["seed"],
  crc32: ["console", "commands"],
  blob: ["blob", "boot"],
  boardCheck: ["boardFacts"],
  caches: ["sysreg", "boardFacts"],
  devices: ["gicd", "gicv2", "console"],
  kicks: ["directStop", "pause", "barriers"],
  parked: ["maintenance", "pause", "bandwidth", "takeover"],
  ownMemory: ["boot", "blob", "stage1"],
  facts: ["boardFacts"],
  descriptors: ["stage2", "boot", "stage1", "boardFacts"],
  pages: ["stage2", "boot"],
  registers: ["gicd", "sysreg"],
  inject: ["sysreg", "emptySyndrome"],
  quickTraps: ["gicd", "vgic", "gicv2"],
  vcpu: ["boot", "gicd"],
  time: ["commands", "hypercall"],
  sha2: ["crypto"],
  ed25519: ["crypto"],
  field25519: ["crypto"],
};
const FOLDER = "test/core";
/** Executes it. */
const ASSEMBLY = ["test/core/entry/entry.test.ts"];
/** Takes minutes, or boots machines. */
const SLOW = /qemu|races\.test/i;

/** Tests of what a source is about, by their names. */
export function likelyFor(file: string): readonly string[] {
  const name = basename(file, ".ts");
  return [name, ...(BESIDES[name] ?? [])];
}

export function testsFor(file: string): string[] {
  const all = readdirSync(join(ROOT, FOLDER))
    .filter((name) => name.endsWith(".test.ts") && !SLOW.test(name))
    .map((name) => `${FOLDER}/${name}`);
  if (file.endsWith(".S")) return ASSEMBLY;
  const likely = [...likelyFor(file), ...BROAD];
  const rank = (test: string): number => {
    const at = likely.indexOf(basename(test, ".test.ts"));
    return at < 0 ? likely.length : at;
  };
  return all.sort((a, b) => rank(a) - rank(b));
}
