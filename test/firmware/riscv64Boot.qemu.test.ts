// A disk of a RISC-V system in Debian's unchanged U-Boot behind OpenSBI, without a key pressed, and with the machine that
// `run --firmware u-boot` makes: of a FIT in which a byte has changed slot b starts, on trial, and the state on the disk says so;
// it is healthy, and committed. A trial that ends in a reset: trial.qemu.test.ts.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { inspectFile } from "../../tools/firmware/inspect/inspect.ts";
import { TRIES } from "../../tools/firmware/slots.ts";
import { qemuArguments } from "../../tools/run/arguments.ts";
import { FirmwareChain } from "../../tools/run/firmware.ts";
import { prepare } from "../../tools/run/prepare.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { axvPart } from "../output/axvPart.ts";
import { until } from "../patience.ts";
import { changeState, LENIENT, stateNow, writeLenientGuest } from "./trialBoard.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-riscv-boot-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SYSTEM = `board: qemu-riscv64
healthy_after: 500ms
commit_within: 600s
partitions:
  first: { guest: ${LENIENT}, image: plc.bin, cpus: [1], memory: 16M }
  second: { guest: ${LENIENT}, image: plc.bin, cpus: [2], memory: 16M, interrupts: direct }
`;

/** Another one, far inside its image. */
function changeByte(disk: string, slot: string): void {
  const found = inspectFile(disk);
  const { first = 0 } = (found.kind === "disk" ? found.parts : []).find(({ name }) => name === slot) ?? {};
  const file = openSync(disk, "r+");
  const byte = new Uint8Array(1);
  const place = (first + 1000) * SECTOR;
  readSync(file, byte, 0, 1, place);
  writeSync(file, byte.map((old) => old ^ 1), 0, 1, place);
  closeSync(file);
}

test("slot b starts, on trial, where slot a is not as its hash says; the disk's state says so; it is committed", async () => {
  writeLenientGuest(folder, "riscv64");
  const file = join(folder, "line.yaml");
  writeFileSync(file, SYSTEM);
  const chain = new FirmwareChain("u-boot", file, undefined);
  const system = await prepare(
    file, () => {}, undefined, (plan) => chain.inspect(plan), (taken) => chain.claimMore(taken),
    (plan, image) => chain.writeMore(plan, image),
  );
  closeSync(system.opened);
  expect(chain.signedBy).toContain("checks the hash in it, and no signature");
  const { disk } = chain.files;
  changeByte(disk, "slot-a");
  await changeState(disk, (state) => ({ ...state, status: { a: "good", b: "pending" }, tries: TRIES }));
  const { partitions } = system.plan;
  const options = qemuArguments({ ...system, partitions, firmware: chain.files });
  // The state is written, and stays.
  const machine = await startQemu(options.map((text) => text.replace(",snapshot=on", "")), undefined, TARGETS.riscv64.emulator);
  let said = "";
  machine.uart.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
  const session = new Session(machine.uart, partitions);
  try {
    const scans = (name: string): bigint => session.monitor.named(name)?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
    await until("scans of both partitions", () => scans("first") > 100n && scans("second") > 100n, { seen: () => said });
    await until("health", () => session.monitor.system?.update === "healthy", { seen: () => said });
    expect(await stateNow(disk)).toMatchObject({ booted: "b", status: { b: "pending" }, tries: TRIES - 1 });
    expect(axvPart(folder, "slots", disk, "--commit")).toMatchObject({ status: 0 });
    await session.link.commit();
    await until("the commit", () => session.monitor.system?.update === "committed", { seen: () => said });
    session.link.close();
  } finally {
    await machine.stop();
  }
  expect(said).toMatch(/axv: slot a \(good\)[^]*Bad Data Hash[^]*slot a does not start[^]*slot b \(pending\)[^]*axv: image at/);
  expect(await stateNow(disk)).toMatchObject({ booted: "b", status: { a: "good", b: "good" } });
});
