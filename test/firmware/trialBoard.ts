// A disk that boots in QEMU behind Debian's unchanged U-Boot, and a PLC guest that becomes healthy there.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BoardIsa } from "../../boards/isa.ts";
import { isaOfPlan, type Plan } from "../../partitions/plan/plan.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { withFileDisk } from "../../tools/firmware/deploy/file-disk.ts";
import { placesOn, stateOn } from "../../tools/firmware/deploy/places.ts";
import { writeStateOn } from "../../tools/firmware/deploy/state.ts";
import type { SlotState } from "../../tools/firmware/slots.ts";
import { machineArguments } from "../../tools/run/arguments.ts";
import { U_BOOTS } from "../../tools/run/firmware.ts";
import { boardOf } from "../../tools/run/prepare.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { until } from "../patience.ts";

/** A PLC guest whose overruns count for nothing: on an emulated board there are some at any time. */
export const LENIENT = "lenient";

const PLCS: Readonly<Record<BoardIsa, { readonly profile: string; readonly image: string }>> = {
  aarch64: { profile: "plc.yaml", image: "build/plc/plc.bin" },
  riscv64: { profile: "riscv64/plc.yaml", image: "build/plc-riscv64/plc-riscv64.bin" },
};

/** Its profile, and its image plc.bin, beside the system.yaml of that folder. */
export function writeLenientGuest(folder: string, isa: BoardIsa = "aarch64"): void {
  mkdirSync(join(folder, "guests"));
  const profile = readFileSync(join("rtos-guests/profiles", PLCS[isa].profile), "utf8");
  const lenient = profile.replace("name: plc", `name: ${LENIENT}`).replace("name: overruns", "name: late");
  writeFileSync(join(folder, `guests/${LENIENT}.yaml`), lenient);
  copyFileSync(PLCS[isa].image, join(folder, "plc.bin"));
}

export const stateNow = (disk: string): Promise<SlotState> =>
  withFileDisk(disk, "read", async (target) => stateOn(target, placesOn(target)).state);

export const changeState = (disk: string, change: (state: SlotState) => SlotState): Promise<SlotState> =>
  withFileDisk(disk, "write", async (target) => {
    const places = placesOn(target);
    return writeStateOn(target, places, change(stateOn(target, places).state));
  });

export interface Board {
  readonly session: Session;
  /** All that the UART has said. */
  readonly said: () => string;
  readonly until: (what: string, condition: () => boolean) => Promise<void>;
  readonly scans: () => bigint;
}

/** `plan`: the file of the system that starts. The disk is the first virtio device. */
export async function withBoard(disk: string, plan: string, work: (board: Board) => Promise<void>): Promise<void> {
  const planned = JSON.parse(readFileSync(plan, "utf8")) as Plan;
  const { partitions } = planned;
  const isa = isaOfPlan(planned);
  const { emulator } = TARGETS[isa];
  const { program } = U_BOOTS[isa];
  const machine = await startQemu([
    ...machineArguments(boardOf(planned, plan)),
    ...(emulator.firmware === undefined ? ["-bios", program] : ["-bios", emulator.firmware.path, "-kernel", program]),
    ...["-global", "virtio-mmio.force-legacy=false", "-drive", `if=none,format=raw,id=disk,file=${disk}`],
    ...["-device", "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0"],
  ], undefined, emulator);
  let said = "";
  machine.uart.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
  const session = new Session(machine.uart, partitions);
  const scans = (): bigint => session.monitor.named("plc")?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
  try {
    await work({ session, said: () => said, until: (what, holds) => until(what, holds, { seen: () => said }), scans });
  } finally {
    session.link.close();
    await machine.stop();
  }
}
