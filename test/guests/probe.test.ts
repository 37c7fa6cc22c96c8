// axv-part guest: what an image is recognised as, which profile fits it, and what is missing, from images of a few bytes.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GuestError } from "../../tools/guest/errors.ts";
import { gicVersions, probe } from "../../tools/guest/probe.ts";
import { everyProfile } from "../../tools/guest/profiles.ts";
import { formatProbe, formatProfiles } from "../../tools/guest/report.ts";
import { plain } from "../../tools/run/paint.ts";
import { axvPart, type Result } from "../output/axvPart.ts";
import { arm64Image, codeOf, elfFile, riscvImage } from "../partitions/imageFiles.ts";

const all = everyProfile();

const RET = 0xd65f03c0;
const MRS_ICC_IAR1 = 0xd538cc00;
const MSR_CNTP_TVAL = 0xd51be200;
const MSR_CNTV_CTL = 0xd51be320;
const HVC = 0xd4000002;

const text = (words: string): number[] => [...new TextEncoder().encode(words)];
const raw = (words: string, ...code: readonly number[]): Uint8Array =>
  new Uint8Array([...codeOf(...code), ...text(words)]);
const probed = (bytes: Uint8Array): ReturnType<typeof probe> => probe("image", bytes, all);

describe("an image for RISC-V", () => {
  test("is recognised by its header, and by the text in it, as a guest of RISC-V's profiles alone", () => {
    const found = probed(riscvImage(0x200000, 0x100000, 0, "Linux version 6.12"));
    expect(found).toMatchObject({ format: "riscv-image", isa: "RISC-V", code: undefined, placed: undefined, missing: [] });
    expect(found.profile).toMatchObject({ name: "linux", isa: "riscv64" });
    expect(formatProbe(found, plain)).toContain("riscv Image, RISC-V, ");
    expect(gicVersions(found)).toEqual([]);
  });

  test("as an ELF file: what it says of addresses is shown, and that it needs a profile", () => {
    const found = probed(elfFile({ entry: 0x80200000n, segments: [{ paddr: 0x80200000, bytes: [1, 2, 3, 4] }], machine: 243 }));
    expect(found).toMatchObject({ format: "elf", isa: "RISC-V", placed: { entry: 0x80200000 } });
    expect(found.missing).toEqual(["a profile: name one in system.yaml"]);
  });
});

describe("the profile", () => {
  test.each([
    ["- RT -     Thread Operating System, RT-Thread team", "rt-thread"],
    ["NuttShell (NSH) NuttX-12", "nuttx"],
    ["UniProton 22.03", "uniproton"],
    ["FreeRTOS Kernel V10", "freertos"],
  ])("of a raw binary with %j is %s", (words, name) => {
    const found = probed(raw(words, RET, MRS_ICC_IAR1));
    expect(found.profile?.name).toBe(name);
    expect(found.placed?.entry).toBe(found.profile?.image.load);
  });

  test("of an ELF file with Zephyr's banner is zephyr, which is entered where the file says", () => {
    const bytes = [...codeOf(RET, RET, MRS_ICC_IAR1), ...text("*** Booting Zephyr OS build")];
    const found = probed(elfFile({ entry: 0x40000004n, segments: [{ paddr: 0x40000000, bytes }] }));
    expect(found).toMatchObject({ profile: { name: "zephyr" }, placed: { entry: 0x40000004 }, missing: [] });
  });

  test("is the one whose text is there most often: kernels mention each other", () => {
    expect(probed(raw("RT-Thread RT-Thread FreeRTOS", RET)).profile?.name).toBe("rt-thread");
  });

  test("of an unknown ELF file is any one whose memory has its addresses", () => {
    const found = probed(elfFile({ entry: 0x50000000n, segments: [{ paddr: 0x50000000, bytes: [...codeOf(RET)] }] }));
    expect(found.profile).toBeUndefined();
    expect(found.possible).toEqual(["freertos"]);
    expect(found.missing).toEqual(["a profile: name one in system.yaml"]);
  });

  test("of an unknown raw binary is any one that takes one: nothing says where it goes", () => {
    const found = probed(raw("", RET));
    expect(found.placed).toBeUndefined();
    expect(found.possible).toContain("rt-thread");
    expect(found.possible).not.toContain("zephyr");
  });
});

describe("what the code is for", () => {
  test("GICv2, when it never acknowledges by system register; the timer and the conduit it uses", () => {
    const found = probed(raw("RT-Thread", RET, MSR_CNTP_TVAL, HVC));
    expect(gicVersions(found)).toEqual([2]);
    expect(found.code).toEqual({ gicSystemRegisters: false, timers: ["physical"], conduits: ["hvc"] });
  });

  test("GICv3, when it does; either, when a device tree tells it", () => {
    expect(gicVersions(probed(raw("RT-Thread", RET, MRS_ICC_IAR1, MSR_CNTV_CTL)))).toEqual([3]);
    const image = arm64Image(0x200000, 0x100000, 4096);
    image.set(raw("RT-Thread", RET, MRS_ICC_IAR1), 64);
    expect(gicVersions(probed(image))).toEqual([2, 3]);
  });
});

describe("what is missing", () => {
  test("another format", () => {
    expect(probed(raw("Booting Zephyr OS", RET, MRS_ICC_IAR1)).missing).toEqual([
      "another format: the profile takes elf, not raw",
    ]);
  });

  test("memory: more of it, or elsewhere", () => {
    const at = (paddr: number, memorySize: number): readonly string[] => {
      const bytes = [...codeOf(RET, MRS_ICC_IAR1), ...text("Booting Zephyr OS")];
      return probed(elfFile({ entry: BigInt(paddr), segments: [{ paddr, bytes, memorySize }] })).missing;
    };
    expect(at(0x40000000, 0x9000000)).toEqual(["more memory than the profile's 128M: write `memory: 144M` or more"]);
    expect(at(0x80000000, 0x1000)).toEqual([
      "memory where it is linked, 0x80000000…0x80001000: the profile's is 0x40000000…0x48000000",
    ]);
  });

  test("an entry inside of it, a build for the GIC that the profile needs, code at all", () => {
    const bytes = [...codeOf(RET), ...text("Booting Zephyr OS")];
    const found = probed(elfFile({ entry: 0x50000000n, segments: [{ paddr: 0x40000000, bytes }] }));
    expect(found.missing).toEqual([
      "an entry inside of it: 0x50000000 is not",
      "a build for GICv3: this one never acknowledges an interrupt by system register",
    ]);
    expect(probed(raw("RT-Thread", 0)).missing).toEqual(["code: no function in it returns as AArch64's do"]);
  });
});

test("for people: what is known, what is missing, and the lines for system.yaml", () => {
  expect(formatProbe(probed(raw("UniProton", RET, MRS_ICC_IAR1, MSR_CNTP_TVAL)), plain)).toBe(
    `image: raw binary, AArch64, 21 bytes
  profile   uniproton: UniProton (AArch64, QEMU addresses), for it holds "UniProton"
  loads     0x40000000…0x40000015 (IPA), entered at 0x40000000
  code      GICv3; physical timer; no PSCI
  missing   nothing
  mind      the profile is written from reading: no build of it has run under this hypervisor yet

  partitions:
    uniproton:
      guest: uniproton
      image: image
      cpus: [3]`,
  );
});

describe("what cannot be a guest", () => {
  test.each<[string, Uint8Array, string]>([
    ["of another instruction set", elfFile({ entry: 0n, segments: [], machine: 62 }), "AXV_GUEST_ISA"],
    ["compressed", new Uint8Array([0x1f, 0x8b, 8, 0]), "AXV_GUEST_MALFORMED"],
    ["a broken ELF file", elfFile({ entry: 0n, segments: [] }), "AXV_GUEST_MALFORMED"],
  ])("%s: an error with a code", (_, bytes, code) => {
    expect(() => probed(bytes)).toThrow(GuestError);
    expect(() => probed(bytes)).toThrow(expect.objectContaining({ code }));
  });
});

describe("axv-part guest", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "axv-probe-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const guest = (...parameters: readonly string[]): Result => axvPart(".", "guest", ...parameters);

  test("list: every profile, a line each", () => {
    const { status, stdout } = guest("list");
    expect(status).toBe(0);
    const names = stdout.trim().split("\n").slice(1).map((line) => line.split(" ")[0]);
    expect(names).toEqual(all.map(({ name }) => name));
  });

  test("probe --json: for programs", () => {
    const file = join(folder, "rtthread.bin");
    writeFileSync(file, raw("RT-Thread", RET, MRS_ICC_IAR1, HVC));
    const { status, stdout } = guest("probe", "--json", file);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      format: "raw",
      isa: "AArch64",
      profile: "rt-thread",
      placed: { entry: 0x40008000 },
      gic: [3],
      missing: [],
    });
  });

  test("probe of what is not there, or is no guest: one message, status 1; with --json the code, too", () => {
    expect(guest("probe", join(folder, "none"))).toMatchObject({
      status: 1,
      stdout: "",
      stderr:
        `axv-part: ${join(folder, "none")} cannot be read: there is no such file. ` +
        "Give the path of an image file [AXV_GUEST_UNREADABLE]\n",
    });
    const file = join(folder, "x86.elf");
    writeFileSync(file, elfFile({ entry: 0n, segments: [], machine: 62 }));
    const { status, stdout } = guest("probe", "--json", file);
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({ status: 1, error: { code: "AXV_GUEST_ISA" } });
  });
});

test("the list of profiles is folded to a terminal's width; in a pipe it is one table", () => {
  const folded = formatProfiles(all, plain, 80).split("\n\n").map((table) => table.split("\n"));
  expect(folded.length).toBeGreaterThan(1);
  expect(folded.every(([titles, ...rows]) => titles?.startsWith("guest ") === true && rows.length === all.length)).toBe(true);
  expect(folded.slice(0, -1).flat().filter((line) => line.length > 80)).toEqual([]);
  expect(formatProfiles(all, plain).split("\n")).toHaveLength(1 + all.length);
});
