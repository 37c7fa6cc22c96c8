// The APLIC's supervisor domain: which wires become which MSIs ("Precise effects on interrupt-pending bits").
import { beforeEach, describe, expect, test } from "vitest";
import { Aplic, DETACHED, EDGE0, EDGE1, INACTIVE, LEVEL0, LEVEL1 } from "../../../tools/machine/riscv64/aplic.ts";

const BASE = 0xd00_0000;
const [DOMAINCFG, SETIP, SETIPNUM, IN_CLRIP, CLRIPNUM, SETIE, SETIENUM, CLRIE, CLRIENUM, SETIPNUM_LE, GENMSI] =
  [0, 0x1c00, 0x1cdc, 0x1d00, 0x1ddc, 0x1e00, 0x1edc, 0x1f00, 0x1fdc, 0x2000, 0x3000];
const IE_DM = 0x104n;
const SOURCE = 10;
/** Hart 2, guest 1, identity 33. */
const TARGET = (2n << 18n) | (1n << 12n) | 33n;

let sent: number[][];
let aplic: Aplic;
const write = (offset: number, value: bigint): void => aplic.write(0, BASE + offset, 4, value);
const read = (offset: number): bigint => aplic.read(0, BASE + offset, 4);

function make(resendsLow: boolean): void {
  sent = [];
  aplic = new Aplic(BASE, (...msi) => sent.push(msi), resendsLow);
  write(DOMAINCFG, IE_DM);
}
beforeEach(() => make(false));

function configure(mode: number): void {
  write(4 * SOURCE, BigInt(mode));
  write(GENMSI + 4 * SOURCE, TARGET);
  write(SETIENUM, BigInt(SOURCE));
}
const MSI = [2, 1, 33];

test("an edge is one MSI, whatever the wire does then; a falling one of an inverted source", () => {
  configure(EDGE1);
  aplic.setLine(SOURCE, true);
  aplic.setLine(SOURCE, false);
  expect(sent).toEqual([MSI]);
  write(4 * SOURCE, BigInt(INACTIVE));
  aplic.setLine(SOURCE, true);
  configure(EDGE0);
  aplic.setLine(SOURCE, false);
  expect(sent).toEqual([MSI, MSI]);
});

test("a level is one MSI when it comes, and is sent again by setipnum as long as it is there", () => {
  configure(LEVEL1);
  aplic.setLine(SOURCE, true);
  aplic.setLine(SOURCE, true);
  expect(sent).toEqual([MSI]);
  write(SETIPNUM_LE, BigInt(SOURCE));
  expect(sent).toEqual([MSI, MSI]);
  aplic.setLine(SOURCE, false);
  write(SETIPNUM_LE, BigInt(SOURCE));
  expect(sent).toEqual([MSI, MSI]);
});

test("QEMU 7.2 sends it again though the wire is low", () => {
  make(true);
  configure(LEVEL1);
  write(SETIPNUM, BigInt(SOURCE));
  expect(sent).toEqual([MSI]);
});

test("a level that goes while it is not enabled is forgotten; an edge is not", () => {
  for (const [mode, expected] of [[LEVEL1, 0], [EDGE1, 1]] as const) {
    make(false);
    configure(mode);
    write(CLRIENUM, BigInt(SOURCE));
    aplic.setLine(SOURCE, true);
    aplic.setLine(SOURCE, false);
    write(SETIENUM, BigInt(SOURCE));
    expect(sent.length, String(mode)).toBe(expected);
  }
});

test("an inverted level is there from the moment that it is configured", () => {
  configure(LEVEL0);
  expect(sent).toEqual([MSI]);
  expect(read(IN_CLRIP) & (1n << BigInt(SOURCE))).not.toBe(0n);
});

test("a detached source has no wire, and is made pending by writes alone", () => {
  configure(DETACHED);
  aplic.setLine(SOURCE, true);
  expect(sent).toEqual([]);
  write(SETIP, 1n << BigInt(SOURCE));
  expect(sent).toEqual([MSI]);
});

describe("an inactive source", () => {
  test("is neither enabled nor pending, and has no target", () => {
    configure(EDGE1);
    write(4 * SOURCE, BigInt(INACTIVE));
    write(SETIE, 1n << BigInt(SOURCE));
    write(SETIPNUM, BigInt(SOURCE));
    write(GENMSI + 4 * SOURCE, TARGET);
    expect([read(SETIE), read(SETIP), read(GENMSI + 4 * SOURCE), sent]).toEqual([0n, 0n, 0n, []]);
  });

  test("so is one that would be delegated: there is no domain below", () => {
    write(4 * SOURCE, 1n << 10n | BigInt(EDGE1));
    expect(read(4 * SOURCE)).toBe(0n);
  });
});

test("what is pending waits for domaincfg.IE", () => {
  write(DOMAINCFG, 4n);
  configure(EDGE1);
  aplic.setLine(SOURCE, true);
  expect([sent, read(SETIP), aplic.forwards]).toEqual([[], 1n << BigInt(SOURCE), false]);
  write(DOMAINCFG, IE_DM);
  expect([sent, read(SETIP), aplic.forwards]).toEqual([[MSI], 0n, true]);
});

test("pending and enable bits by word and by number", () => {
  configure(EDGE1);
  write(CLRIE, 1n << BigInt(SOURCE));
  expect(read(SETIE)).toBe(0n);
  write(SETIPNUM, BigInt(SOURCE));
  expect(read(SETIP)).toBe(1n << BigInt(SOURCE));
  write(CLRIPNUM, BigInt(SOURCE));
  expect(read(SETIP)).toBe(0n);
  write(SETIP, 1n << BigInt(SOURCE));
  write(IN_CLRIP, 1n << BigInt(SOURCE));
  write(SETIE, 1n << BigInt(SOURCE));
  expect(sent).toEqual([]);
});

test("genmsi goes to a hart's supervisor, whatever is configured", () => {
  write(DOMAINCFG, 0n);
  write(GENMSI, (3n << 18n) | 9n);
  expect(sent).toEqual([[3, 0, 9]]);
});

test("as lines: edges, wires, targets, and who hears of what is pending", () => {
  const heard: [number, boolean][] = [];
  configure(EDGE1);
  aplic.onPend = (line, already) => heard.push([line, already]);
  write(CLRIENUM, BigInt(SOURCE));
  for (const high of [true, false, true]) aplic.setLine(SOURCE, high);
  expect(
    [aplic.isEdge(SOURCE), aplic.isHigh(SOURCE), aplic.targets(SOURCE), heard]
  ).toEqual([true, true, [2], [[SOURCE, false], [SOURCE, true]]]);
});

test("words alone, and no guest's", () => {
  expect(() => aplic.write(0, BASE, 8, 0n)).toThrow("MACHINE_BUS");
  expect(() => aplic.readAsGuest(0, BASE)).toThrow("MACHINE_BUS");
  expect([aplic.owns(BASE + 0x7fff), aplic.owns(BASE + 0x8000), aplic.ownsForGuest()]).toEqual([true, false, false]);
});
