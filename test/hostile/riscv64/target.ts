// What a hostile guest on RISC-V sees, and what is not its, by the plan.
import type { Riscv64Plan } from "../../../partitions/plan/plan.ts";

export interface Place {
  readonly what: string;
  readonly at: number;
}

export interface Target {
  readonly direct: boolean;
  readonly vcpus: number;
  readonly ram: { readonly at: number; readonly size: number };
  /** Its interrupt files, one a vCPU; none: it is injected. */
  readonly files: readonly number[];
  /** Its channel with the neighbour. */
  readonly channel: number;
  readonly mailbox: number;
  readonly aplic: number;
  /** One of the two is 0. */
  readonly plic: number;
  readonly console: number;
  readonly rtc: number;
  readonly sources: readonly number[];
  /** Sources of its neighbour's. */
  readonly foreignSources: readonly number[];
  /** Physical addresses of what others have: its IPAs, at which it has nothing. */
  readonly foreign: readonly Place[];
  /** Of these, its neighbour's memory. */
  readonly neighbour: number;
}

const PAGE = 0x1000;
/** QEMU's `virt`: what no board.yaml has, as no partition can have it. */
const VIRT: readonly Place[] = [
  { what: "the power-off register", at: 0x10_0000 },
  { what: "the ACLINT's software interrupts", at: 0x200_0000 },
  { what: "firmware's APLIC", at: 0xc00_0000 },
  { what: "firmware's interrupt file of hart 0", at: 0x2400_0000 },
  { what: "flash", at: 0x2000_0000 },
  { what: "PCI's configuration space", at: 0x3000_0000 },
];

export function targetOf(plan: Riscv64Plan, name: string, neighbour: string): Target {
  const one = (wanted: string): Riscv64Plan["partitions"][number] => {
    const found = plan.partitions.find((partition) => partition.name === wanted);
    if (found === undefined) throw new RangeError(`no partition ${wanted}`);
    return found;
  };
  const [own, other] = [one(name), one(neighbour)];
  const regions = (kind: string, of = own) => of.regions.filter((region) => region.kind === kind);
  const [ram] = regions("ram");
  const [channel] = regions("channel");
  const [memory] = regions("ram", other);
  const [rtc] = own.devices.flatMap(({ windows }) => windows);
  if (ram === undefined || channel === undefined || memory === undefined || rtc === undefined) {
    throw new RangeError(`${name} lacks memory, a channel, or a device; or ${neighbour} memory`);
  }
  const { base, stride } = plan.imsic;
  const isOwn = (at: number): boolean => own.regions.some(({ ipa, size }) => at >= ipa && at < ipa + size);
  const files = plan.cpus.flatMap(({ hart }) => [
    { what: `the hypervisor's interrupt file of hart ${hart}`, at: base + hart * stride },
    { what: `the guest's interrupt file of hart ${hart}`, at: base + hart * stride + PAGE },
  ]);
  return {
    direct: own.direct,
    vcpus: own.cpus.length,
    ram: { at: ram.ipa, size: ram.size },
    files: regions("interface").map(({ ipa }) => ipa),
    channel: channel.ipa,
    mailbox: own.mailbox,
    aplic: own.aplic,
    plic: own.plic,
    console: own.console,
    rtc: rtc.base,
    sources: own.interrupts.map(({ intid }) => intid),
    foreignSources: other.interrupts.map(({ intid }) => intid),
    neighbour: memory.pa,
    foreign: [
      ...VIRT, ...files.filter(({ at }) => !isOwn(at)),
      { what: "the hypervisor's image", at: plan.image.base },
      { what: "its neighbour's memory", at: memory.pa },
      { what: "its own memory's place", at: ram.pa },
      { what: "a device of nobody's", at: 0x1000_1000 },
      { what: "the last page of RAM", at: (plan.ram[0]?.base ?? 0) + (plan.ram[0]?.size ?? 0) - PAGE },
      { what: "the page behind its memory", at: ram.ipa + ram.size },
      { what: "an address above its space", at: 2 ** 40 },
    ].filter(({ at }) => !isOwn(at)),
  };
}
