// Whether a blob's partitions are apart, by what its records say alone, and by what is where on QEMU's virt machine: nothing here
// is of the core, of the proof, or of the planner.
import type { Blob, BlobRecord } from "../../partitions/blob/codec.ts";

interface Page {
  readonly owner: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly region: BlobRecord;
}

const PAGE = 4096n;
const RAM = { from: 0x4000_0000n, to: 0x8000_0000n };
const [IS_RAM, IS_DEVICE, IS_CHANNEL] = [0, 1, 2];
const EXECUTE = 4;
const BLOB_ROOM = 16384n;

/** Of a GICv3 with four pCPUs; of a GICv2; UART. */
const DRIVEN_V3 = [[0x0800_0000n, 0x0801_0000n], [0x080a_0000n, 0x0812_0000n], [0x0900_0000n, 0x0900_1000n]] as const;
const DRIVEN_V2 = [[0x0800_0000n, 0x0800_1000n], [0x0801_1000n, 0x0801_2000n], [0x0803_0000n, 0x0803_2000n],
  [0x0900_0000n, 0x0900_1000n]] as const;

const big = (record: BlobRecord, field: string): bigint => BigInt(record[field] ?? 0);

function own(blob: Blob, partition: BlobRecord, kind: string): readonly BlobRecord[] {
  const stem = kind.toLowerCase();
  const first = Number(partition[`${stem}First`]);
  return (blob.records[kind] ?? []).slice(first, first + Number(partition[`${stem}Count`]));
}

function pagesOf(blob: Blob, owner: number, region: BlobRecord): Page[] {
  const [pa, size, colours] = [big(region, "pa"), big(region, "size"), big(region, "colours")];
  const count = big(blob.header, "colourCount");
  if (colours === 0n || count === 0n) return [{ owner, from: pa, to: pa + size, region }];
  const pages: Page[] = [];
  for (let at = pa; BigInt(pages.length) * PAGE < size && at - pa < 1n << 32n; at += PAGE) {
    if (((colours >> ((at / PAGE) % count)) & 1n) !== 0n) pages.push({ owner, from: at, to: at + PAGE, region });
  }
  return pages;
}

/** Both partitions declare it as the two ends of one channel. */
function isChannel(blob: Blob, a: Page, b: Page): boolean {
  const declares = (page: Page, peer: number): boolean =>
    own(blob, blob.records["Partition"]?.[page.owner] ?? {}, "Channel").some((end) =>
      Number(end["peer"]) === peer && end["ipa"] === page.region["ipa"] && end["size"] === page.region["size"]);
  return a.region["kind"] === IS_CHANNEL && b.region["kind"] === IS_CHANNEL && a.from === b.from
    && a.to === b.to && declares(a, b.owner) && declares(b, a.owner);
}

/** The CPU interface of a GICv2, which each pCPU has for itself at the same place. */
const isInterface = (isV2: boolean, { from, to }: Page): boolean =>
  isV2 && ((from >= 0x0804_0000n && to <= 0x0804_2000n) || (from >= 0x0801_0000n && to <= 0x0801_1000n));

export function together(blob: Blob): string[] {
  const partitions = blob.records["Partition"] ?? [];
  const isV2 = blob.machine["gicVersion"] === 2;
  const pages = partitions.flatMap((partition, owner) =>
    own(blob, partition, "Region").flatMap((region) => pagesOf(blob, owner, region)));
  const found: string[] = [];
  const base = big(blob.header, "imageBase");
  const driven = [...(isV2 ? DRIVEN_V2 : DRIVEN_V3), [base, base + big(blob.header, "hypervisorSize") + BLOB_ROOM] as const];
  for (const page of pages) {
    const { owner, from, to, region } = page;
    const at = from.toString(16);
    if (driven.some(([start, end]) => from < end && start < to)) found.push(`${owner} has ${at}: the hypervisor's`);
    const inside = from >= RAM.from && to <= RAM.to;
    const outside = to <= RAM.from || from >= RAM.to;
    if (region["kind"] === IS_DEVICE ? !outside : !inside) found.push(`${owner} has ${at} as what it is not`);
    if (region["kind"] !== IS_RAM && (Number(region["access"]) & EXECUTE) !== 0) found.push(`${owner} executes what is no RAM`);
  }
  const sorted = pages.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  sorted.forEach((one, n) => {
    for (let m = n + 1; m < sorted.length; m++) {
      const other = sorted[m];
      if (other === undefined || other.from >= one.to) break;
      if (one.owner === other.owner) continue;
      if (isChannel(blob, one, other) || (isInterface(isV2, one) && isInterface(isV2, other))) continue;
      found.push(`partitions ${one.owner} and ${other.owner} have ${other.from.toString(16)}`);
    }
  });
  partitions.forEach((partition, owner) => {
    const regions = own(blob, partition, "Region");
    const isIn = (kind: number, place: "ipa" | "pa", at: bigint, size: bigint): boolean => regions.some((region) =>
      region["kind"] === kind && at >= big(region, place) && at + size <= big(region, place) + big(region, "size"));
    for (const { pa } of own(blob, partition, "Quiesce")) {
      if (!isIn(IS_DEVICE, "pa", BigInt(pa ?? 0), 4n)) found.push(`${String(pa)} is written when ${owner} stops`);
    }
    for (const load of own(blob, partition, "Load")) {
      const target = big(load, "target");
      if (!isIn(IS_RAM, "ipa", target, big(load, "size"))) found.push(`${target} is written when ${owner} starts`);
    }
  });
  const lines = partitions.flatMap((partition, owner) => own(blob, partition, "Interrupt").map(({ line }) => ({ line, owner })));
  lines.forEach(({ line, owner }, n) => {
    const twin = lines.find((other, m) => m < n && other.line === line && other.owner !== owner);
    if (twin !== undefined) found.push(`interrupt ${String(line)} is in ${twin.owner} and ${owner}`);
  });
  partitions.forEach((partition, owner) => {
    const others = partitions.filter((other, m) => m < owner && (Number(other["cpus"]) & Number(partition["cpus"])) !== 0);
    if (others.length > 0) found.push(`a pCPU of partition ${owner} is another's, too`);
  });
  (blob.records["Cpu"] ?? []).forEach(({ partition }, n) => {
    const said = partitions.flatMap(({ cpus }, owner) => (((Number(cpus) >>> n) & 1) !== 0 ? [owner] : []));
    const itself = partition === 0xffff_ffff ? "" : String(partition);
    if (String(said) !== itself) found.push(`pCPU ${n} is said to be of ${String(partition)}`);
  });
  return found;
}
