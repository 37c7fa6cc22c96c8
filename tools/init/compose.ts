// A first system.yaml from few answers: which pCPUs and how much memory each partition gets, and what else its guest needs to
// pass `check`.
import type { Board } from "../../boards/schema.ts";
import { pcpusOf } from "../../partitions/isas.ts";
import { alignDown, BLOCK, formatSize } from "../../partitions/units.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";
import { InitError } from "./errors.ts";

export interface WantedPartition {
  readonly name: string;
  readonly profile: Profile;
  /** As it is to stand in the file; undefined: the profile's own. */
  readonly image: string | undefined;
}

/** What a Linux partition gets its disk and its network by, where the board has them. */
const LINUX_DEVICES = ["virtio0", "virtio1"];
const LINUX_GUEST = "linux";

export function compose(board: Board, partitions: readonly WantedPartition[]): string {
  const cpus = shareCpus(board, partitions);
  const others = partitions.filter(({ profile }) => !profile.realtime);
  const [first] = others.filter(({ profile }) => profile.name === LINUX_GUEST);
  const blocks = partitions.map((partition) => {
    const { name, profile, image } = partition;
    const lines = [
      `guest: ${profile.name}`,
      ...(image === undefined ? [] : [`image: ${JSON.stringify(image)}`]),
      `cpus: [${(cpus.get(name) ?? []).join(", ")}]`,
    ];
    if (profile.isa === "riscv64" && profile.controllers.includes("imsic")) lines.push("interrupts: direct");
    // Several that are as large as their profile says may be more than there is.
    if (!profile.realtime) lines.push(`memory: ${formatSize(alignDown(profile.memory.size / others.length, BLOCK))}`);
    if (partition === first && LINUX_DEVICES.every((device) => Object.hasOwn(board.devices, device))) {
      lines.push(
        `devices: [${LINUX_DEVICES.join(", ")}]   # its disk and its network`,
        "accepts: [dma]               # no IOMMU stands behind them",
      );
    }
    lines.push("on_failure: restart");
    return [`  ${name}:`, ...lines.map((line) => `    ${line}`)].join("\n");
  });
  const spare = pcpusOf(board).length - [...cpus.values()].flat().length;
  const counted = spare === 1 ? "1 pCPU is" : `${spare} pCPUs are`;
  return [
    "# Made by axv-part init. README.md of axv-part tells what else can stand here, partitions/system.schema.json every key.",
    `board: ${board.name}`,
    "",
    `partitions:${spare > 0 ? ` # ${counted} spare: there the hypervisor does its housekeeping` : ""}`,
    blocks.join("\n\n"),
    ...channel(partitions),
    "",
  ].join("\n");
}

/** The first that writes a process image, and the first that reads one. */
function channel(partitions: readonly WantedPartition[]): string[] {
  const [writer, reader] = (["writes", "reads"] as const).map((role) =>
    partitions.find(({ profile }) => profile.process_image === role),
  );
  if (writer === undefined || reader === undefined) return [];
  return ["", "channels:", "  process-image:", `    between: [${writer.name}, ${reader.name}]`, "    size: 4K"];
}

/** Real-time guests get one pCPU each, from the last one down; the others share the rest, but for one spare if there is one. */
function shareCpus(board: Board, partitions: readonly WantedPartition[]): Map<string, number[]> {
  const count = pcpusOf(board).length;
  if (partitions.length > count) throw new InitError("AXV_INIT_FULL", String(partitions.length), String(count));
  const realtime = partitions.filter(({ profile }) => profile.realtime);
  const others = partitions.filter(({ profile }) => !profile.realtime);
  const shared = Math.max(others.length, count - realtime.length - 1);
  const each = others.length === 0 ? 0 : Math.floor(shared / others.length);
  const shares = new Map<string, number[]>();
  for (const [index, { name }] of realtime.entries()) shares.set(name, [count - 1 - index]);
  for (const [index, { name }] of others.entries()) shares.set(name, Array.from({ length: each }, (_, at) => index * each + at));
  return shares;
}
