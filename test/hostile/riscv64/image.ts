// The image of the hostile guest on RISC-V: guest.S, and behind it the steps.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLANG, LLD, runTool } from "../../../tools/build/native.ts";
import { RISCV64 } from "../../../tools/build/targets/riscv64.ts";
import type { Answer } from "../answers.ts";
import { ANSWER_ANY, ANSWER_DONE, ANSWER_EXCEPTION, ANSWER_GONE, ARGUMENTS, STEP, WORDS_MAX } from "../layout.ts";
import type { Step } from "./attempt.ts";
import { HEADER, IMAGE_BYTES, IMAGE_IPA, MACROS, STEPS_IPA } from "./layout.ts";
import { RET } from "./rv64.ts";

/** guest.S, in `folder`, as a raw image. */
export function assembleGuest(folder: string): Uint8Array {
  const [object, elf, image] = [join(folder, "hostile.o"), join(folder, "hostile.elf"), join(folder, "hostile.raw")];
  const macros = Object.entries(MACROS).map(([name, value]) => `-D${name}=${value}`);
  runTool(CLANG, [
    ...RISCV64.flags, "-march=rv64imac_zicsr", "-Itest/system/assembly/riscv64", ...macros, "-c", "test/hostile/riscv64/guest.S",
    "-o", object,
  ]);
  runTool(LLD, ["-static", "-Ttext", `0x${IMAGE_IPA.toString(16)}`, object, "-o", elf]);
  runTool({ command: "llvm-objcopy-19", package: "llvm-19" }, ["-O", "binary", "-j", ".text", elf, image]);
  return new Uint8Array(readFileSync(image));
}

function writeAnswer(view: DataView, at: number, answer: Answer): void {
  const write = (kind: number, mask = 0n, value = 0n): void => {
    view.setUint32(at + STEP.kind, kind, true);
    view.setBigUint64(at + STEP.mask, mask, true);
    view.setBigUint64(at + STEP.value, value, true);
  };
  switch (answer.kind) {
    case "done": return write(ANSWER_DONE, answer.mask, answer.value);
    case "exception": return write(ANSWER_EXCEPTION, BigInt(answer.mask >>> 0), BigInt(answer.syndrome >>> 0));
    case "alive": return write(ANSWER_ANY);
    case "fails": return write(ANSWER_GONE);
    default: throw new RangeError(`the guest has no answer "${answer.kind}"`);
  }
}

/** With its steps; `progress`: the IPA where their number stands. */
export function imageWith(guest: Uint8Array, steps: readonly Step[], progress: number): Uint8Array {
  const at = STEPS_IPA - IMAGE_IPA;
  if (guest.length > at) throw new RangeError("guest.S does not fit below its tables: raise ROOT_IPA and STEPS_IPA in layout.ts");
  const bytes = new Uint8Array(IMAGE_BYTES);
  if (at + HEADER.bytes + steps.length * STEP.bytes > IMAGE_BYTES) throw new RangeError("too many steps: raise IMAGE_BYTES");
  bytes.set(guest);
  const view = new DataView(bytes.buffer);
  view.setUint32(at + HEADER.count, steps.length, true);
  view.setBigUint64(at + HEADER.progress, BigInt(progress), true);
  steps.forEach(({ operation: { words, a = [] }, answer, times = 1 }, n) => {
    const place = at + HEADER.bytes + n * STEP.bytes;
    if (words.length > WORDS_MAX || a.length > ARGUMENTS) throw new RangeError(`step ${n} is longer than there is room for`);
    [...words, RET].forEach((word, k) => view.setUint32(place + STEP.words + 4 * k, word, true));
    a.forEach((value, k) => view.setBigUint64(place + STEP.x + 8 * k, BigInt.asUintN(64, BigInt(value)), true));
    view.setUint32(place + STEP.times, times, true);
    writeAnswer(view, place, answer);
  });
  return bytes;
}
