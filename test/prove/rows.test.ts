// What each row of checks.table.ts would say of a core, or of a board, that is not right. A core that is right refuses most of it
// first; so what was found of one is changed here.
import { describe, expect, test } from "vitest";
import { CHECKS } from "../../tools/prove/checks.table.ts";
import type { Running } from "../../tools/prove/checks.table.ts";
import { prove } from "../../tools/prove/prove.ts";
import { sharedBy } from "../../tools/prove/shared.ts";
import { CORE, GICV2, imageOf, KNOWN, MIXED } from "./bench.ts";

const [NET, PLC, LOG] = [0, 1, 2];

function running(image: Uint8Array): Running {
  const { running: facts } = prove(image, CORE, KNOWN);
  if (facts === undefined) throw new Error("it does not run");
  return facts;
}

describe("each row by itself", () => {
  const facts = running(imageOf(MIXED));
  type Reach = Running["reaches"][number];
  /** A partition reaches something else; what is shared follows from that. */
  const reaching = (n: number, change: (reach: Reach) => Partial<Reach>, from = facts): Running => {
    const reaches = from.reaches.map((reach, at) => (at === n ? { ...reach, ...change(reach) } : reach));
    return { ...from, reaches, shared: sharedBy(reaches, from.declared, from.board) };
  };
  type Stretch = Reach["memory"][number];
  const stretch = (pa: number, more: Partial<Stretch> = {}): Stretch =>
    ({ ipa: pa, pa, size: 0x1000, access: "rw", memory: "Normal", ...more });
  const also = (n: number, ...more: readonly Stretch[]): Running =>
    reaching(n, ({ memory }) => ({ memory: [...memory, ...more] }));
  const rights = (n: number, access: string): Running =>
    reaching(n, ({ memory }) => ({ memory: memory.map((one) => ({ ...one, access })) }));
  const without = (n: number, left: (one: Stretch) => boolean): Running =>
    reaching(n, ({ memory }) => ({ memory: memory.filter((one) => !left(one)) }));
  const onPcpus = (n: number, change: (one: Reach["pcpus"][number]) => Partial<Reach["pcpus"][number]>): Running =>
    reaching(n, ({ pcpus }) => ({ pcpus: pcpus.map((one) => ({ ...one, ...change(one) })) }));
  const hearing = (n: number, ...more: readonly number[]): Running =>
    reaching(n, ({ lines }) => ({ lines: [...lines, ...more] }));
  const ruling = (name: string): Running =>
    ({ ...facts, devices: facts.devices.map((one) => ({ ...one, rules: one.name === name })) });
  const keeping = (base: number): Running =>
    ({ ...facts, board: { ...facts.board, reserved: [{ base, size: 0x1000, what: "TF-A" }] } });
  const declaring = (n: number, change: Partial<Running["declared"]["partitions"][number]>): Running =>
    ({ ...facts, declared: { ...facts.declared,
      partitions: facts.declared.partitions.map((one, at) => (at === n ? { ...one, ...change } : one)) } });
  const silencing = (n: number, pa: number): Running => declaring(n, { silenced: [pa] });
  const loading = (n: number, base: number): Running => declaring(n, { loaded: [{ base, size: 128 }] });
  const writing = (pa: number): Running =>
    ({ ...facts, declared: { ...facts.declared, inits: [{ pa, mask: 1, value: 1 }] } });
  const net = facts.declared.partitions[NET]?.regions ?? [];
  const ramOfNet = net.find(({ kind }) => kind === "ram")?.pa ?? 0;
  const channelOfNet = net.find(({ kind }) => kind === "channel")?.pa ?? 0;

  const CASES: Readonly<Record<keyof typeof CHECKS, readonly (readonly [Running, RegExp])[]>> = {
    tried: [[reaching(PLC, () => ({ failed: "it does not start" })), /^plc: it does not start$/]],
    pcpus: [
      [reaching(LOG, () => ({ pcpus: facts.reaches[PLC]?.pcpus ?? [] })), /pCPU 3 runs plc and log/],
      [{ ...facts, declared: { ...facts.declared, cpus: [{ id: 0, partition: 3, vcpu: 0 }] } }, /pCPU 0 runs partition 3, which/],
      [onPcpus(LOG, () => ({ vmid: 1 })), /net and log have one VMID/],
      [onPcpus(LOG, () => ({ vmid: 0 })), /log has the VMIDs 0/],
    ],
    "stage-2": [
      [onPcpus(NET, (one) => ({ controlled: one.pcpu !== 1 })), /pCPU 1 is not/],
      [onPcpus(NET, (one) => ({ root: one.pcpu })), /2 different tables/],
    ],
    tables: [[reaching(PLC, () => ({ tables: [{ pa: ramOfNet, size: 4096 }] })), /plc: has a table at 0x78000000/]],
    memory: [
      [also(PLC, stretch(0x7000_0000)), /reaches 0x70000000 → .* which the blob does not say/],
      [without(PLC, ({ memory }) => memory === "Device"), /does not reach 0x09010000/],
      [rights(PLC, "rwx"), /rwx Device, which the blob/],
    ],
    pages: [
      [also(PLC, stretch(ramOfNet)), /0x78000000…0x78001000 is reached by net and plc/],
      [also(LOG, stretch(channelOfNet)), /is reached by net and log/],
      [also(LOG, stretch(0x0901_0000, { memory: "Device" })), /0x09010000…0x09011000 is reached by plc and log/],
      [also(NET, stretch(ramOfNet, { ipa: 0x1000 })), /is reached by net and net/],
    ],
    channels: [[without(LOG, ({ size }) => size === 0x2000), /channel \d of plc has 0 ends/]],
    hypervisor: [
      [also(NET, stretch(0x4020_0000)), /net: reaches 0x40200000…0x40201000: the hypervisor's memory/],
      [also(NET, stretch(0x4000_0000, { size: 0x4000_0000 })), /the hypervisor's memory/],
      [also(NET, stretch(0x4020_0000 + facts.declared.hypervisorSize)), /the hypervisor's memory/],
    ],
    "hypervisor-devices": [
      [also(LOG, stretch(0x0800_f000)), /log: reaches 0x0800f000…0x08010000: GICD/],
      [also(LOG, stretch(0x0810_0000)), /redistributor 3/],
      [also(LOG, stretch(0x0900_0000)), /the hypervisor's UART/],
      [ruling("rtc"), /plc: reaches 0x09010000.*: rtc/],
    ],
    firmware: [[keeping(ramOfNet), /net: .* TF-A/]],
    kinds: [
      [also(PLC, stretch(0x2000_0000)), /is no RAM/],
      [also(PLC, stretch(0x7000_0000, { memory: "Device" })), /is RAM/],
      [also(PLC, stretch(0x7000_0000, { memory: "other" })), /is RAM/],
      [also(PLC, stretch(0x7fff_f000, { size: 0x2000 })), /is RAM/],
    ],
    execute: [[rights(NET, "rwx"), /net: executes IPA 0x0a000000/]],
    devices: [[also(LOG, stretch(0x0c00_0000, { memory: "Device" })), /log: reaches 0x0c000000…0x0c001000/]],
    "device-owner": [
      [also(LOG, stretch(0x0901_0000, { memory: "Device" })), /rtc is in plc and in log/],
      [hearing(LOG, 48), /virtio0 is in net and in log/],
    ],
    silences: [
      [without(NET, ({ memory }) => memory === "Device"), /net: 0x0a000070 is written/],
      [silencing(PLC, 0x0a00_0070), /plc: 0x0a000070 is written/],
      [silencing(PLC, ramOfNet), /plc: 0x78000000 is written/],
    ],
    loads: [[loading(PLC, 0x4040_0000 - 64), /plc: IPA 0x40400000/], [loading(PLC, 0x5000_0000), /IPA 0x50000000…0x50000080/]],
    interrupts: [[hearing(LOG, 48), /INTID 48 is reached by net and log/]],
    lines: [
      [hearing(LOG, 100, 101), /log: reaches INTIDs 100-101, which the blob does not say/],
      [reaching(LOG, () => ({ lines: [] })), /does not reach INTIDs 234/],
    ],
    targets: [[reaching(LOG, () => ({ targets: new Map([[234, [2, 3]]]) })), /sends INTID 234 to pCPUs 3/]],
    others: [
      [reaching(NET, () => ({ disturbs: [{ vcpu: 1, by: "SGI 7", what: "pCPU 3" }] })), /^net: vCPU 1 reaches pCPU 3 by SGI 7$/],
    ],
    doorbells: [
      [reaching(LOG, ({ rings }) => ({ rings: [...rings, { channel: 32, line: 48 }] })), /channel 32 rings INTID 48/],
      [reaching(LOG, () => ({ rings: [] })), /channel 0 rings INTID 237 by the blob, and does not/],
      [reaching(PLC, () => ({ lines: [] })), /is none of plc/],
    ],
    inits: [[writing(0x0a00_0070), /0x0a000070 is written/]],
  };

  test.each(Object.entries(CHECKS))("%s", (id, { find }) => {
    expect(find(facts)).toEqual([]);
    const cases = CASES[id as keyof typeof CHECKS];
    expect(cases.length).toBeGreaterThan(0);
    for (const [wrong, words] of cases) expect(find(wrong).join("\n")).toMatch(words);
  });

  test("of a GICv2 a guest has its own CPU interface, and no other page of it", () => {
    const v2 = running(imageOf(GICV2));
    const find = CHECKS["hypervisor-devices"].find;
    expect(find(v2)).toEqual([]);
    expect(v2.shared.map(({ why }) => why)).toContain("CPU interface: each pCPU has its own there");
    const [GICC, GICV] = [0x0801_0000, 0x0804_0000];
    const device = (pa: number, size: number): Stretch => stretch(pa, { size, memory: "Device" });
    const wrong = (n: number, pa: number, size: number): string =>
      find(reaching(n, ({ memory }) => ({ memory: [...memory, device(pa, size)] }), v2)).join();
    expect(wrong(0, GICC, 0x1000)).toContain("one: reaches 0x08010000…0x08011000: GICC");
    expect(wrong(2, GICC, 0x2000)).toContain("three: reaches 0x08011000…0x08012000: GICC");
    expect(wrong(2, GICV, 0x1000)).toContain("GICV");
  });
});
