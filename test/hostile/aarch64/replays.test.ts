// What fuzz runs have found, reduced, each once: so that it is tried in every run, whatever the seed.
import { describe, expect, test } from "vitest";
import { EXIT_MAINTENANCE } from "../../../core/abi.ts";
import { ALIVE } from "./answers.ts";
import type { Answer } from "./answers.ts";
import type { Operation } from "./operations.ts";
import { besiege } from "../simulator/aarch64/attack.ts";
import type { Aarch64Move } from "../simulator/aarch64/attack.ts";
import { FIELDS } from "../simulator/aarch64/systems.ts";

const DIRECT = FIELDS.filter(({ name }) => name.endsWith("both direct"));

const attempt = (vcpu: number, operation: Operation, answer: Answer = ALIVE): Aarch64Move =>
  ({ kind: "try", vcpu, attempt: "replay", step: { operation, answer } });
const icc = (crm: number, op2: number) => ({ op0: 3, op1: 0, crn: 12, crm, op2 });
const LOOK: Aarch64Move = { kind: "look" };

describe.each(DIRECT)("$name", ({ spec }) => {
  test("reading a register of GICv3's CPU interface, on a pCPU that traps it", () => {
    const siege = besiege(spec);
    expect(() => siege.carryOut(attempt(0, { kind: "mrs", register: icc(11, 3) }))).not.toThrow();
  });

  test("an SGI 7, which is the hypervisor's kick, acknowledged and never ended: the partition restarts all the same", () => {
    const siege = besiege(spec);
    const { gicd, gicr, gicc, gic } = siege.target;
    const store = (at: number, data: bigint): Operation => ({
      kind: "store",
      at,
      bytes: 4,
      access: "plain",
      memory: "device",
      data,
    });
    const moves =
      gic === 3
        ? [
            attempt(1, { kind: "msr", register: icc(11, 5), data: 0x700_ffffn }),
            attempt(0, store((gicr?.at ?? 0) + 0x1_0100, 0xffff_ffffn)),
            attempt(0, { kind: "msr", register: icc(12, 7), data: 1n }),
            attempt(0, { kind: "msr", register: { op0: 3, op1: 0, crn: 4, crm: 6, op2: 0 }, data: 0xffn }),
            attempt(0, { kind: "mrs", register: icc(12, 0) }),
          ]
        : [
            attempt(0, store(gicd.at, 1n)),
            attempt(0, store(gicd.at + 0x100, 0xffff_ffffn)),
            attempt(0, store(gicc?.at ?? 0, 1n)),
            attempt(0, store((gicc?.at ?? 0) + 4, 0xffn)),
            attempt(1, store(gicd.at + 0xf00, 0x00ff_0007n)),
            attempt(0, { kind: "load", at: (gicc?.at ?? 0) + 0xc, bytes: 4, access: "plain", memory: "device" }),
          ];
    for (const move of [...moves, attempt(0, { kind: "spin" }, { kind: "endless", ended: "by the host" }), LOOK]) {
      siege.carryOut(move);
    }
    expect(siege.operations).toBeGreaterThan(0);
  });
});

/**
 * The bystander's, in mid-handling after each look; and a number of ten bits on a GICv2, whatever stands before them (IHI 0048B
 * §4.4.5).
 */
const SPI = 60n;
const SPI_AND_MORE = 0x8b_b800n | SPI;
const TIMES = 5;

describe.each(
  FIELDS.filter(({ spec }) => spec.partitions[0]?.direct === true)
)("$name: its neighbour's interrupt is ended in mid-handling, by EOIR", ({ spec }) => {
  test("each costs an injected neighbour one exit and a maintenance interrupt, and a direct one nothing", () => {
    const siege = besiege(spec);
    const { gicc, gic } = siege.target;
    const end =
      gic === 3
        ? attempt(1, { kind: "msr", register: icc(12, 1), data: SPI })
        : attempt(1, {
            kind: "store",
            at: (gicc?.at ?? 0) + 0x10,
            bytes: 4,
            access: "plain",
            memory: "device",
            data: SPI_AND_MORE,
          });
    for (let event = 1; event < 3; event++) {
      siege.carryOut(LOOK);
      for (let n = 0; n < TIMES; n++) siege.carryOut(end);
      expect(siege.bystander.due.get(EXIT_MAINTENANCE) ?? 0).toBe(spec.partitions[1]?.direct === true ? 0 : event);
    }
    siege.carryOut(LOOK);
  });
});
