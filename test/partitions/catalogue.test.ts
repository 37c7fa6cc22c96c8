// Mistakes that depend on what is known beside them: what each says, and what it proposes, in whole. What a file of system.yaml
// shows is in bad/.
import { describe, expect, test } from "vitest";
import * as catalogue from "../../partitions/diagnostics/catalogue.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Problem } from "../../partitions/diagnostics/diagnostic.ts";
import { closest, suggest } from "../../partitions/diagnostics/suggest.ts";

const {
  boardDiffers, boardTreeBad, boardTreeUnreadable, bridgeCounter, bridgeNobody, bridgeUnaudited, bridgeValuesOf, bridgeWebOpen,
  cpuTaken, deviceNotInTree, extendedInCircle, insideAnothers, neededByMany, notWithout, providedByAnother, providedByFirmware,
  rateUnknown, tooManyRegions, treeTooLarge, triggerDiffers, unknownBase, unknownKey, yamlDirective,
} = catalogue;

const CHANGE = "that one can change them, or switch them off";
const SEE = 'see what depends on it by `plan --why`; if that is known and accepted, say so with "accepts: [providers]"';
const TO_BOTH = "give both to one partition, or leave the device out";
const RATES = "say it in board.yaml: rates: [{ clock: /cru, cells:";

test.each<[() => Problem, string]>([
  [() => yamlDirective("%YAML 1.1"), "error AXV-P092 %YAML 1.1: files here are YAML 1.2, and another version would give other " +
    "numbers and truth values: remove the line"],
  [() => yamlDirective("%TAG ! x"), "error AXV-P092 %TAG ! x: files here know no such directive: remove the line"],
  [() => unknownKey("x", "the file", []), 'error AXV-P004 "x" is no key of the file: remove it'],
  [() => unknownKey("x", "the file", ["board"]), 'error AXV-P004 "x" is no key of the file: write one of: board'],
  [() => treeTooLarge(9, 8), "error AXV-P094 the device tree of this partition has 9 bytes, and 8 are reserved for it: give it " +
    "fewer devices or channels, or shorten what its board says of its devices"],
  [() => boardDiffers("its RAM", "1G", "2G", "correct it"), "error AXV-P166 its RAM: the file says 1G, the tree says 2G: " +
    "correct it"],
  [() => unknownBase("x", ["plc"]), 'error AXV-P017 there is no "x" to extend: write one of: plc'],
  [() => extendedInCircle("x"), 'error AXV-P098 "x" is extended by what it extends itself: let one of them stand by itself, ' +
    "with all keys"],
  [() => cpuTaken(1, "a", [2, 3]), 'error AXV-P020 pCPU 1 already belongs to partition "a"; a pCPU runs one vCPU for life, and ' +
    "that one has its timers: use a free one: 2, 3"],
  [() => bridgeNobody(), "error AXV-P140 this bridge serves nobody: give it `modbus: { listen: 0.0.0.0:502 }`, `opcua:`, " +
    "`sparkplug:`, `web: { listen: 127.0.0.1:8080 }`, or `metrics: { listen: 127.0.0.1:9464 }`"],
  [() => bridgeValuesOf("a", false, false), 'error AXV-P141 the system has no partition "a": name a partition that has `tags:`'],
  [() => bridgeValuesOf("a", false, true), 'error AXV-P141 the system has no partition "a": name a partition that has `tags:`'],
  [() => bridgeValuesOf("a", true, false), 'error AXV-P141 "a" has no tags: name a partition that has `tags:`'],
  [() => bridgeValuesOf("a", true, true), 'error AXV-P141 no channel carries the tags of "a": in system.yaml, add a channel ' +
    "between it and linux, with `carries: tags`"],
  [() => bridgeWebOpen("0.0.0.0"), "error AXV-P143 others reach the live page on 0.0.0.0, and nobody has to log in there: give " +
    "it `users:` (axv-part bridge password prints the hash of a password), or `listen: 127.0.0.1:8080`"],
  [() => bridgeUnaudited(true), "error AXV-P142 tags can be written from outside, and nothing records who has written them: " +
    "add `audit: { folder: audit }`, or make all tags `access: ro`"],
  [() => bridgeUnaudited(false), "error AXV-P142 partitions can be commanded from outside, and nothing records who has: add " +
    "`audit: { folder: audit }`, or take `link` away"],
  [() => bridgeCounter("x"), "warning AXV-P144 board x does not say how fast its counter counts: values have the time at which " +
    "they come, not that of their scan: write `counter_hz:` (its CNTFRQ_EL0) into this file, or into its board.yaml"],
  [() => boardTreeUnreadable("x", "a.dtb", "it is a pipe", true), "error AXV-P170 the device tree of x, a.dtb, cannot be read: " +
    "it is a pipe: it is fetched from Debian's kernel package: connect this machine to its archive once, or name another by " +
    "the variable"],
  [() => boardTreeUnreadable("x", "a.dtb", "it is a pipe", false), "error AXV-P170 the device tree of x, a.dtb, cannot be " +
    "read: it is a pipe: put the board's own there: /sys/firmware/fdt of a Linux that runs on it is one"],
  [() => boardTreeBad("x", "it is none"), "error AXV-P171 the device tree of x cannot be used: it is none: take the tree of " +
    "this board, from its maker or its Linux"],
  [() => deviceNotInTree("rtc", "x"), 'error AXV-P172 device "rtc" has no node in the device tree of x: correct its `path` in ' +
    "board.yaml, or its `reg`, by which it is found without one"],
  [() => triggerDiffers("rtc", 4, "edge", "level"), 'error AXV-P179 SPI 4 of "rtc" is edge triggered in board.yaml, and level ' +
    "triggered in the board's device tree: look at what its `trigger` is; of a wrong one interrupts are lost"],
  [() => insideAnothers("rtc", undefined, undefined), 'error AXV-P173 "rtc" is in what the hypervisor or firmware has: leave ' +
    "it out: no partition can have it"],
  [() => insideAnothers("rtc", "/soc", undefined), 'error AXV-P173 "rtc" is in /soc: leave it out: no partition can have it'],
  [() => insideAnothers("rtc", "/soc", "a"), 'error AXV-P173 "rtc" is in /soc, which partition "a" has: give both to one ' +
    'partition'],
  [() => neededByMany(["/a", "/b"], ["x", "y"]), 'error AXV-P174 /a, /b: partitions "x" and "y" need this, and each has one ' +
    "owner: name each, by path or name, in `devices` of the one that is to have it: the others get fixed clocks, and what it " +
    "has set"],
  [() => notWithout("/a", "phys", undefined, undefined), "error AXV-P175 /a does not work without what the tree has not " +
    "(`phys`): " +
    TO_BOTH],
  [() => notWithout("/a", "phys", "/b", 'partition "x" has'), 'error AXV-P175 /a does not work without /b (`phys`), which ' +
    'partition "x" ' +
    `has: ${TO_BOTH}`],
  [() => notWithout("/a", "phys", "/b", "the hypervisor or firmware has"), "error AXV-P175 /a does not work without /b " +
    "(`phys`), which the hypervisor or firmware has: leave it out"],
  [() => rateUnknown("/a", "/cru", ["1 2", "3"], 'partition "x" has'), 'error AXV-P176 /a has clocks of /cru, which partition ' +
    '"x" ' +
    `has, and how fast they are is not known: 1 2, 3: ${RATES} [1, 2], hz: 24000000 }, …], or give both to one partition`],
  [() => rateUnknown("/a", "/cru", [], undefined), "error AXV-P176 /a has clocks of /cru, and how fast they are is not known: " +
    `: ${RATES} [], hz: 24000000 }, …], or give both to one partition`],
  [() => rateUnknown("/a", "/cru", ["1"], "nobody has"), "error AXV-P176 /a has clocks of /cru, which nobody has, and how fast " +
    `they are is not known: 1: ${RATES} [1], hz: 24000000 }, …], or leave the device out`],
  [() => tooManyRegions(65, 64), "error AXV-P177 with all that its devices need, this partition has 65 stretches of registers " +
    "and memory: there is room for 64: give it fewer devices"],
  [() => providedByFirmware("rtc", "clocks", "/scmi"), 'warning AXV-P180 "rtc" has its clocks from /scmi, which is ' +
    'firmware\'s, and ' +
    "no guest can call that: they stay as it leaves them: if it is known to leave them on, say so with \"accepts: [providers]\""],
  [() => providedByAnother("rtc", "clocks", "/cru", "a", []), 'warning AXV-P178 "rtc" has its clocks from /cru, which ' +
    'partition "a" ' +
    `has: ${CHANGE}: ${SEE}`],
  [() => providedByAnother("rtc", "clocks", "/cru", "a", ["x", "y"]), 'warning AXV-P178 "rtc" has its clocks from /cru, which ' +
    `partition "a" has: ${CHANGE}: with "x y" in its \`cmdline\`, "a" leaves on what it does not use; ${SEE}`],
])("%#", (problem, expected) => {
  const { severity, code, message, remedy } = problem();
  expect(`${severity} ${code} ${message}: ${remedy}`).toBe(expected);
});

test("what stands in a message of others' text is one line of it", () => {
  expect(boardDiffers("a\nb", "1", "2", "c\td")).toMatchObject({
    message: "a\\u000ab: the file says 1, the tree says 2", remedy: "c\\u0009d",
  });
});

describe("did you mean", () => {
  test("one change in a name of up to five letters, two from six on; the nearest, whatever is first", () => {
    expect([closest("ab", ["ac"]), closest("abc", ["xyc"]), closest("abcde", ["abxye"])]).toEqual(["ac", undefined, undefined]);
    expect([closest("abcdef", ["abxyef"]), closest("abcdef", ["xbxyef"])]).toEqual(["abxyef", undefined]);
    expect(closest("abcdef", ["abxyef", "abcdex"])).toBe("abcdex");
  });

  test("nothing of what nobody would call a name", () => {
    const name = "x".repeat(100);
    expect([closest(name, [`${name}y`]), closest(`${name}x`, [name])]).toEqual([`${name}y`, undefined]);
  });

  test("a dozen are listed, and of more it is said how many", () => {
    const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `device${n}`);
    expect(suggest("zzzz", names(12))).toBe(`write one of: ${names(12).join(", ")}`);
    expect(suggest("zzzz", names(13))).toBe(`write one of: ${names(12).join(", ")}, … (13 in all)`);
  });
});

test("what is found is in the order in which a reader meets it: by file, line, column, code", () => {
  const findings = new Findings({ file: "b", locate: (path) => ({ line: Number(path[0]), column: Number(path[1]) }) });
  const problem = (code: string, severity: Problem["severity"] = "warning"): Problem =>
    ({ code, severity, message: "", remedy: "" });
  findings.report([2, 1], problem("A1"));
  findings.report([1, 2], problem("A3"));
  findings.report([1, 2], problem("A2"));
  findings.report([1, 1], problem("A4"));
  expect(findings.hasErrors).toBe(false);
  findings.add([
    { ...problem("A5", "error"), file: "a", line: 9, column: 9 }, { ...problem("A6"), file: "c", line: 1, column: 1 },
  ]);
  expect(findings.hasErrors).toBe(true);
  expect(findings.sorted.map(({ code }) => code)).toEqual(["A5", "A4", "A2", "A3", "A1", "A6"]);
});
