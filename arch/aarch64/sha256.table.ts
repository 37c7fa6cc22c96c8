// SHA-256 by FEAT_SHA256's instructions (Arm ARM DDI 0487, SHA256H and the next). They work on the SIMD registers, which the
// guest's values stay in while the hypervisor runs: those that are used are put aside first, and back at the end.
import type { Intrinsic } from "../../tools/build/intrinsic.ts";

// q0, q1: a…h; q4 to q7: the schedule; v3: four constants, of which ld2 puts the other halves into v2; then v2: what q0 was.
const ASSEMBLY = [
  ".arch_extension sha2",
  "stp q0, q1, [%1]", "stp q2, q3, [%1, #32]", "stp q4, q5, [%1, #64]", "stp q6, q7, [%1, #96]",
  "ldp q0, q1, [%2]", "ldp q4, q5, [%3, #64]", "ldp q6, q7, [%3, #96]",
  "ld2 {v2.4s, v3.4s}, [%0]", "add v3.4s, v3.4s, v4.4s", "sha256su0 v4.4s, v5.4s", "sha256su1 v4.4s, v6.4s, v7.4s",
  "mov v2.16b, v0.16b", "sha256h q0, q1, v3.4s", "sha256h2 q1, q2, v3.4s",
  "stp q0, q1, [%3]", "stp q5, q6, [%3, #64]", "stp q7, q4, [%3, #96]",
  "ldp q0, q1, [%1]", "ldp q2, q3, [%1, #32]", "ldp q4, q5, [%1, #64]", "ldp q6, q7, [%1, #96]",
];

export const sha256Rounds: Intrinsic = {
  name: "sha256Rounds",
  params: { from: "u32", to: "u32", constants: "u32" },
  result: "void",
  doc:
    "Four rounds: of a…h at `from` come those at `to`. Behind these, 64 bytes on, is the schedule: its first four words go, " +
    "and four come. Of four u64 at `constants` the upper halves count.",
  c: `__attribute__((aligned(16))) unsigned long guest[16];
__asm__ volatile("${ASSEMBLY.join("\\n\\t")}"
: : "r"(LINEAR(constants)), "r"(guest), "r"(LINEAR(from)), "r"(LINEAR(to)) : "memory");`,
};
