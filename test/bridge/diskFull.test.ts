// A disk that is full, and has room again: what cannot be put on record is not done, what was done last is on record in the
// end, and the log holds. Writes fail as the system has them fail: after some bytes, or none, with ENOSPC.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import modbusSerial from "modbus-serial";
import type { ModbusRTU } from "modbus-serial/ModbusRTU.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { AuditLog, verify } from "../../industrial/bridge/audit.ts";
import { Chain } from "./chain.ts";

/** Bytes that the disk has room for. */
const disk = vi.hoisted(() => ({ room: Number.POSITIVE_INFINITY }));
vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  const writeSync = (file: number, bytes: Buffer | string, offset?: number): number => {
    const all = Buffer.from(bytes).subarray(offset ?? 0);
    const fits = all.subarray(0, disk.room);
    if (fits.length === 0 && all.length > 0)
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    disk.room -= fits.length;
    return real.writeSync(file, fits);
  };
  return { ...real, writeSync };
});
afterEach(() => void (disk.room = Number.POSITIVE_INFINITY));

describe("the audit log", () => {
  let folder: string;
  let log: AuditLog;
  const entries = (): unknown[] =>
    readFileSync(join(folder, "audit-00000001.jsonl"), "utf8")
      .split("\n")
      .flatMap((line) => (line.endsWith("}") ? [(JSON.parse(line) as { entry: unknown }).entry] : []));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "axv-full-"));
    log = new AuditLog({ folder, size: 1_000_000, files: 3 });
    log.append({ n: 1 });
  });
  afterEach(() => {
    log.close();
    rmSync(folder, { recursive: true });
  });

  test.each([0, 1, 40, 150])(
    "of which %i bytes more can be written: the entry waits, and goes first when there is room",
    (room) => {
      disk.room = room;
      expect([log.append({ n: 2 }), log.append({ n: 3 }), log.isWritable]).toEqual([false, false, false]);
      expect([log.failed, log.waiting]).toEqual([expect.stringContaining("ENOSPC"), 2]);
      disk.room = Number.POSITIVE_INFINITY;
      expect([log.isWritable, log.waiting, log.failed]).toEqual([true, 0, undefined]);
      expect(log.append({ n: 4 })).toBe(true);
      expect(entries()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
      expect(verify(folder)).toMatchObject({ entries: 4, cut: room === 0 ? 0 : 1 });
    },
  );

  test("when it ends full, the next one tells that a line was cut off, and goes on", () => {
    disk.room = 30;
    log.append({ n: 2 });
    log.close();
    expect(verify(folder)).toMatchObject({ entries: 1, cut: 1 });
    expect(() => new AuditLog({ folder, size: 1_000_000, files: 3 }), "not even the torn line can be ended").toThrow(
      expect.objectContaining({ code: "AXV_AUDIT_UNUSABLE" }),
    );
    disk.room = Number.POSITIVE_INFINITY;
    const next = new AuditLog({ folder, size: 1_000_000, files: 3 });
    expect([next.wasTorn, next.append({ n: 3 })]).toEqual([true, true]);
    next.close();
    expect(entries()).toEqual([{ n: 1 }, { n: 3 }]);
    expect(verify(folder)).toMatchObject({ entries: 2, cut: 1 });
  });

  test("of what waits only so much is kept, and the rest counted", () => {
    disk.room = 0;
    for (let n = 0; n < 1005; n++) log.append({ n });
    expect(log.waiting).toBe(1000);
    disk.room = Number.POSITIVE_INFINITY;
    expect(log.isWritable).toBe(true);
    expect(entries().at(-1)).toEqual({ what: "lost", entries: 5 });
    expect(verify(folder)).toMatchObject({ entries: 1002 });
  });
});

describe("a bridge", () => {
  let chain: Chain;
  let client: ModbusRTU;
  beforeAll(async () => {
    chain = await Chain.build();
    chain.begin();
  });
  afterAll(async () => {
    client.close(() => {});
    await chain.end();
    chain.remove();
  });

  test("whose disk is full reads and writes nothing; with room again it writes, and what happened is on record", async () => {
    const bridge = await chain.start(chain.settings(`modbus: { listen: "127.0.0.1:1" }\n`));
    client = new modbusSerial.default();
    await client.connectTCP("127.0.0.1", { port: bridge.ports["modbus"] ?? 0 });
    client.setTimeout(60_000);
    client.setID(1);
    const write = (value: number): Promise<unknown> =>
      client.writeRegister(4, value).then(
        () => "done",
        (error: { modbusCode?: number }) => error.modbusCode,
      );
    await chain.until("values", () => chain.isGood);
    expect(await write(10)).toBe("done");
    disk.room = 50;
    expect(await write(11), "nobody knew that it was full").toBe("done");
    expect([await write(12), await write(13)]).toEqual([4, 4]);
    expect((await client.readHoldingRegisters(4, 1)).data).toEqual([11]);
    expect(chain.has("the audit log cannot be written")).toBe(true);
    disk.room = Number.POSITIVE_INFINITY;
    expect(await write(14)).toBe("done");
    expect(verify(chain.path("audit"))).toMatchObject({ entries: 6, cut: 1 });
    const lines = readFileSync(chain.path("audit/audit-00000001.jsonl"), "utf8").split("\n");
    const written = lines.flatMap(
      (line) => /"values":\{"Setpoint":(\d+)\},"outcome":(\d+)/.exec(line)?.slice(1, 3).join(" ") ?? [],
    );
    expect(written).toEqual(["10 0", "11 0", "12 4", "13 4", "14 0"]);
  });
});
