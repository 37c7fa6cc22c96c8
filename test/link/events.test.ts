import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { describeEvent } from "../../industrial/link/events.ts";

const event = (code: number, a = 0n, b = 0n, c = 0n): string => describeEvent({ partition: 1, time: 0n, code, a, b, c });

describe("events read as sentences", () => {
  test.each([
    [event(abi.EVENT_BOOT, 0x40200000n, 1_234_567n, 2n), "hypervisor at 0x40200000 booted 2 partitions in 1.2 ms"],
    [event(abi.EVENT_BOOT, 0x40200000n, 1_234_567n, 1n), "hypervisor at 0x40200000 booted 1 partition in 1.2 ms"],
    [event(abi.EVENT_STARTED, 0x60200000n, 0n), "started at 0x60200000"],
    [event(abi.EVENT_STARTED, 0x60200000n, 3n), "started at 0x60200000, restart 3"],
    [event(abi.EVENT_STOPPED, BigInt(abi.STOP_SYSTEM_OFF)), "stopped: it powered itself off"],
    [event(abi.EVENT_STOPPED, BigInt(abi.STOP_SYSTEM_RESET)), "stopped: it asked for a reset"],
    [event(abi.EVENT_STOPPED, BigInt(abi.STOP_COMMAND)), "stopped: by command"],
    [event(abi.EVENT_STOPPED, BigInt(abi.STOP_FAULT)), "stopped: after a fault"],
    [event(abi.EVENT_STOPPED, BigInt(abi.STOP_WATCHDOG)), "stopped: its watchdog expired"],
    [event(abi.EVENT_STOPPED, BigInt(abi.STOP_CPU_OFF)), "stopped: its last CPU switched itself off"],
    [event(abi.EVENT_STOPPED, 77n), "stopped: reason 77"],
    [
      event(abi.EVENT_TRIAL_FAILED, BigInt(abi.UPDATE_PENDING), 0x62n),
      "the system in slot b is on trial, and has not become healthy in time: the board is reset",
    ],
    [
      event(abi.EVENT_TRIAL_FAILED, BigInt(abi.UPDATE_HEALTHY), 0x61n),
      "the system in slot a is on trial, and nobody has committed it in time: the board is reset",
    ],
    [event(abi.EVENT_WATCHDOG, 51_000_000n), "watchdog expired: last fed 51.0 ms ago"],
    [
      event(abi.EVENT_UNAVAILABLE, BigInt(abi.FEATURE_CLUSTER_WAYS), 0x410fd034n),
      "its cache ways are not its own: this CPU has no DSU, or firmware forbids CLUSTERPARTCR_EL1. " +
        "Use `cache: { colours: … }`, or firmware that sets ACTLR_EL3.SMEN and TSIDEN (MIDR_EL1 0x410fd034)",
    ],
    [
      event(abi.EVENT_UNAVAILABLE, BigInt(abi.FEATURE_BANDWIDTH), 0x410fd034n),
      "its bandwidth is not limited: this CPU has no PMU counter to spare, or it does not count the board's refill_event. " +
        "Correct refill_event in board.yaml, or take `bandwidth` out of the system's file (MIDR_EL1 0x410fd034)",
    ],
    [
      event(abi.EVENT_UNAVAILABLE, 9n, 1n),
      "feature 9 is not available: build the image again with this version of axv-part (MIDR_EL1 0x1)",
    ],
    [
      event(abi.EVENT_STOP_HANGS, 0b1010n),
      "does not stop: its guest does not come out on pCPU 1 and pCPU 3. It seems to sleep with interrupts shut off, " +
        "and then nothing can wake it. " +
        "It has no memory any more, and disturbs nobody; only a reset of the board gives back what it sleeps on",
    ],
    [
      event(abi.EVENT_CONTROLLER_LATE, 0x80e0000n),
      "its interrupts have been switched off, but the GIC has not followed in time (RWP of the register at 0x80e0000 stays " +
        "set): some may still come",
    ],
    [event(99, 1n, 2n, 3n), "event 99 (0x1, 0x2, 0x3)"],
  ])("%s", (sentence, expected) => expect(sentence).toBe(expected));
});

describe("faults name what ESR_EL2 says (Arm ARM D24.2)", () => {
  test.each([
    // EC 0x24 data abort from a lower level; WnR = 1; DFSC 0b000101 translation fault, level 1
    [
      0x9200_0045n,
      "fault: write of IPA 0x9000000, which it does not own; pc 0x40001000 (data abort, translation fault, level 1, " +
        "ESR 0x92000045)",
    ],
    // WnR = 0; DFSC 0b001111 permission fault, level 3
    [
      0x9200_000fn,
      "fault: read of IPA 0x9000000, which it does not own; pc 0x40001000 (data abort, permission fault, level 3, " +
        "ESR 0x9200000f)",
    ],
    // EC 0x20 instruction abort; IFSC 0b000110 translation fault, level 2
    [
      0x8200_0006n,
      "fault: fetch of IPA 0x9000000, which it does not own; pc 0x40001000 (instruction abort, translation fault, level 2, " +
        "ESR 0x82000006)",
    ],
    [
      0x9200_0021n,
      "fault: read of IPA 0x9000000, which it does not own; pc 0x40001000 (data abort, alignment fault, ESR 0x92000021)",
    ],
    [
      0x9200_003fn,
      "fault: read of IPA 0x9000000, which it does not own; pc 0x40001000 (data abort, fault status 0x3f, ESR 0x9200003f)",
    ],
    [0xbe00_0000n, "fault: SError; pc 0x40001000 (ESR 0xbe000000)"],
    [0x3a00_0000n, "fault: illegal execution state; pc 0x40001000 (ESR 0x3a000000)"],
    [0xfe00_0000n, "fault: exception class 0x3f; pc 0x40001000 (ESR 0xfe000000)"],
  ])("ESR 0x%s", (esr, expected) => expect(event(abi.EVENT_FAULT, esr, 0x9000000n, 0x40001000n)).toBe(expected));

  test("a panic of the hypervisor", () => {
    // EC 0x25 data abort from the same level: an out-of-bounds access caught by the guard window
    expect(event(abi.EVENT_PANIC, 0x9600_0005n, 0x40_0010_0000n, 0x4020_1234n)).toBe(
      "PANIC of the hypervisor: data abort in the hypervisor, translation fault, " +
        "level 1 on read of 0x4000100000 at pc 0x40201234 (ESR 0x96000005)",
    );
    expect(event(abi.EVENT_PANIC, 0xf200_0001n, 0n, 0x4020_1234n)).toBe(
      "PANIC of the hypervisor: BRK instruction at pc 0x40201234 (ESR 0xf2000001)",
    );
  });
});
