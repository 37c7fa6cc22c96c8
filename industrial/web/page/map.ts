// Who has what: pCPUs with what runs on them, memory and cache as they were planned.
import { showCount, showTime } from "../../live/show.ts";
import type { Owner, SystemMap, VcpuShown } from "../protocol.ts";
import { decoration, el, scroller } from "./dom.ts";
import { rowsOf, UNKNOWN } from "./panel.ts";
import type { MakePanel } from "./panel.ts";
import { LiveTable } from "./table.ts";

const HUES = 8;
const PAGE = 4096;
/** A stretch's width grows with the logarithm of its size: a page and a gigabyte fit one picture. */
const LEAST_WIDTH = 10;

const hue = (owner: Owner): string => (typeof owner === "number" ? `p${owner % HUES}` : owner);
const hex = (address: number): string => `0x${address.toString(16)}`;

interface Cpu {
  readonly cpu: string;
  readonly partition: string;
  readonly vcpu: VcpuShown | undefined;
}

const cpuTable = (): LiveTable<Cpu> =>
  new LiveTable("pCPUs", [
    { title: "pCPU", cell: ({ cpu }) => cpu },
    { title: "Partition", cell: ({ partition }) => partition },
    { title: "vCPU", isNumber: true, cell: ({ vcpu }) => (vcpu === undefined ? UNKNOWN : `${vcpu.index} ${vcpu.state}`) },
    { title: "Exits", isNumber: true, cell: ({ vcpu }) => (vcpu === undefined ? UNKNOWN : showCount(vcpu.exits)) },
    { title: "Held", isNumber: true, cell: ({ vcpu }) => (vcpu === undefined ? UNKNOWN : showTime(vcpu.held)) },
    { title: "Throttled", isNumber: true, cell: ({ vcpu }) => (vcpu === undefined ? UNKNOWN : showCount(vcpu.throttled)) },
  ]);

function memory({ memory: stretches }: SystemMap, nameOf: (owner: Owner) => string): Node[] {
  const table = new LiveTable<SystemMap["memory"][number]>("Memory, by physical address", [
    { title: "Memory", cell: ({ label }) => label },
    { title: "Address", isNumber: true, cell: ({ at }) => hex(at) },
    { title: "Size", isNumber: true, cell: ({ detail }) => detail },
    { title: "Whose", cell: ({ owner }) => nameOf(owner) },
  ]);
  table.show(stretches);
  const strip = el("div", { class: "strip", "aria-hidden": "true" });
  let end: number | undefined;
  for (const { at, size, label, owner } of stretches) {
    if (end !== undefined && at > end) strip.append(decoration("free"));
    const block = decoration(`block ${hue(owner)}`, label);
    block.style.flexGrow = String(LEAST_WIDTH + Math.log2(Math.max(1, size / PAGE)));
    strip.append(block);
    end = at + size;
  }
  return [strip, scroller("Memory", table.element)];
}

function cache({ cache: { name, colours, ways }, partitions }: SystemMap, names: readonly string[]): Node[] {
  const strips = (
    [
      ["colour", colours],
      ["way group", ways],
    ] as const
  ).flatMap(([what, parts]) => {
    if (parts.length < 2) return [];
    const cells = parts.map((owners, at) =>
      decoration(`block ${owners.length === 1 ? hue(owners[0] ?? "shared") : "shared"}`, String(at)),
    );
    return [
      el("p", { class: "dim" }, `${name}: ${parts.length} ${what}s, each with the colour of the partition whose it is alone`),
      el("div", { class: "strip cells", "aria-hidden": "true" }, ...cells),
    ];
  });
  const table = new LiveTable<{ name: string; cache: string; facts: readonly string[] }>(
    "Cache, and what else each partition has",
    [
      { title: name, cell: (row) => row.name },
      { title: "Its part of the cache", cell: (row) => row.cache },
      { title: "What else it has", cell: ({ facts }) => facts.join("; ") },
    ],
    "cards",
  );
  table.show(partitions.map(({ cache: part, facts }, at) => ({ name: names[at] ?? "", cache: part, facts })));
  return [...strips, scroller("Cache", table.element)];
}

export const mapPanel: MakePanel = (place, welcome) => {
  const { map } = welcome;
  const names = welcome.partitions.map(({ name }) => name);
  const nameOf = (owner: Owner): string => (typeof owner === "number" ? (names[owner] ?? "") : owner);
  const cpus = cpuTable();
  const cpuPlace = scroller("pCPUs", cpus.element);
  if (map === null)
    place.append(cpuPlace, el("p", { class: "dim" }, "How memory and cache were planned is not known where this bridge runs."));
  else {
    const notes = map.notes.map((note) => el("p", { class: "dim" }, note));
    place.append(
      el(
        "div",
        { class: "halves" },
        el("div", {}, cpuPlace, ...memory(map, nameOf)),
        el("div", {}, ...cache(map, names), ...notes),
      ),
    );
  }
  return {
    show(store) {
      const seen = rowsOf(welcome, store).flatMap(({ facts, now }) =>
        (now.vcpus ?? []).map((vcpu) => ({ partition: facts.name, vcpu })),
      );
      const job = (cpu: number): string => (map?.cpus[cpu]?.isHousekeeper === true ? `${cpu}, housekeeping` : String(cpu));
      const planned = (map?.cpus ?? []).map(({ partition }, cpu): Cpu => {
        const found = seen.find(({ vcpu }) => vcpu.pcpu === cpu);
        return { cpu: job(cpu), partition: partition === null ? "spare" : (names[partition] ?? ""), vcpu: found?.vcpu };
      });
      const told = seen.map(({ partition, vcpu }): Cpu => ({ cpu: String(vcpu.pcpu), partition, vcpu }));
      cpus.show(map === null ? told.sort((a, b) => Number(a.cpu) - Number(b.cpu)) : planned);
    },
  };
};
