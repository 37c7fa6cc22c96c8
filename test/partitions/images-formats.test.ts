// What files are, and what they say is to be loaded: arm64 Images, ELF files, raw binaries, and everything else.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseArm64Image } from "../../partitions/images/arm64-image.ts";
import { parseElf } from "../../partitions/images/elf.ts";
import type { ImagePart } from "../../partitions/images/formats.ts";
import { isFault, readGuestImage, stretches } from "../../partitions/images/guest-image.ts";
import { codeIsa, codeTraits } from "../../partitions/images/instructions.ts";
import { recognise } from "../../partitions/images/recognise.ts";
import { MIB } from "../../partitions/units.ts";
import { Random } from "../hostile/random.ts";
import { arm64Image, codeOf, elfFile, riscvImage, rules } from "./imageFiles.ts";
import { here } from "./systems.ts";

const image = (name: string): Uint8Array => readFileSync(here(`images/${name}`));
const RET = 0xd65f03c0;

/** Text at 0x40000000, data with bss at 0x40001010. */
const program = elfFile({
  entry: 0x40000004n,
  segments: [
    { paddr: 0x40001010, bytes: [5, 6], memorySize: 0x20 },
    { paddr: 0x40000000, bytes: [1, 2, 3, 4, 1, 2, 3, 4] },
  ],
});

describe("arm64 Image (booting.rst)", () => {
  test("text_offset and image_size are taken from its header", () => {
    expect(parseArm64Image(image("kernel.Image"))).toEqual({ textOffset: 0, size: 30 * MIB });
    expect(parseArm64Image(image("old-kernel.Image"))).toEqual({ textOffset: 0x80000, size: 2 * MIB });
  });

  test("an image_size of 0 is a kernel before 3.17: text_offset is 0x80000, whatever the header says", () => {
    expect(parseArm64Image(arm64Image(0, 0))).toEqual({ textOffset: 0x80000, size: 64 });
  });

  test("a file longer than its image_size counts whole", () => {
    expect(parseArm64Image(arm64Image(0, 4096, 4 * MIB))).toEqual({ textOffset: 0, size: 4 * MIB });
  });

  test("a text_offset of 2 MiB and more is taken (RT-Thread 5.x); one inside a page is not", () => {
    expect(parseArm64Image(arm64Image(0x200000, 4096))).toEqual({ textOffset: 0x200000, size: 4096 });
    expect(parseArm64Image(arm64Image(0x200800, 4096))).toBe(
      "its text_offset is 0x00200800, and has to be a multiple of 4 KiB",
    );
  });

  test("a big-endian one is refused", () => {
    const bytes = arm64Image(0, 4096);
    bytes[24] = 1;
    expect(parseArm64Image(bytes)).toBe("it is a big-endian arm64 Image");
  });

  test.each([
    [0n, undefined],
    [2n, "4K"],
    [4n, "16K"],
    [6n, "64K"],
    [8n, undefined],
  ])("flags %i: a kernel for pages of %s", (flags, granule) => {
    const bytes = arm64Image(0, 4096);
    new DataView(bytes.buffer).setBigUint64(24, flags, true);
    expect(readGuestImage(bytes, rules(undefined))).toMatchObject({ granule });
  });

  test("one that ends within its header is refused", () => {
    expect(parseArm64Image(arm64Image(0, 4096).subarray(0, 60))).toBe(
      "it has 60 bytes, fewer than an arm64 Image's header",
    );
  });
});

describe("ELF (System V ABI)", () => {
  test("its PT_LOAD segments go to their physical addresses, in order", () => {
    const elf = parseElf(program);
    expect(elf).toMatchObject({
      entry: 0x40000004,
      parts: [
        { at: 0x40000000, size: 8 },
        { at: 0x40001010, size: 0x20 },
      ],
    });
  });

  test("one stretch from a whole page on; gaps and bss (p_memsz > p_filesz) are zeros in it", () => {
    const { parts } = readGuestImage(program, rules(undefined)) as Extract<ReturnType<typeof readGuestImage>, { parts: unknown }>;
    expect(stretches(parts)).toMatchObject([{ base: 0x40000000, size: 0x1030, zeros: undefined }]);
    const bytes = stretches(parts)[0]?.load.bytes() ?? new Uint8Array();
    expect([...bytes.subarray(0, 9)]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 0]);
    expect([...bytes.subarray(0x1010, 0x1013)]).toEqual([5, 6, 0]);
    expect(bytes.reduce((sum, byte) => sum + byte, 0)).toBe(31);
    expect(stretches(parts.slice(1))).toMatchObject([{ base: 0x40001000, size: 0x30 }]);
  });

  const part = (at: number, bytes: number, size = bytes): ImagePart => ({ at, size, bytes: new Uint8Array(bytes).fill(1) });
  const shown = (parts: readonly ImagePart[]): unknown =>
    stretches(parts).map(({ base, size, zeros, load }) => [base, size, zeros, load.length]);

  test("zeros behind the bytes are a page, however many they are; fewer than a page are there as they are", () => {
    expect(shown([part(0x1000, 8, 106 * MIB)])).toEqual([[0x1000, 106 * MIB, 64, 64 + 4096]]);
    expect(shown([part(0x1010, 8, 64 + 4096 + 1)])).toEqual([[0x1000, 4096 + 64 + 17, 64, 64 + 4096]]);
    expect(shown([part(0x1010, 8, 64 + 4096 - 16)])).toEqual([[0x1000, 4096 + 64, undefined, 4096 + 64]]);
  });

  test("zeros at the end of what a file has are as those behind it: only what is before them is carried", () => {
    const zeros = new Array<number>(MIB).fill(0);
    const segments = [
      { paddr: 0x40000000, bytes: [1, 2, 3, 4, ...zeros] },
      { paddr: 0x40200000, bytes: [5, 6, 7, 8, ...zeros] },
      { paddr: 0x40400000, bytes: zeros },
    ];
    const carried = (file: Uint8Array): unknown => {
      const image = readGuestImage(file, rules(0x40000000));
      return isFault(image) ? image : { end: image.end, carried: shown(image.parts) };
    };
    expect(carried(elfFile({ entry: 0x40000000n, segments }))).toEqual({
      end: 0x40400000 + MIB,
      carried: [
        [0x40000000, MIB + 4, 64, 64 + 4096],
        [0x40200000, MIB + 4, 64, 64 + 4096],
        [0x40400000, MIB, 0, 4096],
      ],
    });
    const raw = new Uint8Array(4 * MIB);
    raw.set(codeOf(RET));
    expect(carried(raw)).toEqual({ end: 0x40000000 + 4 * MIB, carried: [[0x40000000, 4 * MIB, 64, 64 + 4096]] });
    expect(carried(new Uint8Array(MIB))).toEqual({ end: 0x40000000 + MIB, carried: [[0x40000000, MIB, 0, 4096]] });
  });

  test("where nobody gives 64 KiB, or more, it is cut in two, at the widest such holes, and at whole pages", () => {
    expect(shown([part(0x1000, 8), part(0x100_0010, 8)])).toEqual([[0x1000, 8, undefined, 64], [0x100_0000, 24, undefined, 64]]);
    expect(shown([part(0x1000, 8), part(0x1_1008, 8)])).toEqual([[0x1000, 8, undefined, 64], [0x1_1000, 16, undefined, 64]]);
    expect(shown([part(0x1000, 8), part(0x1_1007, 8)])).toHaveLength(1);
    expect(shown([part(0x1000, 8, MIB), part(0x1000 + MIB, 8)])).toEqual([
      [0x1000, MIB, 64, 64 + 4096],
      [0x1000 + MIB, 8, undefined, 64],
    ]);
    expect(shown([part(0x1000, 8, MIB), part(0x1010 + MIB, 8)])).toEqual([
      [0x1000, MIB, 64, 64 + 4096],
      [0x1000 + MIB, 24, undefined, 64],
    ]);
    expect(shown([part(0x1000, 8, MIB + 1), part(0x1010 + MIB, 8)])).toEqual([[0x1000, MIB + 24, undefined, 64 + MIB]]);
    const bases = (...at: number[]): number[] =>
      stretches(at.map((mebibytes) => part(mebibytes * MIB, 8))).map(({ base }) => base / MIB);
    expect(bases(0, 2, 5, 7, 10, 14)).toEqual([0, 5, 10, 14]);
  });

  test("an entry given as virtual address is where that segment physically is", () => {
    const high = elfFile({
      entry: 0xffff000040200010n,
      segments: [{ paddr: 0x40200000, vaddr: 0xffff000040200000n, bytes: new Array<number>(32).fill(0) }],
    });
    expect(parseElf(high)).toMatchObject({ entry: 0x40200010 });
  });

  test.each([
    ["AArch64", 183, 0x40000002n, "it is entered at 0x40000002, which is no multiple of 4"],
    ["AArch64", 183, 0x40000004n, undefined],
    ["RISC-V", 243, 0x40000001n, "it is entered at 0x40000001, which is no multiple of 2"],
    ["RISC-V", 243, 0x40000002n, undefined],
  ])("one of %s (%i) that is entered at %s: %s", (_, machine, entry, reason) => {
    const elf = parseElf(elfFile({ entry, machine, segments: [{ paddr: 0x40000000, bytes: [1, 2, 3, 4, 5, 6, 7, 8] }] }));
    expect(typeof elf === "string" ? elf : undefined).toBe(reason);
  });

  test.each<[string, (file: Uint8Array, view: DataView) => Uint8Array | void, string]>([
    ["cut off in its header", (file) => file.subarray(0, 60), "it is an ELF file that ends within its header"],
    ["cut off in its program headers", (file) => file.subarray(0, 100), "it is an ELF file that ends within its program headers"],
    [
      "cut off in a segment",
      (file) => file.subarray(0, file.length - 1),
      "its segment at physical address 0x40000000 is longer than the file",
    ],
    ["32-bit", (file) => void (file[4] = 1), "it is a 32-bit ELF file"],
    ["big-endian", (file) => void (file[5] = 2), "it is a big-endian ELF file"],
    ["an object file", (_, view) => view.setUint16(16, 1, true), "it is an ELF file that was not linked yet (.o)"],
    ["without segments", (_, view) => view.setUint16(56, 0, true), "it is an ELF file with nothing to load (no PT_LOAD)"],
    [
      "with fewer memory than bytes",
      (_, view) => view.setBigUint64(64 + 40, 1n, true),
      "its segment at physical address 0x40001010 has more bytes than memory",
    ],
    [
      "beyond 48 bits",
      (_, view) => view.setBigUint64(64 + 24, 0xffff000040000000n, true),
      "its segment at physical address 0xffff000040000000 is beyond 48 bits",
    ],
    [
      "with overlapping segments",
      (_, view) => view.setBigUint64(64 + 24, 0x40000004n, true),
      "its segments 0x40000000…0x40000008 and 0x40000004…0x40000024 overlap",
    ],
  ])("one %s is refused", (_, change, reason) => {
    const file = program.slice();
    expect(parseElf(change(file, new DataView(file.buffer)) ?? file)).toBe(reason);
  });
});

describe("any image", () => {
  test("an arm64 Image goes text_offset above the start of RAM, wherever that is", () => {
    expect(readGuestImage(arm64Image(0x80000, 2 * MIB), rules(undefined))).toMatchObject({
      format: "arm64-image",
      movable: true,
      parts: [{ at: 0x80000, size: 64 }],
      end: 0x80000 + 2 * MIB,
      entry: 0x80000,
    });
  });

  test("…or above the 2 MiB boundary that its profile's load address is in", () => {
    const rtThread = readGuestImage(arm64Image(0x200000, MIB), rules(0x40008000));
    expect(rtThread).toMatchObject({ movable: false, entry: 0x40200000, end: 0x40300000 });
    expect(readGuestImage(arm64Image(0, MIB), rules(0x40200000))).toMatchObject({ movable: false, entry: 0x40200000 });
  });

  test("a riscv Image is as an arm64 one, for RISC-V alone", () => {
    const riscv = (load?: number) => ({ ...rules(load), isa: "riscv64" as const });
    const image = riscvImage(0x200000, 2 * MIB);
    expect(readGuestImage(image, riscv())).toMatchObject({
      format: "riscv-image", movable: true, parts: [{ at: 0x200000, size: 64 }], end: 0x200000 + 2 * MIB, entry: 0x200000,
    });
    expect(readGuestImage(image, riscv(0x80000000))).toMatchObject({ movable: false, entry: 0x80200000 });
    expect(readGuestImage(image, rules(0))).toEqual({ kind: "isa", isa: "RISC-V" });
    expect(readGuestImage(arm64Image(0, MIB), riscv())).toEqual({ kind: "isa", isa: "AArch64" });
    expect(readGuestImage(image, { formats: ["raw"], load: 0x80000000, isa: "riscv64" })).toMatchObject({ format: "raw" });
  });

  test.each([
    ["big-endian one", riscvImage(0x200000, MIB, 1), "it is a big-endian riscv Image"],
    ["one off a page", riscvImage(0x200010, MIB), "its text_offset is 0x00200010, and has to be a multiple of 4 KiB"],
    ["one cut short", riscvImage(0x200000, MIB).subarray(0, 62), "it has 62 bytes, fewer than a riscv Image's header"],
  ])("a riscv Image: a %s is refused", (_, image, reason) => {
    expect(readGuestImage(image, { ...rules(undefined), isa: "riscv64" })).toEqual({ kind: "malformed", reason });
  });

  test("a raw binary goes where its profile says, and is entered there", () => {
    const bytes = codeOf(RET, RET);
    expect(readGuestImage(bytes, rules(0x40008000))).toEqual({
      format: "raw",
      movable: false,
      parts: [{ at: 0x40008000, size: 8, bytes }],
      end: 0x40008008,
      entry: 0x40008000,
      isa: "AArch64",
    });
    expect(readGuestImage(bytes, rules(undefined))).toEqual({
      kind: "malformed",
      reason: "it has no header that says where it goes",
    });
  });
});

test("an arm64 Image is a raw binary where the profile does not go by its header (NuttX)", () => {
  expect(readGuestImage(arm64Image(0x480000, MIB), { formats: ["raw", "elf"], load: 0x40280000 })).toMatchObject({
    format: "raw",
    entry: 0x40280000,
    end: 0x40280040,
  });
});

describe("other instruction sets", () => {
  test.each([
    [3, "x86"],
    [40, "32-bit Arm"],
    [62, "x86-64"],
    [243, "RISC-V"],
    [258, "LoongArch"],
    [4711, "machine 4711 of ELF"],
  ])("an ELF file of machine %i is for %s", (machine, isa) => {
    const file = elfFile({ entry: 0n, segments: [], machine });
    expect(readGuestImage(file, rules(undefined))).toEqual({ kind: "isa", isa });
  });

  test("kernels of other instruction sets are known by their headers", () => {
    const kernel = (offset: number, magic: string): Uint8Array => {
      const file = new Uint8Array(1024);
      file.set(new TextEncoder().encode(magic), offset);
      return file;
    };
    expect(readGuestImage(kernel(56, "RSC\x05"), rules(0))).toEqual({ kind: "isa", isa: "RISC-V" });
    expect(readGuestImage(kernel(0x202, "HdrS"), rules(0))).toEqual({ kind: "isa", isa: "x86" });
    expect(readGuestImage(kernel(0x24, "\x18\x28\x6f\x01"), rules(0))).toEqual({ kind: "isa", isa: "32-bit Arm" });
  });

  test("a raw binary is known by how its functions return", () => {
    const eight = (word: number): number[] => new Array<number>(8).fill(word);
    expect(codeIsa(codeOf(...eight(0x00008067)))).toBe("RISC-V");
    expect(codeIsa(codeOf(...eight(0x80828082)))).toBe("RISC-V");
    expect(codeIsa(codeOf(...eight(0xe12fff1e)))).toBe("32-bit Arm");
    expect(codeIsa(codeOf(...eight(0x47704770)))).toBe("32-bit Arm");
    expect(readGuestImage(codeOf(...eight(0x00008067)), rules(0))).toEqual({ kind: "isa", isa: "RISC-V" });
  });

  test("…and is not refused for a coincidence", () => {
    const seven = new Array<number>(7).fill(0x00008067);
    expect(codeIsa(codeOf(...seven))).toBeUndefined();
    expect(codeIsa(codeOf(...seven, 0x00008067, RET))).toBe("AArch64");
    expect(readGuestImage(codeOf(...seven), rules(0))).toMatchObject({ format: "raw" });
  });
});

describe("what people give by mistake", () => {
  test.each([
    [0, [0x1f, 0x8b], "it is compressed with gzip"],
    [0, [0xfd, 0x37, 0x7a, 0x58, 0x5a], "it is compressed with xz"],
    [0, [0x28, 0xb5, 0x2f, 0xfd], "it is compressed with zstd"],
    [0, [0xd0, 0x0d, 0xfe, 0xed], "it is a device tree blob"],
    [0, [0x27, 0x05, 0x19, 0x56], "it is a U-Boot uImage"],
    [4, [0x7a, 0x69, 0x6d, 0x67], "it is compressed (an EFI zboot image)"],
    [0, [0x42, 0x5a, 0x68, 0x39], "it is compressed with bzip2"],
    [0, [0x04, 0x22, 0x4d, 0x18], "it is compressed with lz4"],
    [0, [0x02, 0x21, 0x4c, 0x18], "it is compressed with lz4 (legacy frame, as kernels are)"],
    [0, [0x5d, 0, 0, 0x80, 0, 255, 255, 255, 255, 255, 255, 255, 255], "it is compressed with lzma"],
    [0, [0x5d, 0, 0, 0x10, 0, 0, 0, 0x20, 0], "it is compressed with lzma"],
    [0, [0x41, 0x4e, 0x44, 0x52, 0x4f, 0x49, 0x44, 0x21], "it is an Android boot image"],
    [0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "it is a 7z archive"],
    [0, [0x1f, 0x9d, 0x90], "it is compressed with compress (.Z)"],
    [257, [0x75, 0x73, 0x74, 0x61, 0x72], "it is a tar archive"],
    [0, [0x30, 0x37, 0x30, 0x37, 0x30, 0x31], "it is a cpio archive, as an initrd is"],
    [0, [0x30, 0x37, 0x30, 0x37, 0x30, 0x32], "it is a cpio archive, as an initrd is"],
    [512, [0x45, 0x46, 0x49, 0x20, 0x50, 0x41, 0x52, 0x54], "it is a whole disk (GPT)"],
    [0, [0xd0, 0x0d, 0xfe, 0xed, 0, 0, 0, 1, 0x69, 0x6d, 0x61, 0x67, 0x65, 0x73, 0], "it is a FIT (flat image tree of U-Boot's)"],
  ])("what has at byte %i %j is refused: %s", (offset, magic, reason) => {
    const bytes = new Uint8Array(offset + 100);
    bytes.set(magic, offset);
    expect(readGuestImage(bytes, rules(0))).toEqual({ kind: "malformed", reason });
    expect(recognise(bytes).format).toBe("other");
  });

  test("…also where chance puts returns of RISC-V into what is compressed", () => {
    const bytes = new Uint8Array(1 << 22);
    const random = new Random(1);
    for (let at = 0; at < bytes.length; at++) bytes[at] = random.below(256);
    expect(codeIsa(bytes)).toBeUndefined();
    bytes.set([0x5d, 0, 0, 0x80, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    expect(readGuestImage(bytes, rules(0))).toEqual({ kind: "malformed", reason: "it is compressed with lzma" });
  });

  test.each([
    ["b #0x174, which begins as lzma does", [0x5d, 0, 0, 0x14, 0x1f, 0x20, 3, 0xd5, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["two instructions", [0x7f, 0x20, 3, 0xd5, 0xff, 0xff, 0xff, 0x17]],
    ["a branch to itself", [0, 0, 0, 0x14]],
    ["one of RISC-V", [0x6f, 0, 0, 0]],
    ["a compressed one of RISC-V", [0x01, 0xa0]],
    ["mov x0, #1, and back to it", [0x20, 0, 0x80, 0xd2, 0xff, 0xff, 0xff, 0x17]],
    ["moves of which a half is as a letter's", [0x20, 0, 0x80, 0xd2, 0x21, 0, 0x80, 0xd2]],
  ])("code is not: %s", (_, bytes) => {
    expect(recognise(Uint8Array.from(bytes)).format).toBe("raw");
  });

  test.each([
    ["text", "key: value\nanother: 2\n", "it is text"],
    ["UTF-8, cut in a letter", ` ${"ü".repeat(4096)}`, "it is text"],
    ["a letter alone", "x\n", "it is text"],
    ["a line", "hello world\n", "it is text"],
  ])("%s is refused", (_, text, reason) => {
    expect(readGuestImage(new TextEncoder().encode(text), rules(0))).toEqual({ kind: "malformed", reason });
  });

  const text = "Größe des Behälters: 7\r\n";
  test.each([
    ["Latin-1", Buffer.from(text, "latin1")],
    ["UTF-16", Buffer.from(text, "utf16le")],
    ["UTF-16 with a mark of its order", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["UTF-16, the other order", Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
  ])("text in %s is refused", (_, bytes) => {
    expect(readGuestImage(bytes, rules(0))).toEqual({ kind: "malformed", reason: "it is text" });
  });

  test("an empty file is refused", () => {
    expect(readGuestImage(new Uint8Array(), rules(0))).toEqual({ kind: "malformed", reason: "it is empty" });
  });
});

describe("what code betrays (DDI 0487, C6.2)", () => {
  test("nothing, where there is nothing", () => {
    expect(codeTraits(codeOf(RET, 0))).toEqual({ gicSystemRegisters: false, timers: [], conduits: [] });
  });

  test("GICv3's CPU interface, timers, conduits", () => {
    const mrs_x1_ICC_IAR1 = 0xd538cc01;
    const msr_CNTP_TVAL_x2 = 0xd51be202;
    const msr_CNTV_CTL_x3 = 0xd51be323;
    expect(codeTraits(codeOf(mrs_x1_ICC_IAR1, msr_CNTP_TVAL_x2, 0xd4000002))).toEqual({
      gicSystemRegisters: true,
      timers: ["physical"],
      conduits: ["hvc"],
    });
    expect(codeTraits(codeOf(msr_CNTV_CTL_x3, 0xd4000003))).toEqual({
      gicSystemRegisters: false,
      timers: ["virtual"],
      conduits: ["smc"],
    });
  });
});
