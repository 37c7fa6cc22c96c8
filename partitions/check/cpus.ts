// pCPUs: each is there, and belongs to one partition; and one is left that can keep house.
import type { Board } from "../../boards/schema.ts";
import { cpuTaken, noHousekeeper, noSparePcpu, unknownCpu } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { pcpusOf } from "../isas.ts";
import { chooseHousekeeper, keepsNoHouse } from "../plan/housekeeper.ts";
import type { PartitionRequest } from "../request.ts";

/** Without a board (it is not known which): that no pCPU is given twice. */
export function checkCpus(board: Board | undefined, partitions: readonly PartitionRequest[], findings: Findings): void {
  const present = board === undefined ? [] : pcpusOf(board);
  const wanted = new Set(partitions.flatMap((partition) => partition.fields.cpus ?? []));
  const free = board && present.filter((cpu) => !wanted.has(cpu));
  const owners = new Map<number, string>();
  for (const { name, path, fields } of partitions) {
    for (const [index, cpu] of (fields.cpus ?? []).entries()) {
      const at = [...path, "cpus", index];
      const owner = owners.get(cpu);
      if (board !== undefined && cpu >= present.length)
        findings.report(at, unknownCpu(cpu, board.name, present.length));
      else if (owner !== undefined) findings.report(at, cpuTaken(cpu, owner, free));
      else owners.set(cpu, name);
    }
  }
}

/** After all other checks: where there are mistakes, it is not known yet who will be asked. */
export function checkHousekeeper(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  const chosen = chooseHousekeeper(board, partitions);
  const unable = partitions.filter((partition) => keepsNoHouse(board, partition));
  const [first] = unable;
  if (chosen?.realtimeOwner !== undefined && !findings.hasErrors) {
    const { name, path } = chosen.realtimeOwner;
    findings.report([...path, "cpus"], noSparePcpu(chosen.cpu, name));
  } else if (chosen === undefined && first !== undefined) {
    const { interrupts, bandwidth } = first.fields;
    const key = interrupts === "direct" ? "interrupts" : bandwidth !== undefined ? "bandwidth" : "pmu";
    const owners = unable.map(({ name }) => `"${name}"`).join(", ");
    findings.report([...first.path, key], noHousekeeper(owners), "key");
  }
}
