// Checksums against those of the specification and of other parties' frames.
import { expect, test } from "vitest";
import { crc16 } from "../../industrial/modbus/crc16.ts";

const of = (hex: string): string => {
  const bytes = Buffer.from(hex, "hex");
  return crc16(bytes, 0, bytes.length).toString(16);
};

test("known frames: sent with the low byte first", () => {
  expect(of("0207")).toBe("1241"); // MODBUS over Serial Line V1.02, 6.2.2
  expect(of("010300000001")).toBe("a84"); // 01 03 00 00 00 01 84 0A
  expect(of("1103006b0003")).toBe("8776"); // 11 03 00 6B 00 03 76 87
  expect(of("")).toBe("ffff");
});

test("a part of a buffer", () => {
  expect(crc16(Buffer.from("ff0207ff", "hex"), 1, 3)).toBe(0x1241);
});
