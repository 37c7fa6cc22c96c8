// Proves of an image, from its bytes alone, that its partitions are isolated: what it consists of, which board it is for, what
// the core makes of it on that board, simulated; and holds that against checks.table.ts.
import type { Board } from "../../boards/schema.ts";
import type { Blob } from "../../partitions/blob/codec.ts";
import { oneLine } from "../../partitions/source/text.ts";
import { nearest } from "./board.ts";
import { BOARD_SENTENCE, BOOT_SENTENCE, CHECKS, CORE_CHECKS, FILE_CHECKS } from "./checks.table.ts";
import type { Row, Running } from "./checks.table.ts";
import { sha256 } from "./core.ts";
import type { Core } from "./core.ts";
import { devicesOn } from "./devices.ts";
import { FIT_SENTENCE, fitFindings } from "./fit.ts";
import type { PackedFit } from "./fit.ts";
import { isRead, openImage, uartIn } from "./image.ts";
import type { ReadImage } from "./image.ts";
import { reachesOf } from "./isas.ts";
import type { Reach } from "./reach.ts";
import { sharedBy } from "./shared.ts";

/** not tried: something before it does not hold. */
export type Verdict = "holds" | "broken" | "not tried";

export interface Check {
  readonly id: string;
  readonly sentence: string;
  readonly verdict: Verdict;
  readonly findings: readonly string[];
}

export interface Proof {
  readonly sha256: string;
  readonly bytes: number;
  readonly packed: PackedFit | undefined;
  /** Undefined: the blob cannot be read. */
  readonly blob: Blob | undefined;
  /** Undefined: none has all the facts that the blob says. */
  readonly board: Board | undefined;
  /** Undefined: it came to nothing that could be looked at. */
  readonly running: Running | undefined;
  readonly checks: readonly Check[];
  readonly isProven: boolean;
}

/** What is known of boards. */
export interface Known {
  readonly boards: readonly Board[];
  /** The board's own device tree, if it is there. */
  treeOf(board: Board): Uint8Array | undefined;
}

type Rows<Facts> = Readonly<Record<string, Row<Facts>>>;

const verdictOf = (findings: readonly string[]): Verdict => (findings.length === 0 ? "holds" : "broken");
const judged = (id: string, sentence: string, findings: readonly string[]): Check =>
  ({ id, sentence, verdict: verdictOf(findings), findings: findings.map(oneLine) });

/** Without facts: not tried. */
const judge = <Facts>(rows: Rows<Facts>, facts: Facts | undefined): Check[] =>
  Object.entries(rows).map(([id, { sentence, find }]) =>
    (facts === undefined ? { id, sentence, verdict: "not tried", findings: [] } : judged(id, sentence, find(facts))));

const holds = (checks: readonly Check[]): boolean => checks.every(({ verdict }) => verdict === "holds");

/** `packed`: the FIT that the image has come in. */
export function prove(bytes: Uint8Array, core: Core, known: Known, packed?: PackedFit): Proof {
  const image = openImage(bytes, core);
  const own = judge(CORE_CHECKS, image);
  const read = holds(own) && isRead(image) ? image : undefined;
  const first = [...own, ...judge(FILE_CHECKS, read)].map((check) =>
    (holds(own) && !isRead(image) && check.id === "blob" ? judged(check.id, check.sentence, [String(image.said)]) : check));
  const { board, running, checks } = proveSystem(holds(first) ? read : undefined, core, known);
  const fit = packed === undefined ? [] : [judged("fit", FIT_SENTENCE, fitFindings(packed, board))];
  const all = [...fit, ...first, ...checks];
  return {
    sha256: sha256(bytes),
    bytes: bytes.length,
    packed,
    blob: read?.said.blob,
    board, running,
    checks: all,
    isProven: holds(all),
  };
}

export interface SystemProof {
  readonly board: Board | undefined;
  readonly running: Running | undefined;
  readonly checks: readonly Check[];
}

/** What the core makes of a blob on its board; of an image that is undefined nothing is tried. */
export function proveSystem(image: ReadImage | undefined, core: Core, known: Known): SystemProof {
  const best = image && nearest(image.said.blob, known.boards);
  const board = best?.findings.length === 0 ? best.board : undefined;
  const booted = image && board ? reachesOf(board, core, {
    declared: image.said.declared,
    blob: image.blob,
    uart: uartIn(image),
    behind: image.bytes.subarray(core.binary.length + image.blob.length),
  }) : undefined;
  const running = board && image && booted !== undefined && typeof booted !== "string"
    ? runningOf(image, board, known.treeOf(board), booted)
    : undefined;
  const untried = { verdict: "not tried", findings: [] } as const;
  const boardFindings = best === undefined ? ["there is no board"] : best.findings;
  const boards = image === undefined
    ? { id: "board", sentence: BOARD_SENTENCE, ...untried }
    : judged("board", BOARD_SENTENCE, boardFindings);
  const starts = booted === undefined
    ? { id: "boot", sentence: BOOT_SENTENCE, ...untried }
    : judged("boot", BOOT_SENTENCE, typeof booted === "string" ? [booted] : []);
  return { board, running, checks: [boards, starts, ...judge<Running>(CHECKS, running)] };
}

function runningOf(image: ReadImage, board: Board, tree: Uint8Array | undefined, reaches: readonly Reach[]): Running {
  const { declared } = image.said;
  const hasTree = tree !== undefined || board.tree === undefined;
  return { board, devices: devicesOn(board, tree), hasTree, declared, reaches, shared: sharedBy(reaches, declared, board) };
}
