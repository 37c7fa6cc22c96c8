// Every attempt, made in earnest, in QEMU: a hostile guest beside the PLC guest and a witness, on one image. After each attempt
// the PLC guest has gone on and noticed nothing; its memory and its interrupts, and the witness's, are what they were.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BootedSystem } from "../system/bootedSystem.ts";
import { Attacker } from "./qemu/attacker.ts";
import { Monitor } from "./qemu/monitor.ts";
import { Neighbour } from "./qemu/neighbour.ts";
import { prepareSystem } from "./qemu/system.ts";
import type { PreparedSystem, Variant } from "./qemu/system.ts";
import { seed } from "../core/property/seed.ts";

/** Each of the two in both ways, on both versions of the GIC. */
const VARIANTS: readonly Variant[] = [
  { name: "gicv3-injected", board: "qemu-aarch64", attacker: "injected", neighbour: "direct" },
  { name: "gicv3-direct", board: "qemu-aarch64", attacker: "direct", neighbour: "injected" },
  { name: "gicv2-injected", board: "qemu-aarch64-gicv2", attacker: "injected", neighbour: "direct" },
  { name: "gicv2-direct", board: "qemu-aarch64-gicv2", attacker: "direct", neighbour: "injected" },
];

const systems: PreparedSystem[] = [];
for (const variant of VARIANTS) systems.push(await prepareSystem(variant, seed));

describe.each(systems)(`$variant.board: $variant.attacker attacker, $variant.neighbour neighbour (seed ${seed})`, (system) => {
  let booted: BootedSystem;
  let attacker: Attacker;
  let witness: Attacker;
  let neighbour: Neighbour;
  let monitor: Monitor;
  let seen: Awaited<ReturnType<typeof look>>;

  /** What nothing that the attacker does may change. */
  async function look() {
    const { looking, pattern } = system.witness;
    return {
      "code and constants of the neighbour": await neighbour.memory(),
      "interrupts of the neighbour": system.target.gic === 3 ? await neighbour.interrupts() : [],
      "memory of the witness": (await monitor.memory(pattern.at, pattern.size)).toString("base64"),
      "interrupts of the witness, as it sees them": await witness.digest(looking.first, looking.last),
    };
  }

  beforeAll(async () => {
    const { folder, qemu } = Monitor.place();
    booted = await BootedSystem.boot(`hostile-${system.variant.name}`, system.yaml, { qemu });
    monitor = await Monitor.connect(folder);
    attacker = new Attacker(booted, system.attacker.name, system.attacker.steps);
    witness = new Attacker(booted, system.witness.name, system.witness.steps);
    neighbour = new Neighbour(booted, monitor, system.neighbour);
    await Promise.all([attacker.ready(), witness.ready(), neighbour.scanning()]);
    await witness.run(system.witness.preparing.first, system.witness.preparing.last);
    seen = await look();
  });

  afterAll(async () => {
    monitor?.close();
    await booted?.stop();
  });

  test.each(system.attacker.attempts)("$attempt.name", async ({ attempt, first, last }) => {
    await neighbour.unmoved(attempt, async () => {
      await attacker.refresh();
      await attacker.run(first, last);
    });
    expect(await look()).toEqual(seen);
  });

  test("after all attempts, the neighbour's telemetry has nothing to tell", async () => {
    await neighbour.quiet();
  });
});
