// Ways of a cluster's L3 cache (arch/aarch64/clusterWays.ts; Arm 100453, CLUSTERPARTCR_EL1 and CLUSTERTHREADSID_EL1).
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import type { ClusterUnit } from "../../tools/machine/aarch64/cluster.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import { LINUX, makeSystem, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";

const WAY_GROUPS = 4;
const SCHEMES = 8;

const on = (cluster: ClusterUnit, spec: SystemSpec = STANDARD): SystemSpec => ({ ...spec, board: { ...spec.board, cluster } });
const SPLIT: SystemSpec = { ...STANDARD, partitions: [{ ...LINUX, ways: [0] }, { ...PLC, ways: [2, 3] }] };

/** Way groups that are private to the scheme of a pCPU. */
const waysOf = (bench: Bench, pcpu: number): number[] => {
  const { partition, schemes } = bench.machine.cluster;
  const field = (partition >>> (WAY_GROUPS * (schemes[pcpu] ?? 0))) & 0xf;
  return [0, 1, 2, 3].filter((group) => (field & (1 << group)) !== 0);
};

describe("way groups", () => {
  test("are private to the partitions that have them, on all of their pCPUs; the others share the rest", () => {
    const bench = new Bench(on("writable", SPLIT));
    expect([0, 1, 2, 3].map((pcpu) => waysOf(bench, pcpu))).toEqual([[0], [0], [], [2, 3]]);
    const { partition } = bench.machine.cluster;
    expect(partition & 0xf, "scheme 0: everybody else's").toBe(0);
    for (let group = 0; group < WAY_GROUPS; group++) {
      const owners = Array.from({ length: SCHEMES }, (_, scheme) => scheme).filter(
        (scheme) => ((partition >>> (WAY_GROUPS * scheme + group)) & 1) !== 0,
      );
      expect(owners.length, `way group ${group}`).toBe(group === 1 ? 0 : 1);
    }
  });

  test("four partitions with one each, among eight, on whichever places: none shares another's, nor what is everybody's", () => {
    const cpus = Array.from({ length: 8 }, (_, n) => ({ mpidr: BigInt(n), gicr: 0x080a_0000 + n * 0x2_0000 }));
    const places = [[4, 5, 6, 7], [0, 1, 2, 3], [0, 2, 4, 7]];
    for (const having of places) {
      const partitions = cpus.map((_, n) => ({
        ...PLC,
        name: `p${n}`,
        cpus: [n],
        channels: [],
        interrupts: [],
        consoleInterrupt: 0,
        ...(having.includes(n) ? { ways: [having.indexOf(n)] } : {}),
        regions: [
          {
            name: "memory",
            ipa: 0x4000_0000,
            pa: 0x5000_0000 + n * 0x100_0000,
            size: 0x100_0000,
            kind: "ram" as const,
            access: "rwx",
          },
        ],
      }));
      const bench = new Bench({ board: { ...qemuVirt, cluster: "writable", cpus }, housekeeper: 0, partitions });
      for (let n = 0; n < 8; n++) {
        expect(waysOf(bench, n), `partition ${n} of ${having.join()}`).toEqual(having.includes(n) ? [having.indexOf(n)] : []);
        const scheme = bench.machine.cluster.schemes[n];
        if (having.includes(n)) expect(bench.machine.cluster.schemes.filter((other) => other === scheme).length).toBe(1);
        else expect(scheme).toBe(0);
      }
    }
  });

  test("nothing is written where no partition has any, whether there is such a unit or not", () => {
    for (const cluster of ["absent", "readOnly", "writable"] as const) {
      const machine = machineFor(makeSystem(on(cluster)));
      machine.cluster.partition = 0x12; // firmware's
      machine.boot();
      expect(machine.cluster).toMatchObject({ partition: 0x12, schemes: [0, 0, 0, 0] });
    }
  });

  test.each(["absent", "readOnly"] as const)(
    "where the unit is %s the partitions run without, and the host is told for each of them",
    (cluster) => {
      const bench = new Bench(on(cluster, SPLIT));
      expect(bench.guests.map(({ running }) => running)).toEqual([true, false, false, true]);
      for (const partition of [0, 1]) {
        const told = bench.events(partition).filter(({ code }) => code === abi.EVENT_UNAVAILABLE);
        expect(told.length).toBeGreaterThan(0);
        expect(told[0]).toMatchObject({ a: BigInt(abi.FEATURE_CLUSTER_WAYS), b: 0x410f_d034n });
      }
    },
  );
});
