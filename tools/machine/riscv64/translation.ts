// What becomes of a guest's address: through its own tables (vsatp), whose entries are found through the hypervisor's (hgatp),
// and those through the TLB, which may know better, or worse, than the tables (../tlb.ts).
import { MachineError } from "../errors.ts";
import type { PhysicalMemory } from "../memory.ts";
import type { TableWrites } from "../tableWrites.ts";
import type { Tlb } from "../tlb.ts";
import { MODE_BARE, MODE_SHIFT, MODE_SV39, PPN_MASK, VMID_MASK, VMID_SHIFT } from "./csrs.ts";
import type { Hart } from "./hart.ts";
import { permits, Sv39 } from "./sv39.ts";
import type { Mapping } from "./sv39.ts";
import { GUEST_PAGE_FAULT, PAGE_FAULT } from "./traps.ts";
import type { Access, Trap } from "./traps.ts";

export type Walk = { readonly mapping: Mapping } | { readonly trap: Trap };

export interface Translating {
  readonly memory: PhysicalMemory;
  readonly tlb: Tlb<Mapping>;
  readonly tableWrites: TableWrites;
}

const GPA_SHIFT = 2n;
/** A guest's own walk has read an entry of 64 bits ("Transformed instruction or pseudoinstruction for mtinst or htinst"). */
const HTINST_WALK = 0x3000n;
const modeOf = (atp: bigint): number => Number(atp >> MODE_SHIFT);
export const vmidOf = (hgatp: bigint): number => Number((hgatp >> VMID_SHIFT) & VMID_MASK);

/** A guest-physical address, as far as the hypervisor's tables go. `va`, `htinst`: what a fault is told of. */
export function translate(machine: Translating, hart: Hart, gpa: number, access: Access, va = BigInt(gpa), htinst = 0n): Walk {
  const { tlb, memory, tableWrites } = machine;
  const hgatp = hart.csrs.read("hgatp");
  if (modeOf(hgatp) !== MODE_SV39) {
    throw new MachineError("MACHINE_STAGE2", `a guest runs with hgatp.MODE ${modeOf(hgatp)}: Sv39x4 is all that is allowed`);
  }
  const vmid = vmidOf(hgatp);
  let mapping = tlb.find(hart.index, vmid, gpa, hart.lives);
  if (mapping === undefined) {
    const read = (pa: number): bigint => {
      const entry = memory.read64(pa);
      if ((entry & 1n) !== 0n) tableWrites.walk(hart.index, pa, false);
      return entry;
    };
    mapping = new Sv39(hgatp & PPN_MASK, true, read).translate(gpa);
    if (mapping !== undefined) tlb.fill(hart.index, vmid, gpa, hart.lives, mapping);
  }
  if (mapping !== undefined && permits(mapping, access)) return { mapping };
  return { trap: { cause: GUEST_PAGE_FAULT[access], tval: va, gpa: BigInt(gpa) >> GPA_SHIFT, htinst } };
}

/**
 * The same of a guest-virtual address. Its own tables' entries are looked at as they are now: what it does to itself is its own
 * business.
 */
export function translateVirtual(machine: Translating, hart: Hart, va: bigint, access: Access): Walk {
  const vsatp = hart.csrs.read("vsatp");
  if (modeOf(vsatp) === MODE_BARE) return translate(machine, hart, Number(va), access, va);
  let trap: Trap | undefined;
  const read = (at: number): bigint => {
    // An implicit read: whatever the guest wanted, that faults as its access does.
    const walk = translate(machine, hart, at, "read", va, HTINST_WALK);
    if ("mapping" in walk) return machine.memory.read64(walk.mapping.pa + (at - walk.mapping.ipa));
    trap ??= { ...walk.trap, cause: GUEST_PAGE_FAULT[access] };
    return 0n;
  };
  const own = isCanonical(va) ? new Sv39(vsatp & PPN_MASK, false, read).translate(Number(BigInt.asUintN(39, va))) : undefined;
  if (trap !== undefined) return { trap };
  if (own === undefined || !permits(own, access)) return { trap: { cause: PAGE_FAULT[access], tval: va, gpa: 0n, htinst: 0n } };
  return translate(machine, hart, own.pa + (Number(BigInt.asUintN(39, va)) - own.ipa), access, va);
}

/** Bits 63…39 of an address are as bit 38. */
const isCanonical = (va: bigint): boolean => BigInt.asUintN(64, BigInt.asIntN(39, va)) === BigInt.asUintN(64, va);
