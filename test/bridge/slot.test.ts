// The slot and its update on their way through a bridge: what the hypervisor says is told to OPC UA, and that it is not heard.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import { Bridge } from "../../industrial/bridge/bridge.ts";
import { readBridge } from "../../industrial/bridge/settings.ts";
import { Link } from "../../industrial/link/link.ts";
import { planFile } from "../../tools/plan/file.ts";
import { FakeBoard } from "../run/fake-board.ts";
import { pair } from "../run/pair.ts";
import { until } from "../patience.ts";

test("OPC UA is told of slot and update, and when the link is lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "axv-slot-"));
  const system = planFile("partitions/examples/demo.yaml", "none").system;
  writeFileSync(
    join(folder, "bridge.yaml"),
    `system: ${process.cwd()}/partitions/examples/demo.yaml\nlink: { address: none }\naudit: { folder: audit }\n` +
      `opcua: { listen: "127.0.0.1:1", pki: pki, names: [127.0.0.1], anonymous: true, users: {} }\n`,
  );
  const settings = readBridge(join(folder, "bridge.yaml")).settings;
  if (system === undefined || settings?.opcua === undefined) throw new Error("these have mistakes");
  const here = { ...settings, opcua: { ...settings.opcua, listen: { host: "127.0.0.1", port: 0 } } };
  const [near, far] = pair();
  const board = new FakeBoard(far);
  const bridge = await Bridge.start(system, here, pino({ level: "silent" }), () => Promise.resolve(new Link(near)));
  try {
    if (bridge.opcua === undefined) throw new Error("no OPC UA");
    const told = vi.spyOn(bridge.opcua, "takeSystem");
    board.system("b", abi.UPDATE_PENDING);
    await until("the slot", () => told.mock.calls.length === 1);
    near.destroy();
    await until("the loss", () => told.mock.calls.length === 2);
    expect(told.mock.calls).toEqual([[{ time: 0n, slot: "b", update: "pending" }], [undefined]]);
  } finally {
    await bridge.close();
    rmSync(folder, { recursive: true });
  }
});
