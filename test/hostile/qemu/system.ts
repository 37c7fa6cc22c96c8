// The system that is attacked in QEMU: the hostile guest, the PLC guest beside it with a channel between the two, and a witness:
// the hostile guest's program once more, which does nothing but to keep some interrupts and memory in a state that is known, and
// to look, when it is asked, whether they are as it left them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Aarch64Plan as Plan } from "../../../partitions/plan/plan.ts";
import { aarch64Plan } from "../../aarch64.ts";
import { ROOT } from "../../../tools/build/files.ts";
import { buildProgram } from "../../../tools/build/index.ts";
import { CORE, PLC } from "../../../tools/build/programs.ts";
import { planFile } from "../../../tools/plan/file.ts";
import { soundSystem } from "../../../tools/plan/show.ts";
import type { Attempt, Step } from "../aarch64/attempt.ts";
import { ATTEMPTS } from "../aarch64/attempts/index.ts";
import { encodeSteps } from "../aarch64/encode.ts";
import { IMAGE_IPA, STEPS_IPA } from "../layout.ts";
import { HOSTILE } from "../program.ts";
import { Random } from "../random.ts";
import { targetOf } from "../aarch64/target.ts";
import type { Target } from "../aarch64/target.ts";
import { look, PATTERN_BYTES, prepare } from "./witness.ts";

export interface Variant {
  readonly name: string;
  readonly board: string;
  /** Of the attacker, and of its neighbour. */
  readonly attacker: "injected" | "direct";
  readonly neighbour: "injected" | "direct";
}

export interface Range {
  readonly first: number;
  readonly last: number;
}

export interface PreparedSystem {
  readonly variant: Variant;
  readonly yaml: string;
  /** The attacker's. */
  readonly target: Target;
  readonly neighbour: string;
  /** All its steps, and which of them each attempt is. */
  readonly attacker: {
    readonly name: string; readonly steps: readonly Step[]; readonly attempts: readonly (Range & { readonly attempt: Attempt })[]
  };
  readonly witness: {
    readonly name: string;
    readonly steps: readonly Step[];
    readonly preparing: Range;
    readonly looking: Range;
    /** What of its memory it fills, as PA. */
    readonly pattern: { readonly at: number; readonly size: number };
  };
}

const ATTACKER = "hostile";
const NEIGHBOUR = "plc";
const WITNESS = "witness";
/** SPIs of QEMU's virt that nothing is wired to. */
const ATTACKERS_SPI = 180;
const WITNESS_SPIS = [181, 182, 183];

const OUT = "build/test-hostile";

const partition = (name: string, image: string, cpu: number, more: readonly string[]): string[] => [
  `  ${name}:`, "    guest: plc # as to its machine", `    image: ${image}`, `    cpus: [${cpu}]`,
  `    memory: { size: 16M, ipa: 0x${IMAGE_IPA.toString(16)} }`, "    on_failure: restart", ...more.map((line) => `    ${line}`),
];

function yamlOf({ board, attacker, neighbour }: Variant, image: (name: string) => string): string {
  return [
    `board: ${board}`, "partitions:",
    ...partition(
      ATTACKER, image(ATTACKER), 1,
      ["devices: [rtc]", `spis: [${ATTACKERS_SPI}]`, "watchdog: 3s", ...(attacker === "direct" ? ["interrupts: direct"] : [])],
    ),
    // On pCPU 0: whoever takes a number out of range for the first one, hits it. An emulator on a busy machine may stand still
    // for a while: the PLC's watchdog is not what is tested.
    `  ${NEIGHBOUR}:`, "    guest: plc", "    cpus: [0]", "    memory: 16M", "    watchdog: 60s", "    on_failure: stop",
    ...(neighbour === "direct" ? ["    interrupts: direct"] : []),
    ...partition(WITNESS, image(WITNESS), 3, [`spis: [${WITNESS_SPIS.join(", ")}]`]),
    "channels:", `  process-image: { between: [${ATTACKER}, ${NEIGHBOUR}] }`, `  other: { between: [${WITNESS}, ${NEIGHBOUR}] }`,
    "",
  ].join("\n");
}

/** Plans the system, gives each of the two guests its steps, and writes their images. */
export async function prepareSystem(variant: Variant, seed: number): Promise<PreparedSystem> {
  const program = new Uint8Array(readFileSync((await buildProgram(HOSTILE)).binary));
  await buildProgram(PLC);
  await buildProgram(CORE);
  mkdirSync(join(ROOT, OUT), { recursive: true });
  const image = (name: string): string => join(ROOT, OUT, `${variant.name}-${name}.bin`);
  const yaml = yamlOf(variant, image);
  const file = join(ROOT, OUT, `${variant.name}.yaml`);
  writeFileSync(file, yaml);
  for (const name of [ATTACKER, WITNESS]) writeFileSync(image(name), program);
  const plan = aarch64Plan(soundSystem(planFile(file)).plan);

  const give = (name: string, target: Target, steps: readonly Step[]): void => {
    const bytes = program.slice();
    bytes.set(
      encodeSteps(steps, { gic: target.gic, gicc: target.gicc?.at ?? 0, console: target.console.at }), STEPS_IPA - IMAGE_IPA,
    );
    writeFileSync(image(name), bytes);
  };
  const target = targetOf(plan, ATTACKER);
  const attacker = attemptsOn(target, seed);
  give(ATTACKER, target, attacker.steps);
  const witness = witnessOf(plan);
  give(WITNESS, targetOf(plan, WITNESS), witness.steps);
  return { variant, yaml, target, neighbour: NEIGHBOUR, attacker, witness };
}

/** All attempts that there are on this machine, one behind the other. */
function attemptsOn(target: Target, seed: number): PreparedSystem["attacker"] {
  const steps: Step[] = [];
  const attempts = ATTEMPTS.filter(({ when }) => when?.(target) ?? true).map((attempt) => {
    const first = steps.length;
    steps.push(...attempt.steps(target, new Random(seed + first)));
    return { attempt, first, last: steps.length - 1 };
  });
  return { name: ATTACKER, steps, attempts };
}

function witnessOf(plan: Plan): PreparedSystem["witness"] {
  const target = targetOf(plan, WITNESS);
  const ram = plan.partitions.find(({ name }) => name === WITNESS)?.regions.find(({ kind }) => kind === "ram");
  if (ram === undefined) throw new RangeError("the witness has no memory");
  const [first, second] = [prepare(target), look(target)];
  return {
    name: WITNESS,
    steps: [...first, ...second],
    preparing: { first: 0, last: first.length - 1 },
    looking: { first: first.length, last: first.length + second.length - 1 },
    pattern: { at: ram.pa + (target.scratch.at - ram.ipa), size: PATTERN_BYTES },
  };
}
