import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LineAssembler, printable } from "../../industrial/live/lines.ts";

const utf8 = new TextEncoder();
const ESC = "\u001b";

function assemble(): {
  push: (text: string) => void;
  pushBytes: (...bytes: number[]) => void;
  lines: string[];
  flush: () => void;
} {
  const lines: string[] = [];
  const assembler = new LineAssembler((line) => lines.push(line));
  return {
    push: (text) => assembler.push(utf8.encode(text)),
    pushBytes: (...bytes) => assembler.push(Uint8Array.from(bytes)),
    lines,
    flush: () => assembler.flush(),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("lines", () => {
  test("are whole, however the bytes are cut", () => {
    const text = "Booting Linux\r\nsecond: äöü €\n\nfourth\n";
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 8 }), (cuts) => {
        const console = assemble();
        const bytes = utf8.encode(text);
        const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
        places.forEach((place, at) => console.pushBytes(...bytes.subarray(places[at - 1] ?? 0, place)));
        expect(console.lines).toEqual(["Booting Linux", "second: äöü €", "", "fourth"]);
      }),
    );
  });

  test("without an end, a prompt, are shown when nothing more comes", () => {
    const console = assemble();
    console.push("login: ");
    vi.advanceTimersByTime(399);
    expect(console.lines).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(console.lines).toEqual(["login: "]);
    console.push("root\n");
    expect(console.lines).toEqual(["login: ", "root"]);
  });

  test("that grow slowly are held together", () => {
    const console = assemble();
    for (const character of "slow") {
      console.push(character);
      vi.advanceTimersByTime(300);
    }
    console.push("\n");
    expect(console.lines).toEqual(["slow"]);
  });

  test("that are written over by a carriage return show what one would see", () => {
    const console = assemble();
    console.push(" 10 %\r 50 %\r100 %\r\r\n");
    expect(console.lines).toEqual(["100 %"]);
  });

  test("without an end at all do not fill the memory", () => {
    const console = assemble();
    for (let i = 0; i < 100; i++) console.push("x".repeat(100));
    expect(console.lines.map((line) => line.length)).toEqual([2000, 2000, 2000, 2000]);
    console.flush();
    expect(console.lines.join("")).toBe("x".repeat(10_000));
  });

  test("of bytes that are no UTF-8 do not stop anything", () => {
    const console = assemble();
    console.pushBytes(0xff, 0xfe, 0x41, 0x0a);
    expect(console.lines).toEqual(["\ufffd\ufffdA"]);
  });
});

describe("printable", () => {
  test.each([
    ["colours stay, and end with the line", `${ESC}[1;31mred`, true, `${ESC}[1;31mred${ESC}[0m`],
    ["colours go when none are wanted", `${ESC}[1;31mred${ESC}[0m!`, false, "red!"],
    ["cursor movement and clearing go", `${ESC}[2J${ESC}[10;20Hhere${ESC}[6n${ESC}[K`, true, "here"],
    [
      "questions to the terminal go, also those of private parameters",
      `# ${ESC}[6n${ESC}[?6n${ESC}[c${ESC}[>c${ESC}[=c${ESC}Z${ESC}[>q${ESC}[?1$pok`,
      true,
      "# ok",
    ],
    ["pictures and other strings go", `a${ESC}P+q544e${ESC}\\b${ESC}_G1;AAAA${ESC}\\c`, false, "abc"],
    ["character sets and modes go", `${ESC}(B${ESC}7${ESC}=text`, false, "text"],
    ["a title goes", `${ESC}]0;title\u0007text`, true, "text"],
    ["a bell is made visible", "ding\u0007", true, "ding␇"],
    ["a lone escape is made visible", `a${ESC}`, false, "a␛"],
    ["delete is made visible", "a\u007f", true, "a␡"],
    ["C1 controls go", "a\u009b31mb", true, "ab"],
    ["tabs become columns", "a\tbc\td", true, "a       bc      d"],
    ["text stays", "scans=5 ä €", true, "scans=5 ä €"],
  ])("%s", (_, line, colours, expected) => expect(printable(line, colours)).toBe(expected));

  test("leaves nothing that a terminal could obey, but for colours", () => {
    const nasty = fc.array(
      fc.constantFrom(ESC, "[", "]", "2", ";", "m", "H", "J", "?", "\u009b", "\u0007", "\r", "\b", "x", "P", "\\", "\u0090"),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(nasty, (characters) => {
        const shown = printable(characters.join(""), false);
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        expect(printable(characters.join(""), true).replaceAll(/\u001b\[[0-9;:]*m/g, "")).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f]/,
        );
      }),
    );
  });
});
