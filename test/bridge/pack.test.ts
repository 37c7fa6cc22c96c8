// The bridge as it goes to the PLC: an archive that runs without this checkout, small enough, with nothing of this machine in it.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { formatPacked, readPacked } from "../../industrial/bridge/system.ts";
import { ROOT } from "../../tools/build/files.ts";
import { Chain, freePort } from "./chain.ts";

// System V ABI, "ELF Header": a halfword; the RISC-V ELF psABI, "File Header".
const E_MACHINE = 18;
const EM_RISCV = 243;
const SIZE_MAX = 8e6;

let chain: Chain;
beforeAll(async () => {
  chain = await Chain.build();
});
afterAll(async () => {
  await chain.end();
  chain.remove();
});

const part = (...parameters: string[]) =>
  spawnSync(process.execPath, [BUNDLE, "bridge", ...parameters], { encoding: "utf8" });

test("it is packed, unpacked elsewhere, and shows the plant there", async () => {
  const port = await freePort();
  const pagePort = await freePort();
  const lines = `counter_hz: 1000000
metrics: { listen: "127.0.0.1:${port}" }
web: { listen: "127.0.0.1:${pagePort}" }
opcua: { listen: "127.0.0.1:${await freePort()}", pki: pki, names: [localhost], users: {}, anonymous: true }
`;
  chain.settings(`# as it was written\n${lines}`); // writes bridge.yaml
  const archives = ["one.tar.gz", "two.tar.gz"].map((name) => chain.path(name));
  for (const archive of archives) expect(part("pack", chain.path("bridge.yaml"), "-o", archive)).toMatchObject({ status: 0 });
  const [one = "", two = ""] = archives;
  expect(statSync(one).size).toBeLessThan(SIZE_MAX);
  expect(readFileSync(one).equals(readFileSync(two)), "the same input gives the same archive").toBe(true);

  mkdirSync(chain.path("opt"));
  expect(spawnSync("tar", ["-C", chain.path("opt"), "-xzf", one]).status).toBe(0);
  const folder = chain.path("opt/axv-bridge");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  for (const name of files) {
    const text = readFileSync(join(folder, name), "latin1");
    for (const here of [ROOT, ...(homedir() === "/" ? [] : [`${homedir()}/`])])
      expect(text.includes(here), `${name} knows ${here}`).toBe(false);
  }
  expect(readFileSync(join(folder, "etc/bridge.yaml"), "utf8")).toContain("# as it was written");
  // What commits a system on trial there finds axv-slots beside itself, and needs no Node (test/firmware/rauc.qemu.test.ts).
  expect(spawnSync(join(folder, "bin/axv-commit"), ["/dev/null"], { encoding: "utf8" }).stderr).toContain("/dev/null is no line");
  expect(spawnSync(join(folder, "bin/axv-slots"), { encoding: "utf8" }).stderr).toContain("there is no command");
  expect(readFileSync(join(folder, "axv-commit.service"), "utf8")).toContain("ExecStart=/opt/axv-bridge/bin/axv-commit\n");
  expect(readFileSync(join(folder, "rauc.conf"), "utf8")).toContain("bootloader-custom-backend=/opt/axv-bridge/bin/axv-slots\n");
  expect(readFileSync(join(folder, "LICENSES.txt"), "utf8")).toMatch(/^node-opcua-server /m);

  chain.begin();
  cpSync(chain.path("tag-reader"), join(folder, "bin/tag-reader")); // the one of this machine
  const environment = { PATH: `${join(folder, "bin")}:/usr/bin:/bin` };
  const child = spawn(process.execPath, [join(folder, "bin/axv-bridge.mjs"), "run", join(folder, "etc/bridge.yaml")], {
    cwd: "/",
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const value = async (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/metrics`).then(
      async (answer) => (await answer.text()).includes('axv_tag{partition="plc",tag="Setpoint"} 20\n'),
      () => false,
    );
  await chain.until("the value", value, () => said);
  expect(said).toContain("OPC UA at opc.tcp://localhost:");
  for (const name of ["", "page.js", "page.css", "icon.svg"])
    expect((await (await fetch(`http://127.0.0.1:${pagePort}/${name}`)).text()).length, name).toBeGreaterThan(100);
  child.kill("SIGTERM");
  const [status] = (await once(child, "close")) as [number];
  expect(status, said).toBe(0);
});

// It bundles once more, two seconds: what is for another ISA is in no other archive.
test("of a RISC-V board the archive has its reader of tags; Node for it has npm none", () => {
  const at = (name: string): string => chain.path(`riscv64/${name}`);
  mkdirSync(at(""));
  writeFileSync(at("system.yaml"), "board: qemu-riscv64\npartitions:\n  plc: { guest: plc, cpus: [1] }\n");
  const link = "link: { address: /dev/ttyS1 }";
  writeFileSync(at("bridge.yaml"), `system: system.yaml\n${link}\nmetrics: { listen: "127.0.0.1:9464" }\n`);
  const withNode = part("pack", at("bridge.yaml"), "--with-node", "-o", at("bridge.tar.gz"));
  expect(withNode).toMatchObject({ status: 1, stderr: expect.stringContaining("there is no Node for RISC-V in npm") as string });
  expect(existsSync(at("bridge.tar.gz"))).toBe(false);
  const packed = part("pack", at("bridge.yaml"), "-o", at("bridge.tar.gz"));
  expect(packed).toMatchObject({ status: 0, stdout: expect.stringContaining("Debian: nodejs") as string });
  const reader = spawnSync("tar", ["-xzOf", at("bridge.tar.gz"), "axv-bridge/bin/tag-reader"]).stdout;
  expect(reader.readUInt16LE(E_MACHINE)).toBe(EM_RISCV);
  const system = spawnSync("tar", ["-xzOf", at("bridge.tar.gz"), "axv-bridge/etc/system.json"]).stdout;
  writeFileSync(at("system.json"), system);
  expect(readPacked(at("system.json")).plan.isa).toBe("riscv64");
});

test("what is packed of a system is all that the bridge needs of it; another's is refused", () => {
  const path = chain.path("system.json");
  writeFileSync(path, formatPacked(chain.system));
  const { plan, tags } = readPacked(path);
  expect([plan.version, plan.update]).toEqual([undefined, undefined]);
  expect(tags).toEqual({ table: chain.system.tags.table, slots: chain.system.tags.slots });
  expect(plan.partitions.map(({ name, channels }) => [name, channels])).toEqual(
    chain.system.plan.partitions.map(({ name, channels }) => [name, channels]),
  );
  for (const text of ["", "{}", formatPacked(chain.system).replace('"format":3', '"format":2')]) {
    writeFileSync(path, text);
    expect(() => readPacked(path)).toThrow(expect.objectContaining({ code: "AXV_BRIDGE_SYSTEM" }));
  }
});
