// Events of the hypervisor as sentences that a person on call understands.
import * as abi from "../../core/abi.ts";
import { describeSyndrome } from "./esr.ts";
import type { HypervisorEvent } from "./telemetry.ts";

const STOP_REASONS: ReadonlyMap<bigint, string> = new Map([
  [BigInt(abi.STOP_SYSTEM_OFF), "it powered itself off"],
  [BigInt(abi.STOP_SYSTEM_RESET), "it asked for a reset"],
  [BigInt(abi.STOP_COMMAND), "by command"],
  [BigInt(abi.STOP_FAULT), "after a fault"],
  [BigInt(abi.STOP_WATCHDOG), "its watchdog expired"],
  [BigInt(abi.STOP_CPU_OFF), "its last CPU switched itself off"],
]);

const BUILD_AGAIN = "build the image again with this version of axv-part";
/** Why a board does not let us have what was planned, and what to do about it. */
const UNAVAILABLE: ReadonlyMap<bigint, string> = new Map([
  [
    BigInt(abi.FEATURE_CLUSTER_WAYS),
    "its cache ways are not its own: this CPU has no DSU, or firmware forbids CLUSTERPARTCR_EL1. " +
      "Use `cache: { colours: … }`, or firmware that sets ACTLR_EL3.SMEN and TSIDEN",
  ],
  [
    BigInt(abi.FEATURE_BANDWIDTH),
    "its bandwidth is not limited: this CPU has no PMU counter to spare, or it does not count the board's refill_event. " +
      "Correct refill_event in board.yaml, or take `bandwidth` out of the system's file",
  ],
]);

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function milliseconds(nanoseconds: bigint): string {
  return `${(Number(nanoseconds) / 1e6).toFixed(1)} ms`;
}

/** A mask of pCPUs: "pCPU 1 and pCPU 3". */
function cpus(mask: bigint): string {
  const bits = [...mask.toString(2)].reverse();
  return bits.flatMap((bit, cpu) => (bit === "1" ? [`pCPU ${cpu}`] : [])).join(" and ");
}

/** The sentence, without the name of the partition it is about. */
export function describeEvent(event: HypervisorEvent): string {
  const { a, b, c } = event;
  switch (event.code) {
    case abi.EVENT_BOOT:
      return `hypervisor at ${hex(a)} booted ${c} partition${c === 1n ? "" : "s"} in ${milliseconds(b)}`;
    case abi.EVENT_STARTED:
      return b === 0n ? `started at ${hex(a)}` : `started at ${hex(a)}, restart ${b}`;
    case abi.EVENT_STOPPED:
      return `stopped: ${STOP_REASONS.get(a) ?? `reason ${a}`}`;
    case abi.EVENT_FAULT:
      return describeFault(a, b, c);
    case abi.EVENT_WATCHDOG:
      return `watchdog expired: last fed ${milliseconds(a)} ago`;
    case abi.EVENT_PANIC: {
      const { reason, access } = describeSyndrome(a);
      return `PANIC of the hypervisor: ${reason}${access ? ` on ${access} of ${hex(b)}` : ""} at pc ${hex(c)} (ESR ${hex(a)})`;
    }
    case abi.EVENT_UNAVAILABLE:
      return `${UNAVAILABLE.get(a) ?? `feature ${a} is not available: ${BUILD_AGAIN}`} (MIDR_EL1 ${hex(b)})`;
    case abi.EVENT_STOP_HANGS:
      return (
        `does not stop: its guest does not come out on ${cpus(a)}. It seems to sleep with interrupts shut off, and then ` +
        "nothing can wake it. " +
        "It has no memory any more, and disturbs nobody; only a reset of the board gives back what it sleeps on"
      );
    case abi.EVENT_CONTROLLER_LATE:
      return (
        "its interrupts have been switched off, but the GIC has not followed in time " +
        `(RWP of the register at ${hex(a)} stays set): some may still come`
      );
    case abi.EVENT_TRIAL_FAILED:
      return (
        `the system in slot ${String.fromCharCode(Number(b & 0xffn))} is on trial, and ` +
        (a === BigInt(abi.UPDATE_HEALTHY) ? "nobody has committed it" : "has not become healthy") +
        " in time: the board is reset"
      );
    default:
      return `event ${event.code} (${hex(a)}, ${hex(b)}, ${hex(c)})`;
  }
}

function describeFault(esr: bigint, ipa: bigint, pc: bigint): string {
  const { reason, access } = describeSyndrome(esr);
  const what = access ? `${access} of IPA ${hex(ipa)}, which it does not own` : reason;
  return `fault: ${what}; pc ${hex(pc)} (${access ? `${reason}, ` : ""}ESR ${hex(esr)})`;
}
