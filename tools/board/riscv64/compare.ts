// A board.yaml of RISC-V beside a device tree: whatever both say, and say differently.
import type { Riscv64Board } from "../../../boards/schema.ts";
import type { Findings } from "../../../partitions/diagnostics/diagnostic.ts";
import { hex } from "../../../partitions/units.ts";
import { compareCaches, compareShared, differing, LEAVE_OUT, listed, NOTHING } from "../compare.ts";
import type { Differ } from "../compare.ts";
import { cachesOf } from "../cpus.ts";
import type { RiscvTree } from "./tree.ts";

export function compareRiscv(board: Riscv64Board, tree: RiscvTree, findings: Findings): void {
  const differ = differing(findings);
  compareHarts(board, tree, differ);
  compareAia(board, tree, differ);
  differ(["counter_hz"], "timebase-frequency", String(board.counter_hz), String(tree.harts.counterHz));
  compareShared(board, tree, tree.aia.nodes, { key: "source", one: "source" }, differ);
}

/** A file may say less than there is: fewer extensions, narrower addresses. */
function compareHarts({ cpus }: Riscv64Board, { harts, places }: RiscvTree, differ: Differ): void {
  for (const [cpu, hart] of cpus.harts.entries()) {
    const at = harts.ids.indexOf(hart);
    const [mine = NOTHING, theirs = NOTHING] = [cpus.compatible[cpu], harts.compatible[at]];
    if (at < 0) differ(["cpus", "harts", cpu], `pCPU ${cpu}`, `hart ${hart}`, "no such hart", LEAVE_OUT);
    else differ(["cpus", "compatible"], `the model of hart ${hart}`, mine, theirs);
  }
  for (const hart of harts.ids.filter((each) => !cpus.harts.includes(each)))
    differ(["cpus", "harts"], "a hart", "no such hart", `hart ${hart}`, `list ${hart}, too`);
  const more = cpus.extensions.filter((each) => !harts.extensions.includes(each));
  if (more.length > 0) differ(["cpus", "extensions"], "extensions", more.join(", "), "not on every hart", LEAVE_OUT);
  if (cpus.mmu > harts.mmu) differ(["cpus", "mmu"], "the MMU", cpus.mmu, harts.mmu);
  compareCaches(cpus.caches, cachesOf(places, harts), differ);
}

function compareAia({ imsic, aplic, cpus, spare_sources: [first, last] }: Riscv64Board, tree: RiscvTree, differ: Differ): void {
  const { aia, interrupts } = tree;
  differ(["imsic", "base"], "the first interrupt file", hex(imsic.base), hex(aia.imsic.base));
  differ(["imsic", "stride"], "the stride of interrupt files", hex(imsic.stride), hex(aia.imsic.stride));
  differ(["imsic", "identities"], "identities of an interrupt file", String(imsic.identities), String(aia.imsic.identities));
  differ(["aplic", "base"], "the APLIC", hex(aplic.base), hex(aia.aplic.base));
  differ(["aplic", "sources"], "sources of the APLIC", String(aplic.sources), String(aia.aplic.sources));
  const most = Math.max(0, ...cpus.guest_files);
  const { guestFiles: room } = aia;
  if (most > room) differ(["cpus", "guest_files"], "guest files", String(most), `room for ${room}`, `write ${room}, or fewer`);
  const used = [...interrupts.used()].filter((source) => source >= first && source <= last).sort((a, b) => a - b);
  if (used.length > 0)
    differ(
      ["spare_sources"], "spare sources", `${first} to ${last}`, `${listed(used)} have a use`, "give others as `spare_sources`",
    );
}
