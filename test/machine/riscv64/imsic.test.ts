// Interrupt files, and where their pages are.
import { describe, expect, test } from "vitest";
import { EIDELIVERY, EIE, EIP, EITHRESHOLD, Imsic, ImsicPages, InterruptFile } from "../../../tools/machine/riscv64/imsic.ts";

const ALL = 0xffff_ffff_ffff_ffffn;
const S_BASE = 0x2800_0000;
const PAGE = 0x1000;

describe("an interrupt file", () => {
  test("the lowest identity that is pending and enabled comes first, and is claimed", () => {
    const file = new InterruptFile();
    file.write(EIDELIVERY, 1n);
    for (const identity of [200, 7, 70]) file.receive(identity);
    expect(file.signals).toBe(false);
    for (let n = 0; n < 8; n += 2) file.write(EIE + n, ALL);
    const taken: number[] = [];
    while (file.signals) {
      taken.push(file.top);
      file.claim();
    }
    expect(taken).toEqual([7, 70, 200]);
  });

  test("eithreshold: identities from it on do not come; 0: all do", () => {
    const file = new InterruptFile();
    file.write(EIDELIVERY, 1n);
    file.write(EIE, ALL);
    file.receive(9);
    file.write(EITHRESHOLD, 9n);
    expect(file.signals).toBe(false);
    file.write(EITHRESHOLD, 10n);
    expect(file.signals).toBe(true);
  });

  test("delivers nothing while eidelivery is 0, and keeps what comes", () => {
    const file = new InterruptFile();
    file.write(EIE, ALL);
    file.receive(3);
    expect([file.signals, file.read(EIP)]).toEqual([false, 8n]);
    file.write(EIDELIVERY, 1n);
    expect(file.signals).toBe(true);
  });

  test("identity 0 and those above 255 are none", () => {
    const file = new InterruptFile();
    for (const identity of [0, 256, 0xffff_ffff]) file.receive(identity);
    expect([0, 2, 4, 6, 8].map((n) => file.read(EIP + n))).toEqual([0n, 0n, 0n, 0n, 0n]);
  });
});

describe("the pages of all files", () => {
  const imsics = [new Imsic(1), new Imsic(1)];
  const pages = new ImsicPages(S_BASE, 1, imsics);

  test("S and one guest file for each hart", () => {
    expect(
      [pages.pageOf(0, 1), pages.pageOf(1, 0), pages.pageOf(1, 1)]
    ).toEqual([S_BASE + PAGE, S_BASE + 2 * PAGE, S_BASE + 3 * PAGE]);
    expect(new ImsicPages(S_BASE, 3, imsics).pageOf(1, 0)).toBe(S_BASE + 4 * PAGE);
    expect(new ImsicPages(S_BASE, 0, imsics).pageOf(1, 0)).toBe(S_BASE + PAGE);
  });

  test("a word written to one is an MSI; nothing else is", () => {
    pages.write(0, pages.pageOf(1, 1), 4, 5n);
    expect(
      [imsics[1]?.guest(1)?.read(EIP), imsics[1]?.supervisor.read(EIP), imsics[0]?.guest(1)?.read(EIP)]
    ).toEqual([32n, 0n, 0n]);
    expect(() => pages.write(0, pages.pageOf(1, 1), 8, 5n)).toThrow("MACHINE_BUS");
    expect(() => pages.write(0, pages.pageOf(1, 1) + 2, 4, 5n)).toThrow("MACHINE_BUS");
    expect(pages.read(0, pages.pageOf(1, 1), 4)).toBe(0n);
  });

  test("a guest may have guest files' pages, and no supervisor's", () => {
    expect([0, 1].map((file) => pages.ownsForGuest(pages.pageOf(0, file)))).toEqual([false, true]);
    pages.writeAsGuest(0, pages.pageOf(0, 1) + 8, 4, 6n);
    pages.writeAsGuest(0, pages.pageOf(0, 1), 8, 6n);
    expect(imsics[0]?.guest(1)?.read(EIP)).toBe(0n);
    pages.writeAsGuest(0, pages.pageOf(0, 1), 4, 6n);
    expect(imsics[0]?.guest(1)?.read(EIP)).toBe(64n);
  });
});
