// A device tree, with what all that is asked of it begins with: of an Arm board its GIC, its interrupts, its pCPUs.
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import type { Fdt, FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cpusOf } from "./cpus.ts";
import type { Cpus } from "./cpus.ts";
import { gicNodeOf } from "./gic.ts";
import { Interrupts } from "./interrupts.ts";
import { isRiscv, openRiscv } from "./riscv64/tree.ts";
import type { RiscvTree } from "./riscv64/tree.ts";

export interface Tree {
  readonly isa: "aarch64";
  readonly fdt: Fdt;
  readonly places: Places;
  readonly cpus: Cpus;
  readonly gicNode: FdtNode;
  readonly interrupts: Interrupts;
}

/** Throws FdtError, or BoardError where it is no tree of a board that the hypervisor runs on. */
export function openTree(blob: Uint8Array): Tree {
  const fdt = readFdt(blob);
  return openArm(fdt, new Places(fdt));
}

/** The same of a tree of any ISA. */
export function openAnyTree(blob: Uint8Array): Tree | RiscvTree {
  const fdt = readFdt(blob);
  const places = new Places(fdt);
  return isRiscv(places) ? openRiscv(fdt, places) : openArm(fdt, places);
}

function openArm(fdt: Fdt, places: Places): Tree {
  const cpus = cpusOf(places, fdt.bootCpu);
  const gicNode = gicNodeOf(places);
  return { isa: "aarch64", fdt, places, cpus, gicNode, interrupts: new Interrupts(places, gicNode) };
}
