// The hypervisor's own translation (arch/aarch64/stage1.ts): what it reaches for is mapped, at its own address, and nothing
// else is.
import { expect, test } from "vitest";
import { BLOB_MAX_BYTES } from "../../partitions/blob/layout.table.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { LINUX, mailbox, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { Leaf } from "../../tools/machine/aarch64/stage1.ts";
import { Bench, GICS } from "./bench.ts";

const PAGE = 0x1000;
const [GICD_V3, GICR, GICD_V2, GICC, GICH] = [0x1_0000, 0x2_0000, 0x1000, 0x2000, 0x2000];

type Mapped = Pick<Leaf, "va" | "size" | "device" | "writable">;

/** In order, neighbours of one kind joined. */
function joined(leaves: readonly Mapped[]): Mapped[] {
  const result: Mapped[] = [];
  for (const { va, size, device, writable } of [...leaves].sort((a, b) => a.va - b.va)) {
    const last = result.at(-1);
    if (last !== undefined && last.va + last.size === va && last.device === device && last.writable === writable)
      result[result.length - 1] = { ...last, size: last.size + size };
    else result.push({ va, size, device, writable });
  }
  return result;
}

/** The hypervisor's UART in the middle of an odd page: its registers are still mapped by whole pages. */
const BOARDS = [...GICS, ["GICv3, another UART", { ...qemuVirt, uart: 0x0901_1040 }]] as const;
const BOTH = BOARDS.flatMap(
  ([name, board]) =>
    [
      [name, "no channel", board, false],
      [name, "of the channel what its tags are in", board, true],
    ] as const,
);

test.each(BOTH)(
  "%s: image, UART, GIC, partitions' memory and mailboxes, registers that silence devices; %s, no other device",
  (_, __, board, tags) => {
    // The first one's tags are behind its mailbox, the other one's in the channel.
    const behindMailbox = { ipa: 0x5800_1000, size: 0x1000, overLink: true };
    const inChannel = { ipa: 0x5000_0000, size: 0x100, overLink: true };
    const partitions = [
      {
        ...LINUX,
        quiesce: [...(LINUX.quiesce ?? []), { pa: 0x0a00_3070, value: 0 }],
        regions: [...LINUX.regions, mailbox(0x5800_0000, 0x5800_0000, 0x2000)],
        ...(tags && { tagImage: behindMailbox }),
      },
      { ...PLC, regions: [...PLC.regions, mailbox(0x5000_1000, 0x5000_1000)], ...(tags && { tagImage: inChannel }) },
    ];
    const { machine, system } = new Bench({ ...STANDARD, board, partitions });
    const memory = (va: number, size: number, writable = true): Mapped => ({ va, size, device: false, writable });
    const registers = (va: number, size: number): Mapped => ({ va, size, device: true, writable: true });
    const { imageBase, imageSize, uart, gicd, gicc, gich, cpus } = board;
    const behind = Math.max(system.plan.image.size - imageSize, BLOB_MAX_BYTES);
    const leaves = machine.stage1.list();
    expect(leaves.filter(({ va, pa }) => va !== pa)).toEqual([]);
    expect(joined(leaves)).toEqual(
      joined(
        [
          memory(imageBase, imageSize),
          memory(imageBase + imageSize, Math.ceil(behind / PAGE) * PAGE, false),
          ...partitions.flatMap(({ regions }) =>
            regions.filter(({ kind }) => kind === "ram" || kind === "mailbox").map(({ pa, size }) => memory(pa, size)),
          ),
          ...(tags ? [memory(0x5000_0000, PAGE)] : []),
          registers(uart - (uart % PAGE), PAGE),
          ...new Set(system.silencers.map((pa) => pa - (pa % PAGE))),
        ]
          .map((one) => (typeof one === "number" ? registers(one, PAGE) : one))
          .concat(
            board.gicVersion === 2
              ? [registers(gicd, GICD_V2), registers(gicc, GICC), registers(gich, GICH)]
              : [registers(gicd, GICD_V3), ...cpus.map(({ gicr }) => registers(gicr, GICR))],
          ),
      ),
    );
  },
);
