// What a probe found, for people and for programs; and the shelf of profiles as a table.
import { ISA_TITLES } from "../../boards/isa.ts";
import { formatSize, formatSpan, hex } from "../../partitions/units.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";
import { layOutFolded } from "../run/columns.ts";
import type { Paint } from "../run/paint.ts";
import { gicVersions } from "./probe.ts";
import type { Probe } from "./probe.ts";

const FORMATS = { "arm64-image": "arm64 Image", "riscv-image": "riscv Image", elf: "ELF", raw: "raw binary" } as const;
const INDENT = 10;

export function formatProbe(found: Probe, paint: Paint): string {
  const { file, format, isa, bytes, placed, profile, because, possible, missing } = found;
  const line = (title: string, texts: readonly string[]): string[] =>
    texts.map((text, index) => `  ${paint("dim", (index === 0 ? title : "").padEnd(INDENT))}${text}`);
  const notes = profile === undefined ? [] : [...tried(profile), ...profile.notes];
  return [
    `${paint("bold", file)}: ${FORMATS[format]}, ${isa}, ${formatSize(bytes)}`,
    ...line("profile", [describeProfile(profile, because, possible)]),
    ...line("loads", [
      placed === undefined
        ? "wherever its partition's memory is"
        : `${formatSpan(placed.span)} (IPA), entered at ${hex(placed.entry)}`,
    ]),
    ...line("code", [describeCode(found)]),
    ...line("missing", missing.length === 0 ? ["nothing"] : missing),
    ...line("mind", notes),
    ...(profile === undefined ? [] : ["", ...snippet(profile, file)]),
  ].join("\n");
}

function describeProfile(profile: Profile | undefined, because: string | undefined, possible: readonly string[]): string {
  if (profile !== undefined) return `${profile.name}: ${profile.description}, for it holds "${because?.trim() ?? ""}"`;
  return possible.length === 0 ? "none fits" : `none is certain; by format and addresses: ${possible.join(", ")}`;
}

function describeCode(found: Probe): string {
  if (found.code === undefined) return "not looked at";
  const { timers, conduits } = found.code;
  const versions = gicVersions(found);
  return [
    `GICv${versions.join(" or v")}`,
    timers.length === 0 ? "no timer" : `${timers.join(" and ")} timer`,
    conduits.length === 0 ? "no PSCI" : `PSCI by ${conduits.join(" or ")}`,
  ].join("; ");
}

const tried = ({ booted }: Profile): string[] =>
  booted === undefined ? ["the profile is written from reading: no build of it has run under this hypervisor yet"] : [];

const controllerOf = (profile: Profile): string =>
  profile.isa === "aarch64" ? `GIC ${profile.gic.map((version) => `v${version}`).join(" ")}` : profile.controllers.join(" ");

const snippet = ({ name }: Profile, file: string): string[] => [
  "  partitions:",
  `    ${name}:`,
  `      guest: ${name}`,
  `      image: ${file}`,
  "      cpus: [3]",
];

/** The same for programs: plain data, addresses as numbers, the profile by its name. */
export function probeJson(found: Probe): unknown {
  const { profile, because, ...rest } = found;
  const notes = profile === undefined ? [] : profile.notes;
  return { ...rest, profile: profile?.name ?? null, because: because ?? null, gic: gicVersions(found), notes };
}

/** `width`: of the terminal, to which it is folded. */
export function formatProfiles(profiles: readonly Profile[], paint: Paint, width = Infinity): string {
  const tables = layOutFolded<Profile>(
    [
      { title: "guest", align: "left", cell: ({ name }) => name },
      { title: "image", align: "left", cell: ({ image }) => image.formats.map((format) => FORMATS[format]).join(", ") },
      { title: "linked for", align: "left", cell: ({ image }) => (image.load === undefined ? "" : hex(image.load)) },
      { title: "memory", align: "right", cell: ({ memory }) => formatSize(memory.size) },
      { title: "at (IPA)", align: "left", cell: ({ memory: { ipa } }) => (ipa === "identity" ? "as PA" : hex(ipa)) },
      { title: "ISA", align: "left", cell: ({ isa }) => ISA_TITLES[isa] },
      { title: "interrupts by", align: "left", cell: controllerOf },
      { title: "timer", align: "left", cell: (profile) => (profile.isa === "aarch64" ? profile.timer : "Sstc") },
      {
        title: "masks by PMR",
        align: "left",
        cell: ({ exits }) => (exits === undefined ? "?" : "pmr" in exits ? "yes" : "no"),
      },
      { title: "prints", align: "left", cell: ({ prints }) => (prints ? "yes" : "no") },
      { title: "PSCI", align: "left", cell: (profile) => (profile.isa === "aarch64" ? profile.psci : "SBI") },
      { title: "device tree", align: "left", cell: (profile) => (profile.device_tree === undefined ? "no" : "yes") },
      { title: "has run here", align: "left", cell: ({ booted }) => booted ?? "not yet" },
    ],
    profiles,
    width,
  );
  return tables.map(([titles = "", ...rows]) => [paint("dim", titles), ...rows].join("\n")).join("\n\n");
}
