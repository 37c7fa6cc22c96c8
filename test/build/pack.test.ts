// The image: core, blob, loads; and the header by which U-Boot and QEMU know it (Linux, booting.rst).
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Load } from "../../partitions/images/contents.ts";
import { coreMemory, imageLayout, LOAD_ALIGN, packImage } from "../../tools/build/pack.ts";
import { errorOf } from "./build.ts";

const MAGIC = 56;
/** Zeros in front of the image, that no file has. */
const BEFORE = 0x3000;
const UART = [0x0900_0000n, 0x1234_0001_0001n] as const;

function core(size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(0xcc);
  const header = new DataView(bytes.buffer);
  header.setBigUint64(8, 0x20_0000n + BigInt(BEFORE), true);
  header.setBigUint64(16, 0n, true);
  header.setBigUint64(24, 0xan, true);
  header.setUint32(MAGIC, 0x644d5241, true);
  return bytes;
}

const filled = (size: number, value: number): Load => new Load(size, [{ at: 0, contents: new Uint8Array(size).fill(value) }]);

/** The core with one change of its header. */
function spoilt(change: (header: DataView) => void): Uint8Array {
  const bytes = core(4096);
  change(new DataView(bytes.buffer));
  return bytes;
}

const sizes = fc.record({
  core: fc.integer({ min: 10, max: 100 }).map((n) => n * 8),
  blob: fc.nat(500),
  loads: fc.array(fc.nat(500), { maxLength: 6 }),
});

describe("of RISC-V", () => {
  const riscv = (change: (header: DataView) => void = () => undefined): Uint8Array => {
    const bytes = new Uint8Array(4096);
    const header = new DataView(bytes.buffer);
    header.setBigUint64(8, 0x20_0000n, true);
    bytes.set(Buffer.from("RISCV\0\0\0RSC\x05"), 48);
    change(header);
    return bytes;
  };
  const pack = (core: Uint8Array): Uint8Array =>
    packImage({ isa: "riscv64", core, uart: UART, blob: new Uint8Array(8), loads: [] }).bytes();

  test("the header is Linux's for riscv (boot-image-header.rst), with size and UART at the same places", () => {
    const image = new DataView(pack(riscv()).buffer);
    expect(image.getBigUint64(16, true)).toBe(BigInt(image.byteLength));
    expect(image.getBigUint64(64, true)).toBe(UART[0]);
  });

  test.each([
    ["another magic", riscv((header) => header.setUint8(48, 0))],
    ["another second magic", riscv((header) => header.setUint8(59, 4))],
    ["another text offset", riscv((header) => header.setBigUint64(8, 0n, true))],
    ["big endian", riscv((header) => header.setBigUint64(24, 1n, true))],
    ["AArch64's header", core(4096)],
  ])("refuses a core with %s", async (_, bytes) => {
    expect((await errorOf(() => pack(bytes))).code).toBe("image-header");
  });
});

describe("the layout", () => {
  test("blob right behind the core, loads aligned and in order, nothing overlaps", () => {
    fc.assert(
      fc.property(sizes, ({ core, blob, loads }) => {
        const { blobOffset, loadOffsets, loadSizes, total } = imageLayout(core, blob, loads);
        expect(blobOffset).toBe(core);
        let end = core + blob;
        loadOffsets.forEach((offset, n) => {
          expect(offset % LOAD_ALIGN).toBe(0);
          expect((loadSizes[n] ?? 0) % LOAD_ALIGN).toBe(0);
          expect(loadSizes[n]).toBeGreaterThanOrEqual(loads[n] ?? 0);
          expect(offset).toBeGreaterThanOrEqual(end);
          expect(offset - end).toBeLessThan(LOAD_ALIGN);
          end = offset + (loadSizes[n] ?? 0);
        });
        expect(total).toBeGreaterThanOrEqual(end);
      }),
    );
  });

  test("a core that ends where the blob cannot begin is refused", async () => {
    expect((await errorOf(() => imageLayout(4095, 8, []))).code).toBe("image-layout");
  });
});

describe("the image", () => {
  test("has every part at its offset, zeros between, its own size and the UART in the header", () => {
    fc.assert(
      fc.property(sizes, (sizes) => {
        const blob = new Uint8Array(sizes.blob).fill(0xbb);
        expect(coreMemory("aarch64", core(sizes.core))).toBe(BEFORE + sizes.core);
        const layout = imageLayout(BEFORE + sizes.core, sizes.blob, sizes.loads);
        const size = layout.total - BEFORE;
        const loads = sizes.loads.map((size, n) => ({
          offset: layout.loadOffsets[n] ?? 0,
          size: layout.loadSizes[n] ?? 0,
          data: filled(size, n + 1),
        }));
        const image = packImage({ isa: "aarch64", core: core(sizes.core), uart: UART, blob, loads });
        const expected = new Uint8Array(size);
        expected.set(core(sizes.core));
        expected.set(blob, sizes.core);
        for (const { offset, data } of loads) expected.set(data.bytes(), offset - BEFORE);
        new DataView(expected.buffer).setBigUint64(16, BigInt(size), true);
        new DataView(expected.buffer).setBigUint64(64, UART[0], true);
        new DataView(expected.buffer).setBigUint64(72, UART[1], true);
        expect(image.bytes()).toEqual(expected);
      }),
    );
  });

  test.each([
    ["another magic", spoilt((header) => header.setUint32(MAGIC, 0, true))],
    ["a text offset among what is the loader's", spoilt((header) => header.setBigUint64(8, 0x80000n, true))],
    ["a text offset further than a core can be large", spoilt((header) => header.setBigUint64(8, 0x40_0000n, true))],
    ["a text offset in the middle of a page", spoilt((header) => header.setBigUint64(8, 0x20_0800n, true))],
    ["big endian", spoilt((header) => header.setBigUint64(24, 0xbn, true))],
    ["64 KiB pages", spoilt((header) => header.setBigUint64(24, 0xen, true))],
    ["only near the start of memory", spoilt((header) => header.setBigUint64(24, 0x2n, true))],
    ["less than a header", new Uint8Array(64)],
  ])("refuses a core with %s", async (_, bytes) => {
    expect(
      (await errorOf(() => packImage({ isa: "aarch64", core: bytes, uart: UART, blob: new Uint8Array(8), loads: [] }))).code,
    ).toBe("image-header");
  });

  test.each([
    ["at another offset", { offset: BEFORE + 64, size: 64, data: filled(10, 0) }],
    ["of another size", { offset: BEFORE + 4160, size: 128, data: filled(10, 0) }],
  ])("refuses a load %s than the layout says", async (_, load) => {
    const error = await errorOf(() =>
      packImage({ isa: "aarch64", core: core(4096), uart: UART, blob: new Uint8Array(8), loads: [load] }),
    );
    expect(error.code).toBe("image-layout");
  });
});
