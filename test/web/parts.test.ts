// What the live page's server is made of: logs with numbers, cells, trends, logins.
import { describe, expect, test } from "vitest";
import { CellStore } from "../../industrial/web/cells.ts";
import { KeptLog } from "../../industrial/web/log.ts";
import { Sessions } from "../../industrial/web/sessions.ts";
import { Trends } from "../../industrial/web/trends.ts";
import { visible } from "../../industrial/web/page/text.ts";
import { Store } from "../../industrial/web/page/store.ts";

describe("cells", () => {
  test("are told when they have changed, and once", () => {
    const cells = new CellStore();
    cells.set("a", 1);
    cells.set('b"', [1]);
    expect([cells.takeChanged(), cells.takeChanged()]).toEqual(['{"a":1,"b\\"":[1]}', undefined]);
    cells.set("a", 1);
    expect(cells.takeChanged()).toBe(undefined);
    cells.set("a", 2);
    expect([cells.takeChanged(), cells.all]).toEqual(['{"a":2}', '{"a":2,"b\\"":[1]}']);
  });
});

describe("a log", () => {
  test("keeps its newest entries, by number and by length", () => {
    const log = new KeptLog(3, 1000);
    for (let at = 0; at < 5; at++) log.push(at);
    expect(log.all).toBe('{"from":2,"entries":[2,3,4]}');
    const short = new KeptLog(100, 20);
    for (let at = 0; at < 5; at++) short.push("12345678");
    expect(JSON.parse(short.all)).toEqual({ from: 3, entries: ["12345678", "12345678"] });
    short.push("x".repeat(100));
    expect(JSON.parse(short.all), "one that does not fit is dropped, too").toEqual({ from: 6, entries: [] });
  });

  test("tells what is new once; what was dropped before it could be told leaves a gap in the numbers", () => {
    const log = new KeptLog(2, 1000);
    log.push("a");
    expect([log.takeNew(), log.takeNew()]).toEqual(['{"from":0,"entries":["a"]}', undefined]);
    for (const entry of ["b", "c", "d"]) log.push(entry);
    expect(log.takeNew()).toBe('{"from":2,"entries":["c","d"]}');
  });
});

describe("trends", () => {
  const trends = (): Trends => new Trends([{ name: "a", unit: "" }], [{ name: "b", unit: "" }]);

  test("those that are published are kept always, others while somebody looks", () => {
    const kept = trends();
    for (const name of ["a", "b", "c"]) kept.add(name, 1, 5);
    expect([kept.history("a"), kept.history("b"), kept.history("c")]).toEqual([[[1], [5]], [[], []], [[], []]]);
    kept.watch("b");
    kept.watch("b");
    kept.add("b", 2, 6);
    kept.unwatch("b");
    expect(kept.history("b")).toEqual([[2], [6]]);
    kept.unwatch("b");
    expect(kept.history("b")).toEqual([[], []]);
  });

  test("have a point each half second, the last 600, and null where nothing is known", () => {
    const kept = trends();
    kept.watch("a");
    for (let at = 0; at < 1000; at++) kept.add("a", at * 250, at === 999 ? 0 : Number.NaN);
    const [times, values] = kept.history("a");
    expect([times.length, times[1], values[0]]).toEqual([500, 500, null]);
    for (let at = 1000; at < 2000; at++) kept.add("a", at * 500, at);
    expect([kept.history("a")[0].length, kept.history("a")[1].at(-1)]).toEqual([600, 1999]);
    expect(JSON.parse(kept.takeNew().get("a") ?? "")[0]).toHaveLength(600);
    expect(kept.takeNew().size).toBe(0);
  });
});

describe("sessions", () => {
  const user = { name: "anna", role: "operator" } as const;

  test("are found by their token until it is over, and by nothing else", () => {
    let now = 0;
    const sessions = new Sessions(() => now);
    const token = sessions.open(user);
    expect([sessions.find(token), sessions.find(`${token}x`), sessions.find(""), sessions.find(undefined)]).toEqual([
      user,
      undefined,
      undefined,
      undefined,
    ]);
    now = 12 * 3600 * 1000 + 1;
    expect([sessions.find(token), sessions.size]).toEqual([undefined, 0]);
  });

  test("are as many as there is room for: the oldest goes", () => {
    const sessions = new Sessions();
    const first = sessions.open(user);
    const others = Array.from({ length: 64 }, () => sessions.open(user));
    expect([sessions.find(first), sessions.size, new Set(others).size]).toEqual([undefined, 64, 64]);
    sessions.close(others[0]);
    expect(sessions.find(others[0])).toBe(undefined);
  });
});

test("what cannot be seen in a text is made visible, and what turns it around", () => {
  expect(visible("a\u0000\u001b[2J\u007f\u0085b\u202Ec\u200bd\u2066\ufeff")).toBe(
    "a␀␛[2J␡⟨U+0085⟩b⟨U+202E⟩c⟨U+200B⟩d⟨U+2066⟩⟨U+FEFF⟩",
  );
  expect(visible("ein Äpfel <b>&amp; 日本\n\t")).toBe("ein Äpfel <b>&amp; 日本\n\t");
});

describe("what a page keeps of a log", () => {
  const log = (store: Store): unknown => store.logs.get("console.0");
  const told = (type: "snapshot" | "delta", from: number, ...entries: string[]) =>
    ({ type, cells: {}, logs: { "console.0": { from, entries } } }) as const;

  test("goes on where it was; a snapshot repeats nothing, and what is missing is counted", () => {
    const store = new Store();
    store.take(told("snapshot", 5, "a", "b"));
    store.take(told("delta", 7, "c"));
    store.take(told("snapshot", 6, "b", "c", "d"));
    expect(log(store)).toEqual({ first: 5, entries: ["a", "b", "c", "d"], missed: 0 });
    store.take(told("snapshot", 20, "x"));
    expect(log(store)).toEqual({ first: 20, entries: ["x"], missed: 11 });
  });
});
