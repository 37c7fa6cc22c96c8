// The live page in a real browser: Chromium, driven from here, on a fake board. What a person can do with it, by keys
// alone, on a phone, in the dark; and that nothing of it comes from anywhere else.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { encode } from "cborg";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { LINUX, PLC } from "../run/fake-board.ts";
import { until } from "../patience.ts";
import { PASSWORDS, WebStation } from "./station.ts";

const CHROMIUM = "/usr/bin/chromium"; // tools/setup.sh brings it
const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };
/** Of the WCAG: what axe-core finds of these is a mistake. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] }); // CI is root, whom the sandbox refuses
});
afterAll(() => browser.close());

let station: WebStation;
let context: BrowserContext;
let page: Page;
/** What the page asked for, and what the browser complained of. */
let hosts: Set<string>;
let complaints: string[];
beforeEach(async () => {
  station = await WebStation.start();
  station.board.boot();
  for (let period = 0; period < 3; period++) station.board.tick();
  // Content that is injected by a test is not the page's: its policy is looked at apart.
  context = await browser.newContext({ viewport: DESKTOP, colorScheme: "dark", bypassCSP: false });
  page = await context.newPage();
  hosts = new Set();
  complaints = [];
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  page.on("websocket", (socket) => hosts.add(new URL(socket.url()).host));
  page.on("console", (message) => void complaints.push(message.text()));
  page.on("pageerror", (error) => void complaints.push(error.message));
  page.setDefaultTimeout(30_000);
  await page.goto(station.origin);
  await page.getByRole("rowheader", { name: "plc" }).first().waitFor();
});
afterEach(async () => {
  expect([...hosts], "nobody else was asked").toEqual([station.host]);
  expect(complaints).toEqual([]);
  await context.close();
  await station.close();
});

const cell = (partition: string, title: string) =>
  page.locator(`#partitions tr:has(th:text-is("${partition}")) td[data-title="${title}"]`);
const focused = (): Promise<string> =>
  page.evaluate("(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()");

/** Goes on by Tab until something has the focus. */
async function tabTo(name: string): Promise<void> {
  for (let step = 0; step < 80; step++) {
    await page.keyboard.press("Tab");
    if ((await focused()) === name) return;
  }
  throw new Error(`Tab does not lead to ${name}`);
}

async function logIn(): Promise<void> {
  await tabTo("log in");
  await page.keyboard.press("Enter");
  await page.keyboard.type("operator");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORDS.operator);
  await page.keyboard.press("Enter");
  await page.getByText("operator (operator)").waitFor();
}

/** Axe looks at all of it; the way in is a world of its own, which the page's policy does not reach. */
async function violations(): Promise<unknown> {
  const session = await context.newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
    worldName: "axe",
  });
  await session.send("Runtime.evaluate", { expression: AXE, contextId });
  const expression = `axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then(({ violations, passes }) => ({
    passes: passes.length,
    found: violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 160)).join(" | ")),
  }))`;
  const { result } = await session.send("Runtime.evaluate", { expression, contextId, awaitPromise: true, returnByValue: true });
  return result.value;
}
const NONE_FOUND = { found: [], passes: expect.toSatisfy((count: number) => count > 10) as unknown };

test("it is live: what changes on the board changes on the page", async () => {
  await page.getByText("live", { exact: true }).waitFor();
  await cell("plc", "State").getByText("running").waitFor();
  expect(await cell("plc", "CPU load").textContent()).toBe("0.2 %");
  station.board.tick();
  await page.getByText("4000 scans, overruns: 0").waitFor();
  expect(await page.getByRole("img", { name: /^Histogram of Jitter of plc: \d+ scans/ }).count()).toBe(1);
  expect(await page.getByRole("img", { name: /^Trend of plc.jitter recent: / }).count()).toBe(1);
  station.board.event(PLC, abi.EVENT_WATCHDOG, 5_000_000n);
  await page.getByRole("log", { name: "Events" }).getByText("watchdog expired").waitFor();
  expect(await page.evaluate("document.querySelectorAll('canvas').length")).toBe(4);
  station.served.live.takeLink("the cable is out");
  await page.locator("#link").getByText("no link: the cable is out").waitFor();
});

test("the slot, its update and the planned version are on top; only what can be updated can be rolled back", async () => {
  expect(await page.locator("#board").textContent()).toMatch(/, planned: version 1.4.0$/);
  expect(await page.locator("#slot").textContent()).toBe("");
  station.board.system("b", abi.UPDATE_PENDING);
  await page.getByText("slot b, update pending").waitFor();
  const values = [1, abi.STATE_RUNNING, 1, 0, 0, 0, new Map(), 0, [abi.IMAGE_RECEIVING, 0, 512, 1024, 8, 7, 8]];
  const payload = encode(new Map(values.map((value, key) => [key, value])));
  station.board.send({ kind: abi.FRAME_PARTITION, partition: PLC, payload });
  await page.getByText("7 runs, 8 from its next start on; receiving: 50 % of 1 KiB").waitFor();
  expect(await cell("linux", "Image").textContent()).toBe("");
  await logIn();
  await page.getByRole("button", { name: "rollback plc" }).waitFor();
  expect(await page.getByRole("button", { name: "rollback linux" }).count()).toBe(0);
});

test("by keys alone: from the skip link to a login, a restart that has to be confirmed, a console, the maxima", async () => {
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Skip to the partitions");
  await page.keyboard.press("Enter");
  expect(await page.evaluate("document.activeElement.id")).toBe("main");
  expect(await page.getByRole("button", { name: /restart|stop|clear/ }).count(), "nobody has logged in").toBe(0);
  await logIn();
  await tabTo("restart plc");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "restart plc?" }).waitFor();
  expect(await focused()).toBe("cancel");
  await page.keyboard.press("Escape");
  expect([await focused(), station.board.received]).toEqual(["restart plc", []]);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("status").getByText("restart plc: done").waitFor();
  expect(station.board.received.map(({ kind, partition, payload }) => [kind, partition, payload[0]])).toEqual([
    [abi.FRAME_COMMAND, PLC, abi.COMMAND_RESTART],
  ]);
  station.board.tick();
  await page.locator('#partitions tr:has(th:text-is("plc")) td[data-title="Restarts"]:text-is("1")').waitFor();
  await page.getByRole("log", { name: "Events" }).getByText("restart plc, by operator: done").waitFor();
  await tabTo("clear maxima of plc");
  await page.keyboard.press("Enter");
  await page.getByText("Maxima cleared 0 s ago").waitFor();
  await tabTo("linux");
  await page.keyboard.press("ArrowRight");
  expect(await focused()).toBe("plc");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type("uname");
  await page.keyboard.press("Enter");
  await until("it being typed", () => station.board.typed[LINUX] === "uname\r");
});

test("a wrong password is said, and the form stays", async () => {
  await page.getByRole("button", { name: "log in" }).click();
  await page.getByLabel("Name").fill("operator");
  await page.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("wrong name or password").waitFor();
  expect(await page.getByLabel("Password").inputValue()).toBe("");
  complaints = complaints.filter((text) => !text.includes("401")); // the browser says that, too
});

test("what a guest prints is text, whatever it looks like", async () => {
  station.board.print(
    LINUX,
    '<img src=x onerror="document.title=1"><script>document.title=2</script>\u202Eevil\u001b[2J\u0007\n',
  );
  const line = page.getByRole("log", { name: "Console of linux" }).getByText("onerror");
  await line.waitFor();
  expect(await line.textContent()).toBe('<img src=x onerror="document.title=1"><script>document.title=2</script>⟨U+202E⟩evil␇');
  expect([await page.title(), await page.locator("#consoles img, #consoles script").count()]).toEqual([
    "demo.yaml – axv-part",
    0,
  ]);
});

test("another server in its place is noticed: the page comes back by itself", async () => {
  const { port } = station.served.server;
  await station.close();
  await page.getByText("not connected: trying again").waitFor();
  complaints = [];
  station = await WebStation.start({ port });
  station.board.tick();
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByText("1000 scans, overruns: 0").waitFor();
  complaints = complaints.filter((text) => !text.includes("ERR_CONNECTION_REFUSED"));
});

describe.each([["dark", DESKTOP], ["light", DESKTOP], ["dark", PHONE]] as const)("%s, %j", (colorScheme, viewport) => {
  test("is wide enough, readable, and has nothing that axe objects to, before a login and after", async () => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await logIn();
    station.link.emit("lost", 3);
    await page.getByText("3 of the hypervisor's frames").waitFor();
    const background = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    expect(background).toBe(colorScheme === "dark" ? "rgb(13, 17, 23)" : "rgb(238, 241, 244)");
    expect(await page.evaluate("document.documentElement.scrollWidth"), "nothing to scroll sideways").toBe(viewport.width);
    expect(await violations()).toEqual(NONE_FOUND);
    await page.getByRole("button", { name: "stop linux" }).click();
    expect(await violations(), "with a question").toEqual(NONE_FOUND);
  });
});
