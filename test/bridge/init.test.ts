// A first bridge.yaml: by flags and by questions it passes check, has no password in it, and nothing that is there is
// written over.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { certificatesIn } from "../../industrial/bridge/pki.ts";
import { readBridge } from "../../industrial/bridge/settings.ts";
import { Users } from "../../industrial/opcua/users.ts";
import { composeBridge } from "../../tools/bridge/init/compose.ts";
import { byQuestions, fromFlags } from "../../tools/bridge/init/wanted.ts";
import { asking } from "../../tools/init/ask.ts";

const SYSTEM = `
board: qemu-aarch64
partitions:
  plc: { guest: plc, cpus: [3], memory: 16M, tags: [{ name: A, type: f32, access: rw }] }
  linux: { guest: linux, cpus: [0, 1], memory: 256M }
channels:
  values: { between: [plc, linux], carries: tags }
`;
const PASSWORD = "correct horse";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-init-"));
  writeFileSync(join(folder, "system.yaml"), SYSTEM);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function init(parameters: readonly string[], input: string): Promise<{ status: number; out: string; said: string }> {
  const child = spawn(process.execPath, [BUNDLE, "bridge", "init", join(folder, "system.yaml"), ...parameters]);
  child.stdin.end(input);
  let [out, said] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [status] = (await once(child, "close")) as [number];
  return { status, out, said };
}

/** A person at a terminal, who types these lines. */
function person(lines: readonly string[]): { readonly questions: ReturnType<typeof asking>; readonly shown: () => string } {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  let shown = "";
  output.on("data", (bytes: Buffer) => (shown += bytes.toString()));
  input.end(`${lines.join("\r")}\r`);
  return { questions: asking(input, output), shown: () => shown };
}

test("by flags: file, certificate and audit folder are made, for their owner alone, without the password", async () => {
  const { status, out, said } = await init(["--yes", "--user", "anna=operator"], `${PASSWORD}\n`);
  expect([status, out], said).toEqual([
    0,
    expect.stringMatching(
      /^\S+bridge\.yaml: made.*\n.*thumbprint [0-9a-f]{40}.*\nNext: axv-part bridge \S+bridge\.yaml\n.*bridge trust/,
    ),
  ]);
  const file = join(folder, "bridge.yaml");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const name of ["audit", "pki"]) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o700);
  expect(certificatesIn(join(folder, "pki")).map(({ standing }) => standing)).toEqual(["own"]);
  expect(readFileSync(file, "utf8") + out + said).not.toContain(PASSWORD);
  const { settings, diagnostics } = readBridge(file);
  expect(diagnostics).toEqual([]);
  expect(Object.keys(settings ?? {}).sort()).toEqual([
    "audit",
    "log",
    "metrics",
    "modbus",
    "opcua",
    "stale_after",
    "system",
    "values",
  ]);
  const users = new Users(Object.entries(settings?.opcua?.users ?? {}).map(([name, user]) => ({ name, ...user })));
  expect([await users.check("anna", PASSWORD, "a"), users.roleOf("anna")]).toEqual(["right", "operator"]);
});

test("what is there stays as it is, also where the new one would be wrong", async () => {
  const file = join(folder, "bridge.yaml");
  const [before, key] = [file, join(folder, "pki/own/private/private_key.pem")].map((path) => readFileSync(path, "utf8"));
  expect(await init(["--yes", "--user", "anna=operator"], `${PASSWORD}\n`)).toMatchObject({
    status: 1,
    said: expect.stringContaining("is there already, and stays as it is") as string,
  });
  const other = await init(["-o", join(folder, "other.yaml"), "--serve", "modbus=nowhere"], "");
  expect(other).toMatchObject({
    status: 1,
    said: expect.stringMatching(
      /other\.yaml:\d+:\d+: error: modbus\.listen cannot be[^]*other\.yaml is not written \[.*\]\n$/,
    ) as string,
  });
  expect([
    existsSync(join(folder, "other.yaml")),
    readFileSync(file, "utf8"),
    readFileSync(join(folder, "pki/own/private/private_key.pem"), "utf8"),
  ]).toEqual([false, before, key]);
  expect(readdirSync(folder).sort()).toEqual(["audit", "bridge.yaml", "pki", "system.yaml"]);
});

describe("by questions", () => {
  test("an answer that will not do is asked for again; a password is typed twice and never shown", async () => {
    const { questions, shown } = person([
      "modbus ftp", "web, opcua, sparkplug", "nowhere", "10.0.0.1:4841", "mqtts://broker:8883", "", "/dev/ttyS0", "/dev/mem",
      "done", "anna", "boss", "operator", "short", PASSWORD, "different horse", PASSWORD, PASSWORD, "anna", "done",
    ]);
    const wanted = await byQuestions(["plc"], questions);
    questions.close();
    expect(wanted).toMatchObject({
      link: "/dev/ttyS0",
      values: new Map([["plc", "/dev/mem"]]),
      served: new Map([
        ["opcua", "10.0.0.1:4841"],
        ["sparkplug", "mqtts://broker:8883"],
        ["web", "127.0.0.1:8080"],
      ]),
    });
    expect(wanted.users.map(({ name, role }) => [name, role])).toEqual([["anna", "operator"]]);
    for (const said of [
      "write some of modbus",
      "an address, a colon",
      "somebody has to be able to come in",
      "one of observer",
      "at least 8 characters",
      "the two are different",
      "another one is called so",
    ])
      expect(shown()).toContain(said);
    for (const secret of [PASSWORD, "short", "different horse"]) expect(shown(), secret).not.toContain(secret);
    const text = composeBridge("system.yaml", "node", wanted);
    writeFileSync(join(folder, "asked.yaml"), text);
    expect(readBridge(join(folder, "asked.yaml")).diagnostics).toEqual([]);
    rmSync(join(folder, "asked.yaml"));
  });

  test("that end before their answers leave nothing", async () => {
    const { questions } = person(["modbus"]);
    await expect(byQuestions([], questions)).rejects.toMatchObject({ code: "AXV_INIT_ENDED" });
  });
});

describe("flags that are wrong", () => {
  test.each([
    [{ serve: ["ftp"] }, "AXV_BRIDGE_INIT_SERVE"],
    [{ serve: ["metrics"], values: ["plc"] }, "AXV_BRIDGE_INIT_VALUES"],
    [{ user: ["anna"] }, "AXV_BRIDGE_INIT_USER"],
    [{ user: ["anna=boss"] }, "AXV_BRIDGE_INIT_USER"],
    [{ user: ["=operator"] }, "AXV_BRIDGE_INIT_USER"],
    [{ serve: ["opcua"] }, "AXV_BRIDGE_INIT_NOBODY"],
    [{ user: ["anna=operator"] }, "AXV_INIT_ENDED"],
  ])("%j: %s", async (flags, code) => {
    const input = new PassThrough();
    input.end();
    const questions = asking(input, new PassThrough());
    await expect(fromFlags(flags, [], questions)).rejects.toMatchObject({ code });
    questions.close();
  });
});
