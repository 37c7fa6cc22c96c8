import { beforeEach, describe, expect, test } from "vitest";
import type { PartitionState } from "../../industrial/link/telemetry.ts";
import { ReadyExits } from "../../industrial/live/ready-exits.ts";

const SECOND = 1_000_000_000n;

let counted: ReadyExits;
beforeEach(() => {
  counted = new ReadyExits();
});

/** A partition's frame at `seconds` of the board, of a life that began at `born`; with or without a tag. */
function partition(seconds: number, born: number, tags: "tags" | "none" = "tags", state: PartitionState = "running"): void {
  counted.take({
    partition: 0,
    time: BigInt(seconds) * SECOND,
    state,
    uptime: state === "running" ? BigInt(seconds - born) * SECOND : 0n,
    restarts: 0,
    consoleDropped: 0,
    watchdogExpired: 0,
    doorbells: 0,
    tags: new Map(tags === "tags" ? [[0, 1n]] : []),
  });
}

function vcpu(seconds: number, exits: number, index = 0): void {
  counted.takeVcpu({
    partition: 0,
    index,
    pcpu: index,
    state: "on",
    exits: [exits, 0, 1],
    held: 0n,
    throttled: 0,
    time: BigInt(seconds) * SECOND,
  });
}

describe("a guest is ready when it publishes its first tag", () => {
  test("before that nothing is known", () => {
    partition(1, 0, "none");
    vcpu(1, 40);
    expect(counted.exits).toBeUndefined();
    expect(counted.time).toBe(0n);
  });

  test("what it had until then does not count, what it has from then on does", () => {
    partition(1, 0, "none");
    vcpu(1, 40);
    partition(2, 0);
    vcpu(2, 50);
    expect(counted.exits).toBe(0);
    vcpu(5, 50);
    expect([counted.exits, counted.time]).toEqual([0, 3n * SECOND]);
    vcpu(6, 51);
    expect([counted.exits, counted.time]).toEqual([1, 4n * SECOND]);
  });

  test("the exits of all its vCPUs count, each from its own first frame on", () => {
    partition(1, 0);
    vcpu(1, 10);
    vcpu(2, 100, 1);
    vcpu(4, 13);
    vcpu(4, 104, 1);
    expect([counted.exits, counted.time]).toEqual([7, 3n * SECOND]);
  });
});

describe("a new life begins anew", () => {
  beforeEach(() => {
    partition(1, 0);
    vcpu(1, 10);
    partition(2, 0);
    vcpu(2, 10);
  });

  test("after a restart, even one that fell between two frames", () => {
    partition(3, 2);
    expect(counted.exits).toBeUndefined();
    vcpu(3, 60);
    expect(counted.exits).toBe(0);
  });

  test("its exits until its first tag do not count", () => {
    partition(3, 2, "none");
    vcpu(3, 60);
    expect(counted.exits).toBeUndefined();
  });

  test("after it was off", () => {
    partition(3, 0, "none", "off");
    expect(counted.exits).toBeUndefined();
    vcpu(3, 12);
    expect(counted.exits).toBeUndefined();
  });

  test("not by times that are rounded otherwise", () => {
    counted.take({
      partition: 0,
      time: 3n * SECOND,
      state: "running",
      uptime: 3n * SECOND + 16n,
      restarts: 0,
      consoleDropped: 0,
      watchdogExpired: 0,
      doorbells: 0,
      tags: new Map([[0, 1n]]),
    });
    vcpu(3, 10);
    expect([counted.exits, counted.time]).toEqual([0, 2n * SECOND]);
  });

  test("not by a pause; the exits of being paused and resumed count", () => {
    partition(3, 0, "tags", "paused");
    vcpu(3, 12);
    partition(4, 0);
    vcpu(4, 13);
    expect([counted.exits, counted.time]).toEqual([3, 3n * SECOND]);
  });
});
