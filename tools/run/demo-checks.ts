// Did both partitions of the demo really work? Judged by what Linux prints, what the PLC publishes, and what the hypervisor
// counts; never by how fast it went: emulation on a busy host may be slow.
import { PLC_TAG_SCANS } from "../../rtos-guests/plc/abi.ts";
import { type Check, judgeHealth, type Judge, verdict } from "./checks.ts";
import { LineAssembler, printable } from "../../industrial/live/lines.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import type { Session } from "./session.ts";
import { showTime } from "../../industrial/live/show.ts";

export const DEMO_LINUX = "linux";
export const DEMO_PLC = "plc";

/** The one line in which its init says what it found of what it was given: tools/linux/guest/start. */
const LINUX_REPORT = /^axv: linux=/;
const LINUX_HAS = ["disk=ok", "net=ok", "channel=ok"];
/** What plc-reader prints of the PLC's process image, read from the channel. */
const PROCESS_IMAGE = /process image: scans=(\d+)/;
/** A PLC that scans a thousand times a second stands still that long only when something is wrong, on whatever host. */
const STANDSTILL_MAX_NS = 5_000_000_000n;
/** So long its exits must have been counted before "none" says anything: a thousand scans. */
const STEADY_MIN_NS = 1_000_000_000n;

export const judgeDemo: Judge = (session) => {
  const health = judgeHealth(session);
  const linux = watchLinux(session);
  const plc = watchPlc(session);
  const { partitions } = session.monitor;
  return () => [...health(), ...linux(), ...plc(), ...directs(session).map(withoutExits), ...partitions.map(untouched)];
};

function watchLinux(session: Session): () => Check[] {
  const has = [`cpus=${session.monitor.named(DEMO_LINUX)?.plan.cpus.length}`, ...LINUX_HAS];
  let report: string | undefined;
  const scans: bigint[] = [];
  // Whole lines: those that are shown may be cut in two, by an event or by a host that is slow.
  const lines = new LineAssembler((text) => {
    const line = printable(text, false);
    if (LINUX_REPORT.test(line)) report = line;
    const [, count] = PROCESS_IMAGE.exec(line) ?? [];
    if (count !== undefined) scans.push(BigInt(count));
  }, Infinity);
  session.on("console", (partition, bytes) => {
    if (session.monitor.nameOf(partition) === DEMO_LINUX) lines.push(bytes);
  });
  const reported = (): Check => {
    const name = `${DEMO_LINUX} has its CPUs, disk, network and channel`;
    if (report === undefined) return { name, verdict: "pending", detail: `no line of its init with ${has.join(" ")}` };
    const words = report.split(" ");
    return { name, verdict: verdict(has.every((word) => words.includes(word))), detail: report };
  };
  return () => [
    reported(),
    {
      name: `${DEMO_LINUX} reads the PLC's process image`,
      verdict: scans.length < 2 ? "pending" : verdict(scans.every((count, at) => at === 0 || count > (scans[at - 1] ?? 0n))),
      detail: scans.length === 0 ? "no line of it" : `${scans.length} lines, scans ${scans[0]} → ${scans.at(-1)}`,
    },
  ];
}

function watchPlc(session: Session): () => Check[] {
  let first: bigint | undefined;
  let last = 0n;
  let lastGrowth = 0n;
  let standstill = 0n;
  let backwards = false;
  session.on("partition", ({ partition, time, tags }) => {
    const scans = tags.get(PLC_TAG_SCANS);
    if (scans === undefined || session.monitor.nameOf(partition) !== DEMO_PLC) return;
    if (first === undefined) {
      first = scans;
      lastGrowth = time;
    }
    backwards ||= scans < last;
    if (time - lastGrowth > standstill) standstill = time - lastGrowth;
    if (scans > last) lastGrowth = time;
    last = scans;
  });
  return () => {
    const grew = first !== undefined && last > first;
    const steady = !backwards && standstill <= STANDSTILL_MAX_NS;
    return [
      {
        name: `${DEMO_PLC} publishes its scans, and they go on`,
        verdict: !grew && steady ? "pending" : verdict(steady),
        detail:
          first === undefined
            ? "no telemetry with scans"
            : `${first} → ${last}${backwards ? ", went back" : ""}, longest standstill ${showTime(standstill)}`,
      },
      neverHeld(session.monitor.named(DEMO_PLC)),
    ];
  };
}

function neverHeld(plc: PartitionRecord | undefined): Check {
  const name = `${DEMO_PLC} never held by the hypervisor`;
  if (plc === undefined || plc.vcpus.length === 0) return { name, verdict: "pending", detail: "no telemetry of its vCPU" };
  return { name, verdict: verdict(plc.held === 0n), detail: `held ${showTime(plc.held)}` };
}

/** Whether a partition works is known of those that publish something: of Linux, direct where it has to be, it is not. */
const directs = ({ monitor }: Session): PartitionRecord[] =>
  monitor.partitions.filter(({ plan }) => plan.direct && plan.tags.length > 0);

/** What direct interrupts promise: a partition that works never leaves its guest. */
function withoutExits({ name, exits, sinceReady }: PartitionRecord): Check {
  const count = sinceReady.exits;
  const total = exits.reduce((sum, causes) => sum + causes, 0);
  return {
    name: `${name} works without a single exit`,
    verdict: count === undefined || (count === 0 && sinceReady.time < STEADY_MIN_NS) ? "pending" : verdict(count === 0),
    detail:
      count === undefined
        ? "it has not published a tag"
        : `${count} in ${showTime(sinceReady.time)}, ${total - count} while it started`,
  };
}

/** Nobody asks for a restart in the demo, so there is none. */
function untouched(partition: PartitionRecord): Check {
  const { telemetry } = partition;
  return {
    name: `${partition.name} runs, never restarted`,
    verdict: telemetry === undefined ? "pending" : verdict(telemetry.state === "running" && telemetry.restarts === 0),
    detail: telemetry === undefined ? "no telemetry" : `${telemetry.state}, restarts ${telemetry.restarts}`,
  };
}
