// How a vCPU of AArch64 could do something to pCPUs of others: PSCI calls, SGIs, its private interrupts, each with every target
// that it can name.
import { PSCI_CPU_OFF, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_VERSION } from "../../machine/aarch64/firmware.ts";
import type { Guest } from "../../machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../machine/aarch64/machine.ts";
import type { Declared } from "../declared.ts";
import type { Attempt } from "../others.ts";

const SMC64 = 0x4000_0000;
const PSCI_CPU_SUSPEND = PSCI_VERSION + 1;
const PSCI_LAST = 0x1f;
/** They end the caller's turn: the last one of a partition is stopped for itself (stopped). */
const ENDS: readonly number[] = [PSCI_CPU_SUSPEND, PSCI_CPU_OFF, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET];

// GICD_SGIR (IHI 0048, 4.3.15): TargetListFilter, to those of the list, to all others, to itself; CPUTargetList.
const GICD_SGIR = 0xf00;
const FILTERS = [0, 1, 2].map((filter) => filter << 24);
const ALL_INTERFACES = 0xff << 16;
// ICC_SGI1R_EL1 (IHI 0069, 12.2.18).
const SGI1R_IRM = 1n << 40n;
const SGI1R_TARGETS = 0xffffn;
const SGI1R_RS = [0n, 1n, 15n].map((selector) => selector << 44n);
const SGI_REGISTERS = ["ICC_SGI1R_EL1", "ICC_ASGI1R_EL1", "ICC_SGI0R_EL1"] as const;
/** One that guests use, that of the hypervisor's kick, the last one. */
const SGIS = [0, 7, 15] as const;

// A redistributor's two frames, and its second one's registers of SGIs and PPIs (IHI 0069, 12.11); GICv2 has these in GICD.
const GICR_BYTES = 0x2_0000;
const SGI_FRAME = 0x1_0000;
const PRIVATE = [0x100, 0x180, 0x200, 0x280, 0xc04, ...Array.from({ length: 8 }, (_, n) => 0x400 + 4 * n)] as const;
const ALL = 0xffff_ffffn;

export function tryOthers(machine: Aarch64Machine, declared: Declared, n: number, guest: Guest, attempt: Attempt): void {
  tryPsci(declared, guest, attempt);
  if (declared.partitions[n]?.trustedSgi !== true) trySgis(machine, declared, n, guest, attempt);
  attempt("private interrupts", () => writePrivate(declared, n, guest));
}

/** Affinities that a vCPU can have, that pCPUs have, and that nobody has. */
const affinities = ({ cpus }: Declared): bigint[] =>
  [...cpus.map((_, vcpu) => BigInt(vcpu)), ...cpus.map(({ id }) => BigInt(id)), BigInt(cpus.length), ALL, (1n << 64n) - 1n];

function tryPsci(declared: Declared, guest: Guest, attempt: Attempt): void {
  const entry = BigInt(guest.pcpu.code);
  for (const by of ["hvc", "smc"] as const) {
    for (let call = PSCI_VERSION; call <= PSCI_VERSION + PSCI_LAST; call++) {
      if (ENDS.includes(call)) continue;
      attempt(`PSCI call 0x${call.toString(16)}`, () => {
        for (const target of affinities(declared)) for (const width of [0, SMC64]) guest[by](call + width, target, entry, 0n);
      });
    }
  }
}

function trySgis(machine: Aarch64Machine, declared: Declared, n: number, guest: Guest, attempt: Attempt): void {
  const gicd = declared.partitions[n]?.gicd ?? 0;
  for (const intid of SGIS) {
    if (machine.board.gicVersion === 2)
      for (const filter of FILTERS)
        attempt(`SGI ${intid}`, () => guest.store(gicd + GICD_SGIR, 4, BigInt(filter | ALL_INTERFACES | intid)));
    else
      for (const register of SGI_REGISTERS)
        attempt(`SGI ${intid} by ${register}`, () => {
          const named = BigInt(intid) << 24n;
          guest.msr(register, SGI1R_IRM | named);
          for (const target of affinities(declared))
            for (const selector of SGI1R_RS) guest.msr(register, sgiAffinity(target) | selector | named | SGI1R_TARGETS);
        });
  }
}

/** MPIDR_EL1's Aff3, Aff2 and Aff1 where ICC_SGI1R_EL1 has them. */
const sgiAffinity = (mpidr: bigint): bigint =>
  (((mpidr >> 32n) & 0xffn) << 48n) | (((mpidr >> 16n) & 0xffn) << 32n) | (((mpidr >> 8n) & 0xffn) << 16n);

function writePrivate({ partitions }: Declared, n: number, guest: Guest): void {
  const { gicd = 0, gicr, cpus = [] } = partitions[n] ?? {};
  const frames = gicr === undefined ? [gicd] : cpus.map((_, vcpu) => gicr + vcpu * GICR_BYTES + SGI_FRAME);
  for (const frame of frames)
    for (const register of PRIVATE) for (const value of [ALL, 0n]) guest.store(frame + register, 4, value);
}
