// axv-part run --firmware u-boot: a system starts as it does on a board. Debian's unchanged U-Boot finds boot.scr on a disk, that
// reads a slot, and U-Boot starts the FIT in it if it is signed by a key that its device tree requires. The one for RISC-V, which
// OpenSBI starts, checks the FIT's hash and no signature (CONFIG_FIT_SIGNATURE).
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BoardIsa } from "../../boards/isa.ts";
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

const PACKAGE = "u-boot-qemu";
export const U_BOOTS: Readonly<Record<BoardIsa, { readonly program: string; readonly verifies: boolean }>> = {
  aarch64: { program: "/usr/lib/u-boot/qemu_arm64/u-boot.bin", verifies: true },
  riscv64: { program: "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin", verifies: false },
};
/** The only machine that there is one for. */
const MACHINE = "virt";

export class FirmwareChain {
  readonly #signedBy: string;
  readonly #systemFile: string;
  readonly #signers: readonly Signer[];
  readonly #trusted: readonly PublicKey[];
  #files: FirmwareFiles;

  /** `output`: where the image goes; undefined: in its standard place. */
  constructor(name: string, systemFile: string, output: string | undefined) {
    if (name !== "u-boot") throw new RunError("AXV_RUN_FIRMWARE", name);
    this.#systemFile = systemFile;
    const keys = join(dirname(systemFile), KEYS_FOLDER);
    const hasKeys = existsSync(keys);
    const passing = hasKeys ? undefined : passingKey("this-run");
    this.#signers = passing === undefined ? signersOf(keys) : [passing.signer];
    this.#trusted = passing === undefined ? publicKeysOf(keys) : [passing.known];
    const names = this.#signers.map((signer) => signer.name).join(" and ");
    this.#signedBy = hasKeys ? `${names} of ${keys}` : `a key of this run alone, for there is no ${keys}`;
    const folder = dirname(output ?? standardImage(systemFile));
    this.#files = { program: U_BOOTS.aarch64.program, control: join(folder, "control.dtb"), disk: join(folder, "boot.img") };
  }

  get files(): FirmwareFiles {
    return this.#files;
  }

  /** What it is signed by, as a sentence has it. */
  get signedBy(): string {
    return this.#files.control === undefined
      ? `${this.#signedBy}; Debian's U-Boot for RISC-V checks the hash in it, and no signature`
      : this.#signedBy;
  }

  inspect(plan: Plan): void {
    const board = boardOf(plan, this.#systemFile);
    if (board.boot.qemu?.machine.split(",")[0] !== MACHINE) throw new RunError("AXV_RUN_FIRMWARE_BOARD", board.name);
    const { program, verifies } = U_BOOTS[board.isa];
    if (!existsSync(program)) throw new RunError("AXV_PROGRAM_MISSING", program, PACKAGE);
    const { control, disk } = this.#files;
    this.#files = { program, control: verifies ? control : undefined, disk };
    compatibleOf(plan);
  }

  claimMore(taken: readonly string[]): void {
    const { program, control, disk } = this.#files;
    const claimed = (path: string, what: string): string => claim([{ path, what, isOurs: isBesidePlan }], taken)[0] ?? path;
    this.#files = {
      program, control: control && claimed(control, "U-Boot's device tree"), disk: claimed(disk, "U-Boot's disk"),
    };
  }

  writeMore(plan: Plan, image: Load): ReadonlyMap<string, Content> {
    const board = boardOf(plan, this.#systemFile);
    const { control, disk } = this.#files;
    const fit = systemFit(this.#systemFile, plan, image, this.#signers);
    return new Map<string, Content>([
      ...(control === undefined ? [] : [[control, trusting(treeOf(board), this.#trusted)] as const]),
      [disk, diskImage(board, { content: fit, start: "bootm" })],
    ]);
  }
}

/** The device tree that QEMU makes for the board. */
function treeOf(board: Board): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "axv-tree-"));
  const file = join(folder, "board.dtb");
  try {
    const quiet = ["-nic", "none", "-display", "none"];
    execFileSync(findQemu(), [...machineArguments(board, `,dumpdtb=${file}`), ...quiet], { stdio: "pipe" });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
