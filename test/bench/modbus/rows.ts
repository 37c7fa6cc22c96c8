// The bridge's Modbus server beside libmodbus's and modbus-serial's: 100 holding registers a request,
// over loopback. All three are loaded in turn, round by round, so that whatever else the machine does
// hits all; medians, and ratios within a round.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePrograms, MeasuredServer, SERVERS, type ServerName } from "./servers.ts";

const ROUNDS = 5;
const SECONDS = 1.5;
const WARM_UP_SECONDS = 1;
const MANY = 20;
const MOST = 200;
/** Requests under way of a client that does not wait for each answer. */
const AHEAD = 8;

export interface BridgeRow {
  readonly title: string;
  readonly ours: string;
  readonly theirs: string;
  /** What the goal is about: a ratio, or megabytes. */
  readonly value: number;
  readonly goal: string;
  readonly isReached: boolean;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

interface Figures {
  readonly single: number[];
  readonly ahead: number[];
  readonly cpuOfMany: number[];
}

async function measure(servers: readonly MeasuredServer[]): Promise<ReadonlyMap<ServerName, Figures>> {
  const all = new Map<ServerName, Figures>(SERVERS.map((name) => [name, { single: [], ahead: [], cpuOfMany: [] }]));
  for (const server of servers) await server.load(MANY, 1, WARM_UP_SECONDS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) {
      const figures = all.get(server.name);
      figures?.single.push((await server.load(1, 1, SECONDS)).requestsPerSecond);
      figures?.ahead.push((await server.load(1, AHEAD, SECONDS)).requestsPerSecond);
      figures?.cpuOfMany.push((await server.load(MANY, 1, SECONDS)).microsecondsOfCpu);
    }
  }
  return all;
}

const perSecond = (value: number): string => `${Math.round(value)}/s`;
const microseconds = (value: number): string => `${value.toFixed(1)} µs`;

/** Of what was measured in the same round. */
const ratio = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));

function atLeast(title: string, ours: readonly number[], peer: string, theirs: readonly number[], goal: number): BridgeRow {
  const value = ratio(ours, theirs);
  return {
    title,
    ours: perSecond(median(ours)),
    theirs: `${peer} ${perSecond(median(theirs))}`,
    value,
    goal: `≥ ${goal} ×`,
    isReached: value >= goal,
  };
}

export async function modbusRows(): Promise<BridgeRow[]> {
  const scratch = mkdtempSync(join(tmpdir(), "axv-bench-modbus-"));
  const servers: MeasuredServer[] = [];
  try {
    compilePrograms(scratch);
    for (const name of SERVERS) servers.push(await MeasuredServer.start(name, scratch));
    const idle = servers[0]?.residentBytes() ?? Number.NaN;
    const figures = await measure(servers);
    const of = (name: ServerName, which: keyof Figures): readonly number[] => figures.get(name)?.[which] ?? [];
    const loaded = (await servers[0]?.load(MOST, 1, SECONDS))?.residentBytes ?? Number.NaN;
    const growth = (loaded - idle) / 1e6;
    const cpu = ratio(of("axv-part", "cpuOfMany"), of("libmodbus", "cpuOfMany"));
    const cpuOf = (name: ServerName): string => microseconds(median(of(name, "cpuOfMany")));
    return [
      atLeast("Modbus, one client", of("axv-part", "single"), "libmodbus", of("libmodbus", "single"), 1.5),
      atLeast("Modbus, one client", of("axv-part", "single"), "modbus-serial", of("modbus-serial", "single"), 50),
      atLeast(
        `Modbus, one client, ${AHEAD} requests under way`,
        of("axv-part", "ahead"),
        "libmodbus",
        of("libmodbus", "ahead"),
        1.5,
      ),
      {
        title: `Modbus, ${MANY} clients, CPU a request`,
        ours: cpuOf("axv-part"),
        theirs: `libmodbus ${cpuOf("libmodbus")}, modbus-serial ${cpuOf("modbus-serial")}`,
        value: cpu,
        goal: "≤ 1 ×",
        isReached: cpu <= 1,
      },
      {
        title: `Modbus, ${MOST} clients, memory`,
        ours: `${(loaded / 1e6).toFixed(0)} MB`,
        theirs: `idle ${(idle / 1e6).toFixed(0)} MB`,
        value: growth,
        goal: "≤ 60 MB more",
        isReached: growth <= 60,
      },
    ];
  } finally {
    for (const server of servers) server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}
