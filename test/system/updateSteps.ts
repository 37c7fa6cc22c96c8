// What a PLC guest and Linux beside it make of a new image for the PLC: it scans on while Linux brings it with update-sender,
// runs the new one from its next start, and the one before after a rollback. Linux is not disturbed.
import { expect } from "vitest";
import { IMAGE_HEADER_BYTES } from "../../core/abi.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import type { BootedSystem } from "./bootedSystem.ts";
import { NEW, OLD, VERSION } from "./updateSystem.ts";

/** `booted`: a system of makeUpdate's; `bytes`: the signed image. */
export async function updateThePlc(booted: BootedSystem, bytes: Buffer): Promise<void> {
  const plc = booted.partition("plc");
  const scans = (): bigint => plc.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
  const update = () => plc.telemetry?.update;
  await booted.line("linux", /^axv: linux=/);
  booted.type("linux", "dmesg -n 1\r");
  let asked = 0;
  /** Gives back its exit status. */
  const send = async (name: string): Promise<number> => {
    const end = `end ${++asked} of`;
    booted.type("linux", `update-sender /${name}; echo ${end} $?\r`);
    return Number((await booted.line("linux", new RegExp(`^${end} \\d+`))).slice(end.length));
  };
  const restart = async (restarts: number, line: string): Promise<void> => {
    const before = booted.said("plc").length;
    await booted.session.link.command(plc.index, "restart");
    await booted.until("its next life", () => plc.telemetry?.restarts === restarts && plc.telemetry.state === "running");
    await booted.line("plc", new RegExp(`^${line}[1-9]`), before); // the life before has printed none that begins so
  };

  await booted.line("plc", new RegExp(`^${OLD}`));
  await expect(booted.session.link.command(plc.index, "rollback")).rejects.toThrow();

  expect(await send("bad"), "one bit is another").toBe(9);
  await booted.line("linux", /^update-sender: refused \(hash\): /);
  await booted.until("the refusal", () => update()?.refused === "hash");
  expect(await send("short"), "half of it").toBe(7);
  await booted.line("linux", /^update-sender: the file ends before its image does/);

  // Half of it, and the rest once the PLC has been seen to scan on.
  const half = Math.floor(bytes.length / 2);
  const steps = `(head -c ${half} /good; cat /go; tail -c +${half + 1} /good) >/whole &`;
  booted.type("linux", `mkfifo /whole /go; ${steps}\r`);
  booted.type("linux", "(update-sender /whole; echo sent $?) &\r");
  await booted.until("half of it", () => update()?.state === "receiving" && (update()?.received ?? 0) > half / 2);
  const seen = scans();
  await booted.until("scans meanwhile", () => scans() > seen + 100n);
  expect(update()?.state).toBe("receiving");
  booted.type("linux", ": >/go\r");
  await booted.line("linux", /^sent 0/);
  await booted.line("linux", new RegExp(`^update-sender: ${bytes.length} of ${bytes.length} bytes`));
  await booted.line("linux", /^update-sender: ready: /);
  await booted.until("ready", () => update()?.state === "ready");
  expect(update()).toEqual({
    state: "ready", received: bytes.length - IMAGE_HEADER_BYTES, size: bytes.length - IMAGE_HEADER_BYTES, version: VERSION + 1,
    running: VERSION, next: VERSION + 1,
  });
  await booted.until("scans after it", () => scans() > seen + 200n);
  expect(plc.telemetry, "as it was, until it is started").toMatchObject({ state: "running", restarts: 0, watchdogExpired: 0 });
  expect(booted.said("plc").some((line) => line.startsWith(NEW))).toBe(false);

  await restart(1, NEW);
  expect(update()).toMatchObject({ running: VERSION + 1, next: VERSION + 1 });
  await booted.session.link.command(plc.index, "rollback");
  await restart(2, OLD);
  expect(update()).toMatchObject({ version: VERSION + 1, running: VERSION, next: VERSION });
  expect(booted.partition("linux").telemetry).toMatchObject({ state: "running", restarts: 0 });
  expect(await send("good"), "a version that was taken").toBe(9);
  await booted.line("linux", /^update-sender: refused \(version\): /);
}
