// What files are, at the edges of what tells one from another: partitions/images.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { granuleOf, parseArm64Image } from "../../partitions/images/arm64-image.ts";
import { CHUNK_BYTES, FileChangedError, Load } from "../../partitions/images/contents.ts";
import { parseElf } from "../../partitions/images/elf.ts";
import { isFault, readGuestImage } from "../../partitions/images/guest-image.ts";
import { codeIsa, codeTraits } from "../../partitions/images/instructions.ts";
import { isElf, recognise } from "../../partitions/images/recognise.ts";
import { parseRiscvImage } from "../../partitions/images/riscv-image.ts";
import { displayPath } from "../../partitions/project.ts";
import { MIB } from "../../partitions/units.ts";
import { arm64Image, codeOf, elfFile, riscvImage, rules } from "./imageFiles.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-edges-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("what a file is", () => {
  const what = (bytes: Uint8Array): string => recognise(bytes).what;

  test("each kind has its words, its format, and what it is for, where that is told", () => {
    const elf = elfFile({ entry: 0n, segments: [] });
    expect(recognise(arm64Image(0, 0))).toEqual({ format: "arm64-image", what: "it is an arm64 Image", isa: "AArch64" });
    expect(recognise(riscvImage(0, 0))).toEqual({ format: "riscv-image", what: "it is a riscv Image", isa: "RISC-V" });
    expect(recognise(elf)).toEqual({ format: "elf", what: "it is an ELF file", isa: "AArch64" });
    expect(recognise(Uint8Array.of(0x1f, 0x8b))).toEqual({ format: "other", what: "it is compressed with gzip", isa: undefined });
    expect(recognise(codeOf(0xd65f03c0))).toEqual({ format: "raw", what: "it has no header", isa: "AArch64" });
    expect(recognise(codeOf(0))).toEqual({ format: "raw", what: "it has no header", isa: undefined });
    expect(recognise(new Uint8Array())).toEqual({ format: "other", what: "it is empty", isa: undefined });
  });

  test.each([
    [[0x89, 0x4c, 0x5a, 0x4f, 0x00], "it is compressed with lzo"],
    [[0x50, 0x4b, 0x03, 0x04], "it is a zip archive"],
    [[..."VNDRBOOT"].map((letter) => letter.charCodeAt(0)), "it is an Android vendor boot image"],
    [[..."hsqs"].map((letter) => letter.charCodeAt(0)), "it is a squashfs file system"],
    [[0x51, 0x46, 0x49, 0xfb], "it is a disk of QEMU's (qcow2)"],
  ])("%j: %s; one byte less is not", (magic, words) => {
    expect(what(Uint8Array.from([...magic, 0, 1]))).toBe(words);
    expect(what(Uint8Array.from([...magic.slice(0, -1), 0xee, 0, 1]))).not.toBe(words);
  });

  test("an ELF file is for whom it says, in its own order of bytes; one that ends before it says so is for nobody", () => {
    const elf = elfFile({ entry: 0n, segments: [], machine: 8 });
    expect(recognise(elf).isa).toBe("MIPS");
    const big = elf.slice();
    big[5] = 2;
    new DataView(big.buffer).setUint16(18, 20);
    expect(recognise(big).isa).toBe("PowerPC");
    expect(recognise(elf.slice(0, 20)).isa).toBe("MIPS");
    expect(recognise(elf.slice(0, 19)).isa).toBeUndefined();
    expect([isElf(elf), isElf(elf.slice(0, 4)), isElf(elf.slice(0, 3)), isElf(arm64Image(0, 0))]).toEqual([
      true, true, false, false,
    ]);
    expect(recognise(elfFile({ entry: 0n, segments: [], machine: 21 })).isa).toBe("PowerPC64");
  });

  test("a FIT is one by what stands in its first 4096 bytes", () => {
    const tree = (at: number): string => {
      const bytes = new Uint8Array(5000);
      bytes.set([0xd0, 0x0d, 0xfe, 0xed]);
      bytes.set([0, 0, 0, 1, ...new TextEncoder().encode("images"), 0, 0], at);
      return what(bytes);
    };
    expect([tree(4096 - 12), tree(4096 - 11)]).toEqual(["it is a FIT (flat image tree of U-Boot's)", "it is a device tree blob"]);
  });

  test.each<[string, number, bigint, number, boolean]>([
    ["the least dictionary", 4096, 100n, 13, true],
    ["a smaller one", 2048, 100n, 13, false],
    ["one and a half of a power of two", 6144, 100n, 13, true],
    ["none that encoders make", 5000, 100n, 13, false],
    ["an unknown length", 65536, 2n ** 64n - 1n, 13, true],
    ["the greatest length", 65536, 2n ** 40n - 1n, 13, true],
    ["one more", 65536, 2n ** 40n, 13, false],
    ["a header that is cut", 65536, 100n, 12, false],
    ["no dictionary", 0, 100n, 13, false],
  ])("lzma: %s", (_, dictionary, length, size, is) => {
    const bytes = new Uint8Array(13);
    const view = new DataView(bytes.buffer);
    bytes[0] = 0x5d;
    view.setUint32(1, dictionary, true);
    view.setBigUint64(5, length, true);
    expect(what(bytes.slice(0, size)) === "it is compressed with lzma").toBe(is);
    bytes[0] = 0x5e;
    expect(what(bytes)).not.toBe("it is compressed with lzma");
  });

  test.each<[string, Uint8Array, boolean]>([
    ["a word without a space", Buffer.from("word"), false],
    ["a word and a space", Buffer.from("a word"), true],
    ["with a control character", Buffer.from("a word\u0001"), false],
    ["with an escape, as of colours", Buffer.from("a \u001b[1mword"), true],
    ["with a DEL", Buffer.from("a word\u007f"), false],
    ["in another alphabet", Buffer.from("слово и слово"), true],
    ["as much ASCII as not, in Latin-1", Buffer.from("a b\xe9\xe9\xe9", "latin1"), false],
    ["more ASCII than not, in Latin-1", Buffer.from("a bc\xe9\xe9\xe9", "latin1"), true],
    ["what is wrong behind the first 4096 bytes", Buffer.from(`a word${"x".repeat(4090)}\0`), true],
    ["what is wrong within them", Buffer.from(`a word${"x".repeat(4089)}\0`), false],
    ["a letter that is cut at their end", Buffer.from(`a word${"x".repeat(4089)}é, and on`), true],
    ["a letter that is cut at the end of the file", Buffer.from("a word é").subarray(0, -1), true],
  ])("text: %s", (_, bytes, is) => expect(what(Uint8Array.from(bytes)) === "it is text").toBe(is));
});

describe("code", () => {
  const many = (count: number, word: number, of: number): Uint8Array => codeOf(...Array.from({ length: of }, (_, at) => (
    at < count ? word : 0x11111111)));

  test("of another instruction set: eight returns, and one at least in 4096 words", () => {
    expect(codeIsa(many(8, 0x00008067, 8 * 4096))).toBe("RISC-V");
    expect(codeIsa(many(8, 0x00008067, 8 * 4096 + 1))).toBeUndefined();
    expect(codeIsa(many(7, 0x00008067, 8))).toBeUndefined();
    expect(codeIsa(many(4, 0x80828082, 4 * 4096))).toBe("RISC-V");
    expect(codeIsa(many(4, 0x47704770, 8 * 4096))).toBeUndefined();
  });

  test("what is cut within its last word has the words before", () => {
    expect(codeIsa(codeOf(0, 0xd65f03c0).subarray(0, 7))).toBeUndefined();
    expect(codeIsa(Uint8Array.of(...codeOf(0xd65f03c0), 1, 2, 3))).toBe("AArch64");
    expect(codeIsa(codeOf(0, 0xd65f03c0).subarray(4))).toBe("AArch64");
  });

  test.each<[string, number, Partial<ReturnType<typeof codeTraits>>]>([
    ["ICC_IAR0", 0xd538c805, { gicSystemRegisters: true }],
    ["ICC_IAR1", 0xd538cc1f, { gicSystemRegisters: true }],
    ["CNTP_TVAL", 0xd51be200, { timers: ["physical"] }],
    ["CNTP_CTL", 0xd51be221, { timers: ["physical"] }],
    ["CNTP_CVAL", 0xd51be242, { timers: ["physical"] }],
    ["CNTV_TVAL", 0xd51be303, { timers: ["virtual"] }],
    ["CNTV_CTL", 0xd51be324, { timers: ["virtual"] }],
    ["CNTV_CVAL", 0xd51be345, { timers: ["virtual"] }],
    ["HVC #0", 0xd4000002, { conduits: ["hvc"] }],
    ["SMC #0", 0xd4000003, { conduits: ["smc"] }],
    ["HVC #1", 0xd4000022, {}],
    ["nothing", 0, {}],
  ])("betrays what it is for: %s", (_, word, traits) => {
    expect(codeTraits(codeOf(word))).toEqual({ gicSystemRegisters: false, timers: [], conduits: [], ...traits });
  });

  test("all of it, in one order", () => {
    expect(codeTraits(codeOf(0xd4000003, 0xd4000002, 0xd51be300, 0xd51be200, 0xd538c800))).toEqual({
      gicSystemRegisters: true, timers: ["physical", "virtual"], conduits: ["hvc", "smc"],
    });
  });
});

describe("headers of kernels", () => {
  test("are whole with 64 bytes", () => {
    expect(parseArm64Image(arm64Image(0, 4096).subarray(0, 64))).toEqual({ textOffset: 0, size: 4096 });
    expect(parseArm64Image(arm64Image(0, 4096), 63)).toBe("it has 63 bytes, fewer than an arm64 Image's header");
    expect(parseRiscvImage(riscvImage(0, 4096))).toEqual({ textOffset: 0, size: 4096 });
    expect(parseRiscvImage(riscvImage(0, 4096), 5 * MIB)).toEqual({ textOffset: 0, size: 5 * MIB });
    expect(parseRiscvImage(riscvImage(0, 4096).subarray(0, 63), 99)).toBe("it has 99 bytes, fewer than a riscv Image's header");
    expect(parseRiscvImage(riscvImage(0, 4096, 2))).toEqual({ textOffset: 0, size: 4096 });
  });

  test("may stand within other bytes", () => {
    const kinds = [[arm64Image(0x1000, 8192), parseArm64Image], [riscvImage(0x1000, 8192), parseRiscvImage]] as const;
    for (const [image, parse] of kinds) {
      const around = new Uint8Array(80);
      around.set(image, 16);
      expect(parse(around.subarray(16))).toEqual({ textOffset: 0x1000, size: 8192 });
    }
    const around = new Uint8Array(80);
    around.set(arm64Image(0, 0), 16);
    around[16 + 24] = 4;
    expect(granuleOf(around.subarray(16))).toBe("16K");
  });

  test("of a large file, of which they are the beginning: its parts are that file's", () => {
    const whole = { path: "kernel", offset: 0, length: 9 * MIB };
    expect(readGuestImage(arm64Image(0, MIB), rules(undefined), whole)).toEqual({
      format: "arm64-image", movable: true, parts: [{ at: 0, size: 9 * MIB, bytes: whole }], end: 9 * MIB, entry: 0,
      granule: undefined,
    });
    expect(readGuestImage(riscvImage(0x1000, 10 * MIB), { ...rules(0x8030_0000), isa: "riscv64" }, whole)).toEqual({
      format: "riscv-image", movable: false, parts: [{ at: 0x8020_1000, size: 9 * MIB, bytes: whole }],
      end: 0x8020_1000 + 10 * MIB, entry: 0x8020_1000,
    });
    expect(readGuestImage(codeOf(0), rules(0x1000), whole)).toMatchObject({
      format: "raw", parts: [{ at: 0x1000, size: 9 * MIB, bytes: whole }], end: 0x1000 + 9 * MIB,
    });
  });
});

describe("a guest's image", () => {
  test("that is raw is entered where that is said", () => {
    expect(readGuestImage(codeOf(1, 2), { formats: ["raw"], load: 0x1000, entry: 0x1004 })).toMatchObject({ entry: 0x1004 });
  });

  test("with a header is raw only where the profile takes raw ones, and none of the header's", () => {
    const format = (bytes: Uint8Array, formats: readonly ("raw" | "elf" | "arm64-image")[]): string => {
      const image = readGuestImage(bytes, { formats, load: 0x20_0000 });
      return isFault(image) ? image.kind : image.format;
    };
    expect(format(arm64Image(0, 0), ["raw"])).toBe("raw");
    expect(format(arm64Image(0, 0), ["raw", "arm64-image"])).toBe("arm64-image");
    expect(format(arm64Image(0, 0), ["elf"])).toBe("arm64-image");
    expect(format(elfFile({ entry: 0n, segments: [{ paddr: 0, bytes: [1] }] }), ["raw"])).toBe("elf");
  });

  test("that is a fault is told from one that is not", () => {
    expect(isFault(readGuestImage(codeOf(1), rules(0)))).toBe(false);
    expect(isFault(readGuestImage(new Uint8Array(), rules(0)))).toBe(true);
  });

  test("an ELF file ends behind its last segment, and is entered where it says", () => {
    const segments = [{ paddr: 0x2000, bytes: [1, 2, 0, 0], memorySize: 0x100 }, { paddr: 0x1000, bytes: [3] }];
    expect(readGuestImage(elfFile({ entry: 0x1000n, segments }), rules(undefined))).toEqual({
      format: "elf", movable: false, entry: 0x1000, end: 0x2100,
      parts: [
        { at: 0x1000, size: 1, bytes: Uint8Array.of(3), vaddr: 0x1000n },
        { at: 0x2000, size: 0x100, bytes: Uint8Array.of(1, 2), vaddr: 0x2000n },
      ],
    });
    expect(readGuestImage(elfFile({ entry: 0n, segments: [] }), rules(undefined))).toEqual({
      kind: "malformed", reason: "it is an ELF file with nothing to load (no PT_LOAD)",
    });
  });
});

describe("an ELF file", () => {
  const one = { paddr: 0x1000, bytes: [1, 2, 3, 4] };
  const changed = (change: (view: DataView) => void, segments = [one]): ReturnType<typeof parseElf> => {
    const file = elfFile({ entry: 0x1000n, segments });
    change(new DataView(file.buffer));
    return parseElf(file);
  };

  test("that is position-independent is one, too; a core dump is none", () => {
    expect(changed((view) => view.setUint16(16, 3, true))).toMatchObject({ entry: 0x1000 });
    expect(changed((view) => view.setUint16(16, 4, true))).toBe("it is an ELF file that was not linked yet (.o)");
  });

  test("whose other headers are passed over, and so is what takes no memory", () => {
    const two = [one, { paddr: 0x2000, bytes: [5] }];
    expect(changed((view) => view.setUint32(64 + 56, 6, true), two)).toMatchObject({ parts: [{ at: 0x1000 }] });
    expect(changed((view) => view.setBigUint64(64 + 56 + 40, 0n, true), two)).toMatchObject({ parts: [{ at: 0x1000 }] });
  });

  test("whose headers are longer, or just fit, or do not", () => {
    expect(changed((view) => view.setUint16(54, 55, true))).toBe("it is an ELF file that ends within its program headers");
    const file = elfFile({ entry: 0x1000n, segments: [{ ...one, bytes: [] }] });
    expect(parseElf(file)).toBe("it is an ELF file with nothing to load (no PT_LOAD)");
    expect(parseElf(file.subarray(0, -1))).toBe("it is an ELF file that ends within its program headers");
    const none = elfFile({ entry: 0n, segments: [] });
    new DataView(none.buffer).setUint16(54, 0, true);
    expect(parseElf(none)).toBe("it is an ELF file with nothing to load (no PT_LOAD)");
  });

  test("segments that touch do not overlap; one that ends at 48 bits is not beyond them", () => {
    const touching = [one, { paddr: 0x1004, bytes: [5] }];
    expect(parseElf(elfFile({ entry: 0x1000n, segments: touching }))).toMatchObject({ entry: 0x1000 });
    const high = 2 ** 48 - 4;
    expect(parseElf(elfFile({ entry: BigInt(high), segments: [{ ...one, paddr: high }] }))).toMatchObject({ entry: high });
    expect(parseElf(elfFile({ entry: BigInt(high), segments: [{ ...one, paddr: high + 1 }] }))).toBe(
      "its segment at physical address 0xfffffffffffd is beyond 48 bits",
    );
  });

  test("is entered at a physical address, whichever of the two it says", () => {
    const far = { paddr: 0x2000, vaddr: 0x9000n, bytes: [1, 2, 3, 4, 5, 6, 7, 8] };
    const entered = (entry: bigint): unknown => parseElf(elfFile({ entry, segments: [one, far] }));
    expect(entered(0x9000n)).toMatchObject({ entry: 0x2000 });
    expect(entered(0x9004n)).toMatchObject({ entry: 0x2004 });
    expect(entered(0x9008n), "behind it").toMatchObject({ entry: 0x9008 });
    expect(entered(0x2004n)).toMatchObject({ entry: 0x2004 });
  });

  test("may stand within other bytes", () => {
    const file = elfFile({ entry: 0x1000n, segments: [one] });
    const around = new Uint8Array(file.length + 32);
    around.set(file, 16);
    expect(parseElf(around.subarray(16, 16 + file.length))).toEqual(parseElf(file));
  });
});

describe("a load", () => {
  test("comes in chunks, of which each is good until the next one", () => {
    const contents = new Uint8Array(1000).fill(7);
    const load = new Load(2 * CHUNK_BYTES + 100, [{ at: CHUNK_BYTES - 500, contents }]);
    const chunks = [...load.chunks()].map(({ length }) => length);
    expect(chunks).toEqual([CHUNK_BYTES, CHUNK_BYTES, 128]);
    const sums: number[] = [];
    for (const chunk of load.chunks()) sums.push(chunk.reduce((sum, byte) => sum + byte, 0));
    expect(sums).toEqual([3500, 3500, 0]);
    expect([...new Load(CHUNK_BYTES, []).chunks()].map(({ length }) => length)).toEqual([CHUNK_BYTES]);
    expect([...new Load(0, []).chunks()]).toEqual([]);
  });

  test("whose file has become another says so, with its code", () => {
    const path = join(folder, "short");
    writeFileSync(path, "abc");
    const load = new Load(64, [{ at: 0, contents: { path, offset: 1, length: 3 } }]);
    const error = ((): unknown => {
      try {
        return load.bytes();
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(FileChangedError);
    expect(error).toMatchObject({
      name: "FileChangedError",
      code: "AXV-P102",
      message: `${displayPath(path)} has changed while it was put into the image: try again`,
    });
  });
});
