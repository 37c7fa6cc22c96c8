// AArch64, as it is attacked.
import * as abi from "../../../../core/abi.ts";
import { AARCH64 } from "../../../../tools/machine/aarch64/isa.ts";
import type { Guest } from "../../../../tools/machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../../../tools/machine/aarch64/machine.ts";
import type { SystemSpec } from "../../../../tools/machine/aarch64/system.ts";
import { ATTEMPTS } from "../../aarch64/attempts/index.ts";
import { describe } from "../../aarch64/operations.ts";
import type { Operation } from "../../aarch64/operations.ts";
import { targetOf } from "../../aarch64/target.ts";
import type { Target } from "../../aarch64/target.ts";
import type { Attack } from "../attack.ts";
import type { Move } from "../moves.ts";
import { Siege } from "../siege.ts";
import { Aarch64Bystander } from "./bystander.ts";
import { Performer } from "./performer.ts";
import { FIELDS } from "./systems.ts";

export type Aarch64Move = Move<Operation>;
export type Aarch64Siege = Siege<SystemSpec, Target, Operation, Aarch64Machine, Guest>;

export const AARCH64_ATTACK: Attack<SystemSpec, Target, Operation, Aarch64Machine, Guest> = {
  isa: AARCH64,
  fields: FIELDS,
  attempts: ATTEMPTS,
  counted: [
    abi.EXIT_INTERRUPT, abi.EXIT_KICK, abi.EXIT_MAINTENANCE, abi.EXIT_FIRMWARE_CALL, abi.EXIT_IPI, abi.EXIT_CONSOLE,
    abi.EXIT_FAULT, abi.EXIT_TICK, abi.EXIT_BANDWIDTH,
  ],
  describe,
  targetOf,
  perform: (machine, guest, operation) => new Performer(machine).perform(guest, operation),
  bystanderOf: (around) => new Aarch64Bystander(around).begin(),
};

export const besiege = (spec: SystemSpec): Aarch64Siege => new Siege(AARCH64_ATTACK, spec);
