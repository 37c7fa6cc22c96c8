// A bridge as it is started by everybody, and what happens to it in a plant: it is killed and started again; its wall clock
// is stepped by an hour, both ways; its users are listed, sent away, and shown a new certificate. Values come all the time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import type { ClientSession } from "node-opcua-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { verify } from "../../industrial/bridge/audit.ts";
import { certificatesIn } from "../../industrial/bridge/pki.ts";
import type { Panel } from "../opcua/panel.ts";
import { readTag } from "../opcua/panel.ts";
import { Watch } from "../opcua/watch.ts";
import { SCANS_PER_SECOND, TAGS } from "./steady/plant.ts";
import { PASSWORD, Rig } from "./steady/rig.ts";

const HOUR = 3_600_000;
const LIVES = 2;
const ORDER = { scans: 0, perSecond: SCANS_PER_SECOND };

let rig: Rig;
beforeAll(async () => {
  rig = new Rig();
  await rig.prepare(ORDER);
});
afterAll(() => rig.remove());

async function command(...parameters: string[]): Promise<{ status: number; out: string; said: string }> {
  const child = spawn(process.execPath, [BUNDLE, "bridge", ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, said] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [status] = (await once(child, "close")) as [number];
  return { status, out, said };
}

describe("killed in the middle of writes", () => {
  let slim: Rig;
  beforeAll(async () => {
    slim = new Rig();
    await slim.prepare(ORDER, true);
  });
  afterAll(() => slim.remove());
  const auditFile = (): string => slim.path(`audit/${readdirSync(slim.path("audit")).sort().at(-1)}`);

  test(
    "and started again: every write that was answered is on record, the log holds, a line that was cut off is told, " +
      "and clients come back",
    async () => {
      let answered = 0;
      for (let life = 1; life <= LIVES; life++) {
        slim.startBridge("inside.ts");
        await slim.untilUp();
        const client = await slim.connectModbus();
        await client.writeRegister(0, answered++ % 100);
        client.setTimeout(1000); // from here on it is killed
        setTimeout(() => void slim.end("SIGKILL"), 300);
        while (
          await client.writeRegister(0, answered % 100).then(
            () => true,
            () => false,
          )
        )
          answered++;
        await slim.end("SIGKILL");
        client.close(() => {});
        // A crash of the machine leaves half a line; the bridge alone cannot, its lines are written at once.
        if (life === 1) appendFileSync(auditFile(), '{"number":9999,"time":"20');
        if (life === 2) expect(slim.said).toContain("the last line of the audit log was cut off");
      }
      const { entries, cut } = verify(slim.path("audit"));
      expect(cut).toBe(1);
      const lines = readFileSync(auditFile(), "utf8").split("\n");
      const written = lines.filter((line) => line.includes('"outcome":0')).length;
      expect(answered).toBeGreaterThan(LIVES);
      expect(written, "and of each life one more may have been done, and not been answered").toBeGreaterThanOrEqual(answered);
      expect(written).toBeLessThanOrEqual(answered + LIVES);
      expect(lines.filter((line) => line.includes('"what":"start"')).map((line) => line.includes('"cut":true'))).toEqual([
        false,
        true,
      ]);
      expect((await command("log", "verify", slim.path("audit"))).out).toContain(
        `${entries} entries, 1 to ${entries}, are as they were written`,
      );
    },
  );
});

describe("whose clock is stepped", () => {
  let panel: Panel;
  let session: ClientSession;
  let watch: Watch;
  beforeAll(async () => {
    rig.startBridge("clock.ts");
    await rig.untilUp();
    panel = await rig.newPanel("panel");
    session = await panel.login(rig.url, "anna", PASSWORD);
    watch = await Watch.on(session, Array.from({ length: TAGS }, (_, k) => `ns=${rig.space};s=plc.T${k}`), 100, 100);
  });
  afterAll(async () => {
    await panel.end();
    await rig.end("SIGTERM");
  });

  test(
    "by an hour forward, and two back: no value's time goes back, all are good, the session stays, and others come in",
    async () => {
      const { sessionId } = session;
      const other = await rig.newPanel("other");
      const last = new Map<string, number>();
      const heard = async (): Promise<void> => {
        const told = await watch.next(3 * TAGS);
        for (const { node, status, time = Number.NaN } of told) {
          expect(status).toBe("Good");
          expect(time).toBeGreaterThanOrEqual(last.get(node) ?? 0);
          last.set(node, time);
        }
      };
      await heard();
      const days = await rig.metric("axv_opcua_certificate_days");
      for (const step of [HOUR, -2 * HOUR]) {
        const before = Math.max(...last.values());
        rig.bridge?.send(String(step));
        await heard();
        // A step forward is followed at once; when it is stepped back, values still come, and go on from where they were.
        while (step === HOUR && Math.max(...last.values()) < Math.max(before, Date.now() + HOUR / 2)) await heard();
        expect((await readTag(session, `ns=${rig.space};s=plc.Setpoint`)).statusCode.name).toBe("Good");
        await other.login(rig.url, "otto", PASSWORD); // with a certificate that is looked at by the clock as it now is
        await other.logout();
        expect(await rig.metric("axv_opcua_certificate_days")).toBeCloseTo(days, 0);
      }
      await other.end();
      expect(session.sessionId.toString()).toBe(sessionId.toString());
      expect(await rig.metric("axv_opcua_sessions")).toBe(1);
    },
  );

  test("its users are listed by command, and one is sent away", async () => {
    const listed = await command("sessions", rig.path("bridge.yaml"));
    expect(listed.out).toMatch(
      /^id +user +from .*\n[0-9a-f]{8} +anna \(operator\) +127\.0\.0\.1 +\S+ \S+ +1 +40 +urn:axv-part:test-client$/m,
    );
    const [row] = JSON.parse((await command("sessions", rig.path("bridge.yaml"), "--json")).out) as { readonly id: string }[];
    expect(await command("sessions", rig.path("bridge.yaml"), "--close", "nobody")).toMatchObject({
      status: 1,
      said: expect.stringMatching(/write one of [0-9a-f]{8} \(anna\)/) as string,
    });
    const id = row?.id.replace(/^.*=/, "").slice(0, 8) ?? "";
    expect(await command("sessions", rig.path("bridge.yaml"), "--close", id)).toMatchObject({
      status: 0,
      out: "the session of anna at 127.0.0.1 is ended\n",
    });
  });

  test("and the certificate is renewed while a session goes on", async () => {
    const own = (): string | undefined => certificatesIn(rig.path("pki")).find(({ standing }) => standing === "own")?.thumbprint;
    const before = own();
    const staying = await panel.login(rig.url, "anna", PASSWORD);
    const { sessionId } = staying;
    expect(await command("renew", rig.path("bridge.yaml"))).toMatchObject({
      status: 0,
      out: expect.stringContaining("sessions go on") as string,
    });
    expect(own()).not.toBe(before);
    expect((await readTag(staying, `ns=${rig.space};s=plc.Setpoint`)).statusCode.name).toBe("Good");
    expect(staying.sessionId.toString()).toBe(sessionId.toString());
    expect(readFileSync(rig.path(`audit/${readdirSync(rig.path("audit")).sort().at(-1)}`), "utf8")).toMatch(
      /"what":"session closed".*\n(.*\n)*.*"what":"certificate renewed"/,
    );
  });
});

test("where no bridge runs, one message and what to do", async () => {
  const asked = await command("sessions", rig.path("bridge.yaml"));
  expect(asked).toMatchObject({
    status: 1,
    out: "",
    said: expect.stringMatching(/^axv-part: no bridge runs with \S+: start it by axv-part bridge [^\n]*\n$/) as string,
  });
  expect((await command("renew", rig.path("bridge.yaml"))).out).toContain("the next start makes a new one");
});
