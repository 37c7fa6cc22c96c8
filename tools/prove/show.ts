// A report as tables for people.
import { ofIsa } from "../../partitions/isas.ts";
import { oneLine } from "../../partitions/source/text.ts";
import { formatNumbers, formatSize, formatSpan, hex } from "../../partitions/units.ts";
import { layOut } from "../run/columns.ts";
import type { Column } from "../run/columns.ts";
import type { Paint } from "../run/paint.ts";
import type { Report } from "./report.ts";

type Columns<Row> = readonly (readonly [title: string, align: Column<Row>["align"], cell: (row: Row) => string])[];

const table = <Row>(rows: readonly Row[], columns: Columns<Row>): string[] =>
  layOut(columns.map(([title, align, cell]) => ({ title, align, cell })), rows);

export function formatReport(report: Report, paint: Paint): string {
  const section = (title: string, lines: readonly string[]): string =>
    [paint("bold", title), ...lines.map((line, at) => (at === 0 ? paint("dim", `  ${line}`) : `  ${line}`))].join("\n");
  const { image: { isa }, partitions, pcpus, memory, interrupts, devices, shared, hypervisor } = report;
  const { CPU_TITLE, LINE_TITLE } = ofIsa(isa);
  const seen = partitions.length === 0 ? [] : [
    section("Partitions", table(partitions, [
      ["name", "left", ({ name }) => name],
      ["VMID", "right", ({ vmid }) => String(vmid)],
      ["pCPUs", "left", (row) => formatNumbers(row.pcpus)],
      ["interrupts", "left", (row) => row.interrupts],
      ["trusted with", "left", ({ trusted }) => trusted.join("; ") || "nothing"],
    ])),
    section("pCPUs", table(pcpus, [
      ["pCPU", "right", ({ pcpu }) => String(pcpu)],
      [CPU_TITLE, "left", ({ id }) => (isa === "aarch64" ? `0x${id.toString(16)}` : String(id))],
      ["runs", "left", ({ partition, vcpu }) => (partition === null ? "no guest" : `${partition}, vCPU ${vcpu}`)],
      ["", "left", ({ keepsHouse }) => (keepsHouse ? "housekeeping" : "")],
    ])),
    section("What partitions reach", table(memory, [
      ["partition", "left", ({ partition }) => partition],
      ["IPA", "left", ({ ipa }) => hex(ipa)],
      ["PA", "left", ({ pa, size, colours }) => (colours === undefined ? formatSpan({ base: pa, size }) : `from ${hex(pa)}`)],
      ["size", "right", ({ size }) => formatSize(size)],
      ["access", "left", ({ access }) => access],
      ["as", "left", (row) => row.memory],
      ["what", "left", ({ what, colours }) => (colours === undefined ? what : `${what}, colours ${formatNumbers(colours)}`)],
    ])),
    section("What nobody reaches", table(hypervisor, [
      ["PA", "left", (row) => formatSpan(row)],
      ["what", "left", ({ what }) => what],
    ])),
    section("Interrupts", table(interrupts, [
      [LINE_TITLE, "right", ({ intid }) => String(intid)],
      ["partition", "left", ({ partition }) => partition],
      ["pCPUs", "left", (row) => formatNumbers(row.pcpus)],
      ["what", "left", ({ what }) => what],
    ])),
    section("Devices", devices.length === 0 ? ["none"] : table(devices, [
      ["name", "left", ({ name }) => name],
      ["partition", "left", ({ partition }) => partition],
      ["registers", "left", (row) => formatSpan(row)],
      ["DMA", "left", ({ dma }) => (dma === null ? "nobody says" : dma ? "yes" : "no")],
      ["when it stops", "left", ({ silenced }) => (silenced ? "silenced" : "")],
    ])),
    section("Shared", shared.length === 0 ? ["nothing"] : table(shared, [
      ["PA", "left", ({ pa, size }) => formatSpan({ base: pa, size })],
      ["between", "left", ({ between }) => between.join(" and ")],
      ["why", "left", ({ why }) => why ?? "NOTHING ALLOWS IT"],
    ])),
    section("DMA", dmaLines(report)),
  ];
  return [section("Image", aboutLines(report)), ...seen, section("Checks", checkLines(report)), verdictLine(report)].join("\n\n");
}

function aboutLines({ image, fit, tool, board }: Report): string[] {
  const lines: (readonly [string, string])[] = [
    ...(fit === null ? [] : [
      ["FIT", `SHA-256 ${fit.sha256}`] as const,
      ["…is for", fit.compatible.map(oneLine).join(", ")] as const,
      ["…'s keys", fit.keys.length === 0 ? "none" : `${fit.keys.map(oneLine).join(", ")} (U-Boot checks them)`] as const,
    ]),
    ["SHA-256", image.sha256],
    ["bytes", String(image.bytes)],
    ["board", board === null ? "not known" : `${board.name}: ${board.description}`],
    ["blob", image.blobVersion === null ? "cannot be read" : `version ${image.blobVersion}, CRC-32 ${hex(image.blobCrc32 ?? 0)}`],
    ["axv-part", tool.version],
    ["its core", `SHA-256 ${tool.coreSha256}`],
    ["…'s wasm", `SHA-256 ${tool.coreWasmSha256}`],
  ];
  return lines.map(([name, value]) => `${name.padEnd("axv-part".length)}  ${value}`);
}

function dmaLines({ dma, dmaUnknown }: Report): string[] {
  return [
    ...(dma.length === 0 ? ["reaches all memory: nobody"] : []),
    ...dma.map(({ partition, devices }) => `${partition} reaches all memory, the hypervisor's too, by ${devices.join(", ")}`),
    ...dmaUnknown.map(({ partition, devices }) =>
      `${partition} does so if one of these does DMA, which nobody says: ${devices.join(", ")}`),
  ];
}

const SIGN = { holds: "holds", broken: "BROKEN", "not tried": "not tried" } as const;

const checkLines = ({ checks }: Report): string[] => {
  const rows = checks.flatMap(({ id, sentence, verdict, findings }) => [
    { id, verdict: SIGN[verdict], text: sentence },
    ...findings.map((text) => ({ id: "", verdict: "", text: `- ${text}` })),
  ]);
  return table(rows, [
    ["check", "left", ({ id }) => id],
    ["verdict", "left", ({ verdict }) => verdict],
    ["what", "left", ({ text }) => text],
  ]);
};

function verdictLine({ checks, proven }: Report): string {
  const of = (wanted: string): number => checks.filter(({ verdict }) => verdict === wanted).length;
  if (proven) return `Proven: all ${checks.length} checks hold.`;
  const untried = of("not tried") > 0 ? `, ${of("not tried")} could not be tried` : "";
  return `NOT proven: ${of("broken")} of ${checks.length} checks are broken${untried}.`;
}
