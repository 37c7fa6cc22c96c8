// QEMU's protocol, as much of it as is spoken, with nobody behind it: tools/run/qmp.ts.
import { expect, test } from "vitest";
import { Qmp } from "../../tools/run/qmp.ts";
import { pair } from "./pair.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Talk {
  readonly qmp: Qmp;
  /** What QEMU has been told. */
  readonly told: () => string;
  readonly say: (...messages: unknown[]) => Promise<void>;
}

function talk(): Talk {
  const [host, qemu] = pair();
  let told = "";
  qemu.on("data", (bytes: Buffer) => (told += bytes.toString()));
  const qmp = new Qmp(host);
  const say = async (...messages: unknown[]): Promise<void> => {
    for (const message of messages) qemu.write(`${typeof message === "string" ? message : JSON.stringify(message)}\n`);
    await settled();
  };
  return { qmp, told: () => told, say };
}

/** How a promise stands: "pending", "done", or the message of its error. */
async function stateOf(promise: Promise<void>): Promise<string> {
  return Promise.race([promise.then(() => "done", (error: Error) => error.message), settled().then(() => "pending")]);
}

test("the machine is set up once QEMU greets, and not by what else it says", async () => {
  const { qmp, say } = talk();
  await say("nonsense", { event: "RESUME" }, { return: {} }, { error: { desc: "of what?" } }, { other: 1 }, "null", "");
  expect(await stateOf(qmp.greeted)).toBe("pending");
  await say({ QMP: { version: {}, capabilities: [] } });
  expect(await stateOf(qmp.greeted)).toBe("done");
});

test("each command is a line, and has its own answer, in turn; events and nonsense are none", async () => {
  const { qmp, told, say } = talk();
  const first = qmp.execute("qmp_capabilities");
  const second = qmp.execute("quit");
  await settled();
  expect(told()).toBe('{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n');
  await say({ event: "SHUTDOWN" }, "{", { error: "no text" });
  expect([await stateOf(first), await stateOf(second)]).toEqual(["pending", "pending"]);
  await say({ return: {} });
  expect([await stateOf(first), await stateOf(second)]).toEqual(["done", "pending"]);
  await say({ error: { class: "GenericError", desc: "cannot" } });
  expect(await stateOf(second)).toBe("cannot");
});

test("a line that breaks is no failure of its own: QEMU's end says what has happened", async () => {
  const [host] = pair();
  const qmp = new Qmp(host);
  host.destroy(new Error("ECONNRESET"));
  host.on("error", () => {});
  expect(await stateOf(qmp.greeted)).toBe("pending");
});
