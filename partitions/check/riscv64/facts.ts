// The facts of a RISC-V board, one with another: harts, extensions, interrupt files, sources; and where its AIA is.
import type { Riscv64Board } from "../../../boards/schema.ts";
import { IDENTITIES_STEP } from "../../../boards/limits.ts";
import { boardFact } from "../../diagnostics/catalogue.ts";
import type { Findings } from "../../diagnostics/diagnostic.ts";
import { APLIC_SIZE } from "../../plan/riscv64/sizes.ts";
import type { Path } from "../../source/path.ts";
import { hex, PAGE } from "../../units.ts";
import { checkBaud } from "../baud.ts";
import type { Frame } from "../frame.ts";

export function checkFacts(board: Riscv64Board, mistakes: Findings): void {
  checkHarts(board, mistakes);
  checkExtensions(board, mistakes);
  checkFiles(board, mistakes);
  if (board.tree !== undefined)
    mistakes.report(
      ["tree"],
      boardFact("a device tree of the board's own", "leave it out: on RISC-V guests are told of devices as this file has them"),
    );
  checkBaud(board.uart, mistakes);
  checkSources(board, mistakes);
}

/** What is said of each pCPU is said of all of them. */
function checkHarts({ cpus: { harts, compatible, guest_files: files } }: Riscv64Board, mistakes: Findings): void {
  for (const [cpu, hart] of harts.entries()) {
    const twin = harts.indexOf(hart);
    if (twin < cpu)
      mistakes.report(["cpus", "harts", cpu], boardFact(`pCPU ${twin} is hart ${hart}, too`, "give each pCPU its own"));
  }
  for (const [key, what, { length }] of [["compatible", "models", compatible], ["guest_files", "numbers", files]] as const) {
    if (length !== harts.length)
      mistakes.report(
        ["cpus", key],
        boardFact(`${length} ${what} are listed, and there are ${harts.length} pCPUs`, `list ${harts.length}`),
      );
  }
}

/** What the core cannot do without: it compares them at boot, too. */
export const NEEDED_EXTENSIONS = {
  h: "the hypervisor extension",
  ssaia: "the Advanced Interrupt Architecture (AIA)",
  sstc: "a supervisor's timer of its own (Sstc)",
} as const;

function checkExtensions({ cpus: { extensions } }: Riscv64Board, mistakes: Findings): void {
  for (const [extension, what] of Object.entries(NEEDED_EXTENSIONS)) {
    if (!extensions.includes(extension))
      mistakes.report(
        ["cpus", "extensions"],
        boardFact(`its harts have no "${extension}"`, `the hypervisor needs ${what}: it runs on boards that have it`),
      );
  }
}

function checkFiles({ cpus: { harts, guest_files: files }, imsic }: Riscv64Board, mistakes: Findings): void {
  const { stride, identities } = imsic;
  if (!Number.isInteger(Math.log2(stride)))
    mistakes.report(["imsic", "stride"], boardFact(`${hex(stride)} is no power of two`, "it is 4K times one"));
  if ((identities + 1) % IDENTITIES_STEP !== 0)
    mistakes.report(
      ["imsic", "identities"],
      boardFact(`${identities} identities`, `a file has a multiple of ${IDENTITIES_STEP}, less 1`),
    );
  for (const [cpu, count] of files.entries()) {
    const room = stride / PAGE - 1;
    if (count > room)
      mistakes.report(
        ["cpus", "guest_files"],
        boardFact(
          `${count} guest files of hart ${harts[cpu] ?? cpu} are more than the ${room} that there is room for`,
          "correct `stride` of `imsic`, or write fewer",
        ),
      );
  }
}

/** A source has one use, but that devices may share one with each other: then they go to one partition together. */
function checkSources({ aplic, imsic, uart, spare_sources: [first, last], devices }: Riscv64Board, mistakes: Findings): void {
  if (first > last) mistakes.report(["spare_sources"], boardFact(`${first} is behind ${last}`, "write the lower number first"));
  const uses = Object.entries(devices).flatMap(([name, { spis }]) =>
    spis.map(({ spi: source, trigger }, index) => {
      const at: Path = ["devices", name, "source", ...(spis.length > 1 ? [index] : [])];
      return { name, use: `"${name}"`, at, source, trigger };
    }),
  );
  const owners = new Map<number, (typeof uses)[number]>();
  for (const each of uses) {
    const { name, at, source, trigger } = each;
    const owner = owners.get(source);
    owners.set(source, owner ?? each);
    const look = "look at the board's device tree";
    if (source === uart.source) mistakes.report(at, boardFact(`source ${source} of "${name}" is the UART's, too`, look));
    else if (owner?.name === name) mistakes.report(at, boardFact(`source ${source} of "${name}" is listed twice`, look));
    else if (owner !== undefined && owner.trigger !== trigger)
      mistakes.report(
        at,
        boardFact(
          `source ${source} is ${owner.trigger} triggered for one device and ${trigger} triggered for "${name}"`,
          "it is one of the two",
        ),
      );
  }
  const all = [{ use: "the UART", at: ["uart", "source"], source: uart.source }, ...uses];
  for (const { use, at, source } of all) {
    if (source >= first && source <= last)
      mistakes.report(
        at,
        boardFact(`source ${source} of ${use} is one of the spare ones, ${first} to ${last}`, "give others as `spare_sources`"),
      );
  }
  for (const { use, at, source } of [...all, { use: "the spare ones", at: ["spare_sources", 1], source: last }]) {
    if (source > aplic.sources)
      mistakes.report(at, boardFact(`source ${source} of ${use} is none of the APLIC's`, `it has 1 to ${aplic.sources}`));
    else if (source >= imsic.identities)
      mistakes.report(
        at,
        boardFact(
          `source ${source} of ${use} has no identity in a hart's interrupt file`,
          `leave it out: sources 1 to ${imsic.identities - 1} have one, beside the hypervisor's own`,
        ),
      );
  }
}

export const framesOf = (board: Riscv64Board): Frame[] => aiaFrames(board, board.cpus.harts, board.cpus.guest_files);

/** `files`: guest files of each hart, which are for guests alone. */
export function aiaFrames(
  { aplic, imsic }: Pick<Riscv64Board, "aplic" | "imsic">, harts: readonly number[], files: readonly number[],
): Frame[] {
  return [
    { what: "the APLIC", span: { base: aplic.base, size: APLIC_SIZE }, at: ["aplic", "base"], isDriven: true },
    ...harts.flatMap((hart, cpu) => {
      const base = imsic.base + hart * imsic.stride;
      const guests = files[cpu] ?? 0;
      const frame = (what: string, from: number, pages: number, isDriven: boolean): Frame => ({
        what, span: { base: from, size: pages * PAGE }, at: ["imsic", "base"], isDriven,
      });
      const own = frame(`the interrupt file of hart ${hart}`, base, 1, true);
      return guests === 0 ? [own] : [own, frame(`the guest files of hart ${hart}`, base + PAGE, guests, false)];
    }),
  ];
}
