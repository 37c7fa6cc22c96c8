// axv-part run --firmware u-boot: a system starts as it does on a board. Debian's unchanged U-Boot finds boot.scr on a disk, that
// reads a slot, and U-Boot starts the FIT in it if it is signed by a key that its device tree requires.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Board } from "../../boards/schema.ts";
import type { Load } from "../../partitions/images/contents.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { diskImage } from "../firmware/disk/image.ts";
import { compatibleOf, systemFit } from "../firmware/fit/system.ts";
import type { PublicKey } from "../firmware/fit/verify.ts";
import type { Signer } from "../firmware/fit/write.ts";
import { trusting } from "../firmware/keys/control.ts";
import { KEYS_FOLDER, passingKey, publicKeysOf, signersOf } from "../firmware/keys/folder.ts";
import { claim } from "../output/places.ts";
import type { Content } from "../output/write.ts";
import { isBesidePlan, standardImage } from "../plan/products.ts";
import { type FirmwareFiles, machineArguments } from "./arguments.ts";
import { RunError } from "./errors.ts";
import { boardOf } from "./prepare.ts";
import { findQemu } from "./qemu.ts";

const U_BOOT = { program: "/usr/lib/u-boot/qemu_arm64/u-boot.bin", package: "u-boot-qemu" };
/** The only machine that there is one for. */
const MACHINE = "virt";

export class FirmwareChain {
  /** What it is signed by, as a sentence has it. */
  readonly signedBy: string;
  readonly #systemFile: string;
  readonly #signers: readonly Signer[];
  readonly #trusted: readonly PublicKey[];
  #files: FirmwareFiles;

  /** `output`: where the image goes; undefined: in its standard place. */
  constructor(name: string, systemFile: string, output: string | undefined) {
    if (name !== "u-boot") throw new RunError("AXV_RUN_FIRMWARE", name);
    if (!existsSync(U_BOOT.program)) throw new RunError("AXV_PROGRAM_MISSING", U_BOOT.program, U_BOOT.package);
    this.#systemFile = systemFile;
    const keys = join(dirname(systemFile), KEYS_FOLDER);
    const hasKeys = existsSync(keys);
    const passing = hasKeys ? undefined : passingKey("this-run");
    this.#signers = passing === undefined ? signersOf(keys) : [passing.signer];
    this.#trusted = passing === undefined ? publicKeysOf(keys) : [passing.known];
    const names = this.#signers.map((signer) => signer.name).join(" and ");
    this.signedBy = hasKeys ? `${names} of ${keys}` : `a key of this run alone, for there is no ${keys}`;
    const folder = dirname(output ?? standardImage(systemFile));
    this.#files = { program: U_BOOT.program, control: join(folder, "control.dtb"), disk: join(folder, "boot.img") };
  }

  get files(): FirmwareFiles {
    return this.#files;
  }

  inspect(plan: Plan): void {
    const board = boardOf(plan, this.#systemFile);
    if (board.isa !== "aarch64" || board.boot.qemu?.machine.split(",")[0] !== MACHINE)
      throw new RunError("AXV_RUN_FIRMWARE_BOARD", board.name);
    compatibleOf(plan);
  }

  claimMore(taken: readonly string[]): void {
    const { program, control, disk } = this.#files;
    const outputs = [{ path: control, what: "U-Boot's device tree" }, { path: disk, what: "U-Boot's disk" }];
    const [treePlace = control, diskPlace = disk] = claim(outputs.map((each) => ({ ...each, isOurs: isBesidePlan })), taken);
    this.#files = { program, control: treePlace, disk: diskPlace };
  }

  writeMore(plan: Plan, image: Load): ReadonlyMap<string, Content> {
    const board = boardOf(plan, this.#systemFile);
    const { control, disk } = this.#files;
    const fit = systemFit(this.#systemFile, plan, image, this.#signers);
    return new Map<string, Content>([
      [control, trusting(treeOf(board), this.#trusted)],
      [disk, diskImage(board, { content: fit, start: "bootm" })],
    ]);
  }
}

/** The device tree that QEMU makes for the board. */
function treeOf(board: Board): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "axv-tree-"));
  const file = join(folder, "board.dtb");
  const [option = "", machine = "", ...more] = machineArguments(board);
  try {
    const quiet = ["-nic", "none", "-display", "none"];
    execFileSync(findQemu(), [option, `${machine},dumpdtb=${file}`, ...more, ...quiet], { stdio: "pipe" });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
