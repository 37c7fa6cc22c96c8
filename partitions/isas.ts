// What the checks, the planner, its proof and guests' device trees ask a board's ISA: one table, by the ISA. All else of them
// knows none. A new ISA is its files in check/<isa>, plan/<isa> and devicetree/<isa>, and a line here.
import type { BoardIsa } from "../boards/isa.ts";
import type { Board } from "../boards/schema.ts";
import type { Profile } from "../rtos-guests/profiles/schema.ts";
import * as facts from "./check/aarch64/facts.ts";
import * as guests from "./check/aarch64/guests.ts";
import * as interrupts from "./check/aarch64/interrupts.ts";
import * as riscvFacts from "./check/riscv64/facts.ts";
import * as riscvGuests from "./check/riscv64/guests.ts";
import * as riscvInterrupts from "./check/riscv64/interrupts.ts";
import type { Frame } from "./check/frame.ts";
import * as nodes from "./devicetree/aarch64/nodes.ts";
import * as riscvNodes from "./devicetree/riscv64/nodes.ts";
import type { OwnPhandles, TreeNode, Value } from "./devicetree/dts.ts";
import type { Findings, Problem } from "./diagnostics/diagnostic.ts";
import * as exits from "./plan/aarch64/exits.ts";
import * as machine from "./plan/aarch64/machine.ts";
import type { Aarch64Cpu, Aarch64Machine, Aarch64Partition, Aarch64Windows } from "./plan/aarch64/plan.ts";
import * as proof from "./plan/aarch64/prove.ts";
import * as windows from "./plan/aarch64/windows.ts";
import type { Emulated } from "./plan/emulated.ts";
import type { Lines } from "./plan/lines.ts";
import { isaOfPlan } from "./plan/plan.ts";
import type { Plan, PlannedCpu, PlannedLine, PlannedPartition, PlannedRegion } from "./plan/plan.ts";
import * as riscvExits from "./plan/riscv64/exits.ts";
import * as riscvMachine from "./plan/riscv64/machine.ts";
import type { Riscv64Cpu, Riscv64Machine, Riscv64Windows } from "./plan/riscv64/plan.ts";
import * as riscvProof from "./plan/riscv64/prove.ts";
import * as riscvWindows from "./plan/riscv64/windows.ts";
import type { Claim, Violation } from "./plan/violation.ts";

/** Of what only one ISA's partitions have: nothing, elsewhere. */
type Own<T> = T | Record<never, never>;
export type Windows = Aarch64Windows | Riscv64Windows;

/** Written as methods: each ISA's take its own boards, profiles and plans alone, for they are looked up by the `isa` of these. */
export interface IsaPlanning {
  // What a board's file says, and whether all of it can be true.
  pcpuCount(board: Board): number;
  linesOf(board: Board): Lines;
  /** Where its interrupt controller is. */
  framesOf(board: Board): readonly Frame[];
  checkFacts(board: Board, mistakes: Findings): void;
  /** Whoever has the PMU of such a pCPU sees what the hypervisor does on it. */
  countsHypervisor(board: Board): boolean;
  /** Why what `bandwidth` limits cannot be measured. */
  refillsProblem(board: Board): Problem | undefined;
  /** Groups of ways that a cluster can give to partitions. */
  wayGroups(board: Board): number;

  // What a system's file asks for.
  /** Why the board has no such line to give away. */
  numberProblem(board: Board, number: number): Problem | undefined;
  /** The timer for whose interrupt a number may have been taken. */
  timerOf(board: Board, number: number): string | undefined;
  /** Why such guests cannot drive this board's interrupt controller. */
  controllerProblem(board: Board, profile: Profile, isDirect: boolean): Problem | undefined;
  /** Why interrupts cannot be direct on these pCPUs, or for such guests. */
  directProblems(board: Board, cpus: readonly number[], profile: Profile | undefined): readonly Problem[];
  /** Why who has these pCPUs cannot be trusted with its vCPUs' interrupts to one another. */
  trustProblems(board: Board, cpus: readonly number[]): readonly Problem[];

  // What of the plan is its own.
  /** `line`: bytes of one of the shared cache. */
  planMachine(board: Board, line: number): Aarch64Machine | Riscv64Machine;
  planCpu(board: Board, cpu: number): Aarch64Cpu | Riscv64Cpu;
  planWindows(board: Board, profile: Profile | undefined, isDirect: boolean): Windows;
  windowsOf(windows: Windows, vcpus: number): readonly Emulated[];
  /** What a partition has of the physical interrupt controller. */
  planInterface(
    board: Board, profile: Profile | undefined, isDirect: boolean, cpus: readonly number[],
  ): readonly PlannedRegion[];
  /** IPA of its emulated UART; `hasTwo`: of a second one behind it, too. */
  planConsole(board: Board, profile: Profile | undefined, hasTwo: boolean): number;
  /** Of a PMU of its own. */
  planCounting(): Own<Pick<Aarch64Partition, "countEl2">>;
  /** What it is not looked at for. */
  planTrust(trustsSgis: boolean, profile: Profile): Own<Pick<Aarch64Partition, "trustedSgi" | "probesPriority">>;
  /** Interrupts of its pCPUs' own. */
  planPrivate(board: Board, hasPmu: boolean): Own<Pick<Aarch64Partition, "ppis">>;
  /** Lines of the PMUs of these pCPUs that are not private to them. */
  pmuLines(board: Board, cpus: readonly number[]): readonly number[];
  /** What it leaves its guest code for, of what is known of its kind. */
  planExits(board: Board, known: NonNullable<Profile["exits"]>, isDirect: boolean, isTrusted: boolean): readonly string[];

  /** Translation tables that the root of a partition's stage 2 takes, with what is wasted for its place. */
  readonly ROOT_TABLES: number;
  /** A direct partition's pCPU takes the hypervisor's tick all the same. */
  readonly DIRECT_KEEPS_HOUSE: boolean;

  // The proof of these, which shares nothing with what plans them.
  readonly LINE: string;
  /** The emulated UART. */
  readonly UART: string;
  /** Above a column of these; and above one of what its pCPUs are called. */
  readonly LINE_TITLE: string;
  readonly CPU_TITLE: string;
  cpuId(cpu: PlannedCpu): string;
  lineName(line: number): string;
  isLine(plan: Plan, line: number): boolean;
  controllerClaims(plan: Plan): readonly Claim[];
  windowClaims(plan: Plan, partition: PlannedPartition): readonly Claim[];
  seesHypervisor(plan: Plan, partition: PlannedPartition): boolean;
  proveMachine(plan: Plan): readonly Violation[];
  proveIds(plan: Plan): readonly Violation[];
  provePrivate(plan: Plan, partition: PlannedPartition): readonly Violation[];
  proveController(plan: Plan, partition: PlannedPartition): readonly Violation[];
  proveCounter(plan: Plan, partition: PlannedPartition): readonly Violation[];

  // Nodes of a device tree.
  /** Of /cpus. */
  cpusProperties(board: Board): Readonly<Record<string, Value>>;
  /** Of each vCPU's node, besides what all have. */
  cpuProperties(board: Board, partition: PlannedPartition): Readonly<Record<string, Value>>;
  cpuNodes(vcpu: number, phandles: OwnPhandles): readonly TreeNode[];
  rootProperties(phandles: OwnPhandles): Readonly<Record<string, Value>>;
  /** Which interrupts a node has. */
  interruptProperties(
    lines: readonly PlannedLine[], phandles: OwnPhandles, isDirect: boolean,
  ): Readonly<Record<string, Value>>;
  firmwareNodes(): readonly TreeNode[];
  /** Its name without the unit address, and what it says besides its registers and its interrupt. */
  readonly UART_NODE: string;
  uartProperties(board: Board, phandles: OwnPhandles): Readonly<Record<string, Value>>;
  machineNodes(board: Board, partition: PlannedPartition, phandles: OwnPhandles): readonly TreeNode[];
}

const ISAS: Readonly<Record<BoardIsa, IsaPlanning>> = {
  aarch64: { ...facts, ...guests, ...interrupts, ...nodes, ...exits, ...machine, ...proof, ...windows },
  riscv64: {
    ...riscvFacts, ...riscvGuests, ...riscvInterrupts, ...riscvNodes, ...riscvExits, ...riscvMachine, ...riscvProof,
    ...riscvWindows,
  },
};

export const ofIsa = (isa: BoardIsa): IsaPlanning => ISAS[isa];
export const isaOf = (board: Board): IsaPlanning => ISAS[board.isa];
export const ofPlan = (plan: Plan): IsaPlanning => ISAS[isaOfPlan(plan)];

/** Indices of a board's pCPUs. */
export const pcpusOf = (board: Board): number[] => [...Array(isaOf(board).pcpuCount(board)).keys()];
