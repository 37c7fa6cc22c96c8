import { expect, test } from "vitest";
import { characterDevice, cpio, directory, file, program, symlink } from "../../tools/linux/cpio.ts";

const entries = [
  directory("bin"),
  program("bin/tool", Buffer.from("#!/bin/sh\n")),
  symlink("bin/link", "tool"),
  file("empty", Buffer.alloc(0)),
  characterDevice("console", 5, 1),
];

/** A header and its name, as the format says: magic, 13 fields of 8 digits, name, padding. */
function parse(archive: Buffer): { name: string; mode: number; data: string; device: string }[] {
  const found = [];
  for (let at = 0; at < archive.length; ) {
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const field = (n: number): number => Number.parseInt(archive.toString("latin1", at + 6 + 8 * n, at + 14 + 8 * n), 16);
    const nameAt = at + 6 + 13 * 8;
    const name = archive.toString("latin1", nameAt, nameAt + field(11) - 1);
    expect(archive[nameAt + field(11) - 1]).toBe(0);
    const dataAt = (nameAt + field(11) + 3) & ~3;
    found.push({
      name,
      mode: field(1),
      data: archive.toString("latin1", dataAt, dataAt + field(6)),
      device: `${field(9)},${field(10)}`,
    });
    at = (dataAt + field(6) + 3) & ~3;
  }
  return found;
}

test("entries in the newc format, and the trailer", () => {
  expect(parse(cpio(entries))).toEqual([
    { name: "bin", mode: 0o040755, data: "", device: "0,0" },
    { name: "bin/tool", mode: 0o100755, data: "#!/bin/sh\n", device: "0,0" },
    { name: "bin/link", mode: 0o120777, data: "tool", device: "0,0" },
    { name: "empty", mode: 0o100644, data: "", device: "0,0" },
    { name: "console", mode: 0o020600, data: "", device: "5,1" },
    { name: "TRAILER!!!", mode: 0, data: "", device: "0,0" },
  ]);
});
