// RISC-V, as it is attacked.
import { RISCV64 } from "../../../../tools/machine/riscv64/isa.ts";
import type { Guest } from "../../../../tools/machine/riscv64/guest.ts";
import type { Riscv64Machine } from "../../../../tools/machine/riscv64/machine.ts";
import type { SystemSpec } from "../../../../tools/machine/riscv64/system.ts";
import type { Operation } from "../../riscv64/attempt.ts";
import type { Target } from "../../riscv64/target.ts";
import type { Attack } from "../attack.ts";
import { ATTEMPTS } from "./attempts.ts";
import { COUNTED, Riscv64Bystander } from "./bystander.ts";
import { Performer } from "./performer.ts";
import { FIELDS, targetOn } from "./systems.ts";

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** What the runs want of it beside what attempts do. */
export interface Besieged extends Target {
  readonly lines: readonly number[];
}

export const RISCV64_ATTACK: Attack<SystemSpec, Besieged, Operation, Riscv64Machine, Guest> = {
  isa: RISCV64,
  fields: FIELDS,
  attempts: ATTEMPTS,
  counted: COUNTED,
  describe: ({ words, a = [] }) => `${words.map(hex).join(" ")}; a0… ${a.map(hex).join(" ")}`,
  targetOf: (plan, name) => {
    const target = targetOn(plan.partitions.find((partition) => partition.name === name)?.direct ?? false);
    return { ...target, lines: target.sources.slice(0, -1) };
  },
  perform: (machine, guest, operation) => new Performer(machine).perform(guest, operation),
  bystanderOf: (around) => new Riscv64Bystander(around).begin(),
};
