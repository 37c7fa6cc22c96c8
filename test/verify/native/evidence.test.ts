// Which markers count for which loop, where several could: each loop's bound and what it makes of the function's worst case. All
// functions are of one program; the lines of their markers tell them apart.
import { expect, test } from "vitest";
import { analyse, BOUNDED, nestingOf, refusals, type Sample } from "../sample.ts";

interface Case {
  readonly what: string;
  readonly text: string;
  readonly instructions: number;
  /** Why, and by which lines: outer loops first. */
  readonly bounds: readonly string[];
}

const cases: readonly Case[] = [
  // One loop.
  {
    what: "a marker where ways meet may stand in only one of them: it is not yet passed when the loop is left",
    text: "nop\n 1: nop\n cbz x0, 2f\n nop\n 2: bounded 4, 10\n nop\n cbnz x1, 1b\n ret",
    instructions: 1 + 4 * 5 + 5 + 1, bounds: ["stated: 10"],
  },
  {
    what: "two such markers are one at most",
    text: "nop\n 1: nop\n cbz x0, 2f\n nop\n 2: bounded 4, 10\n nop\n cbz x2, 3f\n nop\n " +
      "3: bounded 4, 10\n nop\n cbnz x1, 1b\n ret",
    instructions: 1 + 4 * 8 + 8 + 1, bounds: ["stated: 10"],
  },
  {
    what: "a marker on one way only does not count",
    text: "nop\n 1: nop\n cbz x0, 2f\n nop\n bounded 3, 11\n nop\n 2: nop\n bounded 9, 10\n cbnz x1, 1b\n ret",
    instructions: 1 + 8 * 6 + 6 + 1, bounds: ["stated: 11 10"],
  },
  {
    what: "rounds that are not whole are none",
    text: "nop\n 1: nop\n bounded 7, 10\n nop\n bounded 7, 10\n cbnz x1, 1b\n ret",
    instructions: 1 + 2 * 3 + 3 + 1, bounds: ["stated: 10"],
  },
  {
    what: "one that can go round but once never goes back",
    text: "nop\n 1: nop\n bounded 1, 10\n nop\n bounded 1, 10\n cbnz x1, 1b\n ret",
    instructions: 1 + 3 + 1, bounds: ["stated: 10"],
  },
  {
    what: "with one way back, the marker at its header may be that of a loop around an unrolled one",
    text: "nop\n 1: bounded 9, 20\n nop\n bounded 4, 21\n nop\n cbnz x0, 1b\n ret",
    instructions: 1 + 9 * 3 + 3 + 1, bounds: ["stated: 21 20"],
  },
  {
    what: "nor does the unrolled one count where the other's marker is certain",
    text: "nop\n 1: nop\n bounded 3, 20\n nop\n bounded 40, 21\n nop\n cbnz x0, 1b\n ret",
    instructions: 1 + 2 * 4 + 4 + 1, bounds: ["stated: 20 21"],
  },
  {
    what: "with two ways back both are one loop; as long as a byte count, if one of them is",
    text: "nop\n 1: bounded 3, 20\n nop\n bounded 0xffffffff, 22\n cbnz x0, 1b\n cbnz x1, 1b\n ret",
    instructions: 1 + 3 + 1, bounds: ["byte-count: 22 20"],
  },
  {
    what: "two ways back, and no marker of the one around the other: the larger counts",
    text: "nop\n 1: bounded 3, 11\n nop\n bounded 4, 12\n cbnz x0, 1b\n cbnz x1, 1b\n ret",
    instructions: 1 + 3 * 3 + 3 + 1, bounds: ["stated: 12 11"],
  },
  {
    what: "not knowing whether it is as long as a byte count, it is",
    text: "nop\n 1: bounded 3, 11\n nop\n bounded 0xffffffff, 0\n cbnz x1, 1b\n ret",
    instructions: 1 + 2 + 1, bounds: ["byte-count: 0 11"],
  },
  {
    what: "what stands on one way only does not count for that which stands at the header",
    text: "nop\n 1: bounded 9, 10\n nop\n cbz x0, 2f\n nop\n bounded 50, 11\n nop\n 2: nop\n cbnz x1, 1b\n ret",
    instructions: 1 + 9 * 6 + 6 + 1, bounds: ["stated: 11 10"],
  },
  {
    what: "two ways back, three markers, two of which are around one another: all multiply",
    text: "nop\n 1: bounded 3, 20\n bounded 7, 11\n nop\n bounded 4, 21\n cbnz x0, 1b\n cbnz x1, 1b\n ret",
    instructions: 1 + 4 * 8 * 5 * 3 + 3 + 1, bounds: ["merged: 21 20 11"],
  },
  {
    what: "two ways back, and both markers at the header",
    text: "nop\n 1: bounded 3, 20\n bounded 4, 21\n nop\n cbnz x0, 1b\n cbnz x1, 1b\n ret",
    instructions: 1 + 4 * 5 * 3 + 3 + 1, bounds: ["merged: 20 21"],
  },
  {
    what: "a retry loop that states its bound has that",
    text: "nop\n 1: ldaxr w8, [x0]\n bounded 3, 10\n stlxr w10, w9, [x0]\n cbnz w10, 1b\n ret",
    instructions: 1 + 3 * 3 + 1, bounds: ["stated: 10"],
  },

  // One inside another.
  {
    what: "at the inner header: the outer one takes the outer one's, however large",
    text: "nop\n 1: nop\n 2: bounded 30, 20\n bounded 4, 21\n nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 31 * (1 + 5 * 2 + 1) + 1, bounds: ["stated: 20", "stated: 21"],
  },
  {
    what: "at the inner header, and it is not known whose: both may be either",
    text: "nop\n 1: nop\n 2: bounded 3, 11\n bounded 4, 12\n nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 5 * (1 + 5 * 2 + 1) + 1, bounds: ["stated: 11 12", "stated: 11 12"],
  },
  {
    what: "at a retry loop's header: it needs none",
    text: "nop\n 1: nop\n 2: bounded 5, 10\n ldaxr w8, [x0]\n stlxr w10, w9, [x0]\n cbnz w10, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 6 * (1 + 8 * 3 + 1) + 1, bounds: ["stated: 10", "exclusive: "],
  },
  {
    what: "at the inner header, which has another of its own",
    text: "nop\n 1: nop\n 2: bounded 30, 20\n nop\n bounded 4, 21\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 31 * (1 + 4 * 2 + 1) + 1, bounds: ["stated: 20", "stated: 21"],
  },
  {
    what: "the outer one has its own: those at the inner header that may be meant as well count too",
    text: "nop\n 1: nop\n bounded 3, 20\n nop\n 2: bounded 50, 21\n nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 3 * (2 + 51 * 2 + 1) + 1, bounds: ["stated: 20", "stated: 21"],
  },
  {
    what: "a marker of the outer one was unrolled into it, and its loop lies further inside",
    text: "nop\n 1: nop\n bounded 3, 21\n nop\n 2: nop\n bounded 9, 20\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 10 * (2 + 9 * 2 + 1) + 1, bounds: ["stated: 21 20", "stated: 20"],
  },
  {
    what: "one loop in two nested halves: both go round as often as the whole",
    text: "nop\n 1: nop\n 2: bounded 6, 10\n nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 7 * (1 + 7 * 2 + 1) + 1, bounds: ["stated: 10", "stated: 10"],
  },
  {
    what: "of two loops inside, both passed, either may limit the outer one",
    text: "nop\n 1: nop\n 2: nop\n bounded 6, 11\n cbnz x0, 2b\n 3: nop\n bounded 9, 12\n cbnz x1, 3b\n cbnz x2, 1b\n ret",
    instructions: 1 + 10 * (1 + 6 * 2 + 9 * 2 + 1) + 1, bounds: ["stated: 11 12", "stated: 11", "stated: 12"],
  },
  {
    what: "at the inner header, one of two is the outer one's; and the inner one has a third",
    text: "nop\n 1: nop\n 2: bounded 30, 20\n bounded 4, 21\n nop\n bounded 5, 22\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 31 * (1 + 5 * 2 + 1) + 1, bounds: ["stated: 20", "stated: 22 21"],
  },
  {
    what: "the outer one has its own, and the inner one can spare another: either may count, for both",
    text: "nop\n 1: nop\n bounded 3, 11\n nop\n 2: bounded 50, 20\n bounded 4, 21\n nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 51 * (2 + 51 * 2 + 1) + 1, bounds: ["stated: 11 20", "stated: 20 21"],
  },
  {
    what: "the outer one has its own, and the inner one can spare none",
    text: "nop\n 1: nop\n bounded 3, 11\n nop\n 2: bounded 50, 12\n nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 3 * (2 + 51 * 2 + 1) + 1, bounds: ["stated: 11", "stated: 12"],
  },
  {
    what: "the outer one has its own, and a retry loop inside needs none",
    text: "nop\n 1: nop\n bounded 3, 11\n nop\n 2: bounded 50, 12\n ldaxr w8, [x0]\n stlxr w10, w9, [x0]\n cbnz w10, 2b\n " +
      "cbnz x1, 1b\n ret",
    instructions: 1 + 51 * (2 + 8 * 3 + 1) + 1, bounds: ["stated: 11 12", "exclusive: "],
  },
  {
    what: "of two markers one was unrolled out of a loop further inside",
    text: "nop\n 1: nop\n bounded 3, 21\n nop\n bounded 2, 11\n nop\n 2: nop\n bounded 9, 20\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    instructions: 1 + 10 * (3 + 9 * 2 + 1) + 1, bounds: ["stated: 21 11 20", "stated: 20"],
  },

  // Three.
  {
    what: "the middle one can spare its marker, for the innermost one can spare others",
    text: "nop\n 1: nop\n bounded 3, 11\n nop\n 2: bounded 50, 12\n nop\n 3: bounded 4, 13\n bounded 5, 14\n nop\n " +
      "cbnz x0, 3b\n cbnz x1, 2b\n cbnz x2, 1b\n ret",
    instructions: 1 + 51 * (2 + 51 * (1 + 6 * 2 + 1) + 1) + 1,
    bounds: ["stated: 11 12", "stated: 12 13 14", "stated: 13 14"],
  },
  {
    what: "three loops, all of whose markers stand at the innermost header",
    text: "nop\n 1: nop\n 2: nop\n 3: bounded 3, 30\n bounded 4, 31\n bounded 5, 32\n nop\n " +
      "cbnz x0, 3b\n cbnz x1, 2b\n cbnz x2, 1b\n ret",
    instructions: 1 + 6 * (1 + 4 * (1 + 6 * 2 + 1) + 1) + 1, bounds: ["stated: 30 31 32", "stated: 30", "stated: 31 32"],
  },
];
/** Lines: those of the first run around those of the second. */
const NESTING = nestingOf([[20, 21], [20, 22], [30, 31], [30, 32], [31, 32]]);

const sampleOf = (texts: readonly string[]): Sample =>
  analyse({ assembly: `${BOUNDED}.text\n${texts.map((text, n) => `f${n}: ${text}`).join("\n")}` }, NESTING);

test("loops, their bounds, and what they cost", () => {
  const sample = sampleOf(cases.map(({ text }) => text));
  expect(refusals(sample)).toEqual([]);
  const found = cases.map(({ what }, n) => {
    const { bounds, cost } = sample.routine(`f${n}`);
    return { what, instructions: cost.instructions, bounds: bounds.map(({ why, lines }) => `${why}: ${lines.join(" ")}`) };
  });
  expect(found).toEqual(cases.map(({ what, instructions, bounds }) => ({ what, instructions, bounds })));
});

test("what has no marker for sure is refused, each by its function", () => {
  const sample = sampleOf([
    // Of two loops inside, only one is passed.
    "nop\n 1: cbz x5, 4f\n 2: nop\n bounded 6, 11\n cbnz x0, 2b\n b 5f\n " +
      "4: nop\n 3: nop\n bounded 9, 12\n cbnz x1, 3b\n 5: cbnz x2, 1b\n ret",
    // Each way through the loop inside has another one.
    "nop\n 1: nop\n 2: nop\n cbz x3, 6f\n nop\n bounded 6, 11\n nop\n b 7f\n 6: nop\n bounded 7, 12\n nop\n " +
      "7: nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
    // A marker before the loop, and one behind it.
    "nop\n bounded 5, 10\n nop\n 1: nop\n cbnz x0, 1b\n nop\n bounded 5, 10\n nop\n ret",
    // The inner loop has none, and the outer one's is not its.
    "nop\n 1: nop\n bounded 5, 10\n nop\n 2: nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret",
  ]);
  const advice =
    "put a loop marker into the loop (bound() in AssemblyScript, a record in .axv.bounds in assembly) [loop-unmarked]";
  expect(sample.program.problems.map(({ message }) => message)).toEqual(
    ["f0", "f1", "f2", "f3"].map((name) => `a loop in ${name}: ${advice}`),
  );
});
