// The functions, as the MODBUS Application Protocol Specification V1.1b3 has them; hexadecimal requests and answers, those of
// its examples where it has one.
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { GATEWAY_TARGET_FAILED, SERVER_DEVICE_FAILURE } from "../../industrial/modbus/exceptions.ts";
import { PDU_MAX } from "../../industrial/modbus/functions.ts";
import { answerRead, answerWrite, isWrite } from "../../industrial/modbus/pdu.ts";
import type { ModbusClient } from "../../industrial/modbus/target.ts";
import { MemoryTarget } from "./memory-target.ts";

const CLIENT: ModbusClient = { via: "tcp", address: "10.0.0.7", unit: 1 };
const AT = 3; // anywhere but at the beginning

let target: MemoryTarget;
beforeEach(() => {
  target = new MemoryTarget();
});

async function bytesOf(request: Buffer): Promise<Buffer> {
  const into = Buffer.alloc(AT + PDU_MAX, 0xee);
  const length = isWrite(request[0] ?? 0)
    ? await answerWrite(target, CLIENT, request, into, AT)
    : answerRead(target, Buffer.concat([Buffer.alloc(2), request, Buffer.alloc(2)]), 2, 2 + request.length, into, AT);
  expect(into.subarray(0, AT).equals(Buffer.alloc(AT, 0xee))).toBe(true);
  return into.subarray(AT, AT + length);
}
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const asked = async (request: string): Promise<string> =>
  (await bytesOf(hex(request))).toString("hex").replace(/..(?=.)/g, "$& ");

const setBits = (table: "coils" | "discrete inputs", first: number, bits: string): void =>
  [...bits].forEach((bit, i) => (target.bits[table][first + i] = Number(bit)));
const setRegisters = (table: "holding registers" | "input registers", first: number, values: readonly number[]): void =>
  values.forEach((value, i) => target.registers[table].writeUInt16BE(value, (first + i) * 2));

describe("1, read coils", () => {
  test("the example of 6.1: coils 20 to 38, the first as the lowest bit, and zeros behind the last", async () => {
    setBits("coils", 19, "1011001111010110101" + "11111"); // what follows is not asked for
    expect(await asked("01 00 13 00 13")).toBe("01 03 cd 6b 05");
  });
  test("quantity 1 to 2000", async () => {
    expect(await asked("01 00 00 00 01")).toBe("01 01 00");
    expect(await asked("01 00 00 07 d0")).toMatch(/^01 fa( 00){250}$/);
    expect(await asked("01 00 00 00 00")).toBe("81 03");
    expect(await asked("01 00 00 07 d1")).toBe("81 03");
  });
  test("up to the last address, and not beyond it", async () => {
    target.bits.coils[0xffff] = 1;
    expect(await asked("01 ff ff 00 01")).toBe("01 01 01");
    expect(await asked("01 ff ff 00 02")).toBe("81 02");
  });
  test("a wrong quantity goes before a wrong address", async () => {
    expect(await asked("01 ff ff 07 d1")).toBe("81 03");
  });
});

test("2, read discrete inputs: the example of 6.2", async () => {
  setBits("discrete inputs", 196, "0011010111011011101011");
  expect(await asked("02 00 c4 00 16")).toBe("02 03 ac db 35");
  expect(await asked("02 00 c4 00 00")).toBe("82 03");
  expect(await asked("02 ff ff 00 02")).toBe("82 02");
});

describe("3, read holding registers", () => {
  test("the example of 6.3", async () => {
    setRegisters("holding registers", 107, [0x022b, 0x0000, 0x0064]);
    expect(await asked("03 00 6b 00 03")).toBe("03 06 02 2b 00 00 00 64");
  });
  test("quantity 1 to 125; 126, 127, 255 and 0 are exception 3", async () => {
    expect(await asked("03 00 00 00 7d")).toMatch(/^03 fa( 00){250}$/);
    for (const quantity of ["00 7e", "00 7f", "00 ff", "00 00", "ff ff"])
      expect(await asked(`03 00 00 ${quantity}`)).toBe("83 03");
  });
  test("addresses beyond the end, or where the target has none: exception 2", async () => {
    expect(await asked("03 ff ff 00 01")).toBe("03 02 00 00");
    expect(await asked("03 ff ff 00 02")).toBe("83 02");
    target.end = 10;
    expect(await asked("03 00 09 00 01")).toBe("03 02 00 00");
    expect(await asked("03 00 09 00 02")).toBe("83 02");
  });
  test("stale values: the target's exception", async () => {
    target.reads = () => GATEWAY_TARGET_FAILED;
    expect(await asked("03 00 00 00 01")).toBe("83 0b");
    expect(await asked("01 00 00 00 01")).toBe("81 0b");
  });
  test("a target that throws: exception 4", async () => {
    target.reads = () => {
      throw new Error("lost");
    };
    expect(await asked("03 00 00 00 01")).toBe("83 04");
  });
});

test("4, read input registers: the example of 6.4", async () => {
  setRegisters("input registers", 8, [0x000a]);
  expect(await asked("04 00 08 00 01")).toBe("04 02 00 0a");
  expect(await asked("04 00 08 00 7e")).toBe("84 03");
});

describe("5, write single coil", () => {
  test("the example of 6.5", async () => {
    expect(await asked("05 00 ac ff 00")).toBe("05 00 ac ff 00");
    expect(target.bits.coils[172]).toBe(1);
    expect(await asked("05 00 ac 00 00")).toBe("05 00 ac 00 00");
    expect(target.bits.coils[172]).toBe(0);
  });
  test("any other value is exception 3, and writes nothing", async () => {
    for (const value of ["00 01", "12 34", "ff 01", "01 00", "ff ff"]) expect(await asked(`05 00 ac ${value}`)).toBe("85 03");
    expect(target.writes).toEqual([]);
  });
});

test("6, write single register: the example of 6.6; any value", async () => {
  expect(await asked("06 00 01 00 03")).toBe("06 00 01 00 03");
  expect(await asked("06 ff ff ff ff")).toBe("06 ff ff ff ff");
  expect(target.writes.map(({ change }) => change)).toEqual([
    { kind: "registers", first: 1, count: 1, bytes: hex("0003") },
    { kind: "registers", first: 0xffff, count: 1, bytes: hex("ffff") },
  ]);
});

describe("15, write multiple coils", () => {
  test("the example of 6.11", async () => {
    expect(await asked("0f 00 13 00 0a 02 cd 01")).toBe("0f 00 13 00 0a");
    expect([...target.bits.coils.subarray(19, 30)].join("")).toBe("10110011100");
    expect(target.writes).toHaveLength(1);
  });
  test("quantity 1 to 1968, with the bytes that it needs", async () => {
    expect(await asked(`0f 00 00 07 b0 f6${" 00".repeat(246)}`)).toBe("0f 00 00 07 b0");
    expect(await asked(`0f 00 00 07 b1 f7${" 00".repeat(247)}`)).toBe("8f 03");
    expect(await asked("0f 00 00 00 00 00")).toBe("8f 03");
    expect(await asked("0f 00 00 00 08 02 00 00")).toBe("8f 03");
    expect(await asked("0f 00 00 00 09 01 00")).toBe("8f 03");
    expect(await asked("0f 00 00 00 08 01")).toBe("8f 03");
    expect(await asked("0f 00 00 00 08 01 00 00")).toBe("8f 03");
    expect(await asked("0f ff ff 00 02 01 03")).toBe("8f 02");
  });
});

describe("16, write multiple registers", () => {
  test("the example of 6.12", async () => {
    expect(await asked("10 00 01 00 02 04 00 0a 01 02")).toBe("10 00 01 00 02");
    expect(await asked("03 00 01 00 02")).toBe("03 04 00 0a 01 02");
  });
  test("quantity 1 to 123, with two bytes each", async () => {
    expect(await asked(`10 00 00 00 7b f6${" 00".repeat(246)}`)).toBe("10 00 00 00 7b");
    expect(await asked(`10 00 00 00 7c f8${" 00".repeat(248)}`)).toBe("90 03");
    expect(await asked("10 00 00 00 00 00")).toBe("90 03");
    expect(await asked("10 00 00 00 02 02 00 00")).toBe("90 03");
    expect(await asked("10 00 00 00 01 02 00 00 00")).toBe("90 03");
    expect(await asked("10 00 00 00 01 03 00 00")).toBe("90 03");
    expect(await asked("10 ff ff 00 02 04 00 00 00 00")).toBe("90 02");
    expect(target.writes).toHaveLength(1);
  });
  test("one that the target refuses is answered so, and changes nothing", async () => {
    target.decide = (_, client) => (client.address === "10.0.0.7" ? 2 : 0);
    expect(await asked("10 00 01 00 02 04 00 0a 01 02")).toBe("90 02");
    expect(await asked("03 00 01 00 02")).toBe("03 04 00 00 00 00");
  });
  test("a target that rejects or throws: exception 4", async () => {
    target.decide = () => Promise.reject(new Error("lost"));
    expect(await asked("10 00 01 00 01 02 00 0a")).toBe("90 04");
    target.write = () => {
      throw new Error("at once");
    };
    expect(await asked("06 00 01 00 01")).toBe("86 04");
  });
});

describe("22, mask write register", () => {
  test("the example of 6.16", async () => {
    setRegisters("holding registers", 4, [0x0012]);
    expect(await asked("16 00 04 00 f2 00 25")).toBe("16 00 04 00 f2 00 25");
    expect(await asked("03 00 04 00 01")).toBe("03 02 00 17");
  });
  test("a wrong length is exception 3", async () => {
    expect(await asked("16 00 04 00 f2 00")).toBe("96 03");
    expect(await asked("16 00 04 00 f2 00 25 00")).toBe("96 03");
  });
});

describe("23, read/write multiple registers", () => {
  test("the example of 6.17", async () => {
    setRegisters("holding registers", 3, [0x00fe, 0x0acd, 0x0001, 0x0003, 0x000d, 0x00ff]);
    expect(await asked("17 00 03 00 06 00 0e 00 03 06 00 ff 00 ff 00 ff")).toBe("17 0c 00 fe 0a cd 00 01 00 03 00 0d 00 ff");
    expect(await asked("03 00 0e 00 03")).toBe("03 06 00 ff 00 ff 00 ff");
  });
  test("writes first: it reads what it has written", async () => {
    expect(await asked("17 00 05 00 02 00 06 00 01 02 be ef")).toBe("17 04 00 00 be ef");
  });
  test("reads 1 to 125 and writes 1 to 121", async () => {
    expect(await asked(`17 00 00 00 7d 00 00 00 79 f2${" 00".repeat(242)}`)).toMatch(/^17 fa( 00){250}$/);
    expect(await asked(`17 00 00 00 01 00 00 00 7a f4${" 00".repeat(244)}`)).toBe("97 03");
    expect(await asked("17 00 00 00 7e 00 00 00 01 02 00 00")).toBe("97 03");
    expect(await asked("17 00 00 00 00 00 00 00 01 02 00 00")).toBe("97 03");
    expect(await asked("17 00 00 00 01 00 00 00 00 00")).toBe("97 03");
    expect(await asked("17 00 00 00 01 00 00 00 01 03 00 00")).toBe("97 03");
    expect(await asked("17 00 00 00 01 00 00 00 01")).toBe("97 03");
  });
  test("either address beyond the end: exception 2, and nothing is written", async () => {
    target.writes.length = 0;
    expect(await asked("17 ff ff 00 02 00 00 00 01 02 12 34")).toBe("97 02");
    expect(await asked("17 00 00 00 01 ff ff 00 02 04 12 34 12 34")).toBe("97 02");
    expect(target.writes).toEqual([]);
  });
  test("refused, failed before and after the write", async () => {
    target.decide = () => 6;
    expect(await asked("17 00 00 00 01 00 00 00 01 02 12 34")).toBe("97 06");
    target.decide = () => 0;
    target.reads = () => {
      throw new Error("lost");
    };
    expect(await asked("17 00 00 00 01 00 00 00 01 02 12 34")).toBe(`97 0${SERVER_DEVICE_FAILURE}`);
  });
});

describe("43/14, read device identification", () => {
  test("the three basic objects; single ones can be asked for", async () => {
    target.identification = new Map([[0, "Co"], [1, "X1"], [2, "V2"]]);
    expect(await asked("2b 0e 01 00")).toBe("2b 0e 01 81 00 00 03 00 02 43 6f 01 02 58 31 02 02 56 32");
    expect(await asked("2b 0e 04 01")).toBe("2b 0e 04 81 00 00 01 01 02 58 31");
  });
  test("a stream that asks for more gets what there is, and begins anew at an object that is not there", async () => {
    target.identification = new Map([
      [0, "Co"],
      [1, "X1"],
      [2, "V2"],
    ]);
    expect(await asked("2b 0e 03 02")).toBe("2b 0e 03 81 00 00 01 02 02 56 32");
    expect(await asked("2b 0e 02 07")).toMatch(/^2b 0e 02 81 00 00 03 /);
  });
  test("regular and extended objects, each in its category", async () => {
    target.identification = new Map([[0, "a"], [1, "b"], [2, "c"], [4, "name"], [0x80, "own"]]);
    expect((await bytesOf(hex("2b 0e 01 00")))[6]).toBe(3);
    expect((await bytesOf(hex("2b 0e 02 00")))[6]).toBe(4);
    expect(await asked("2b 0e 03 04")).toBe("2b 0e 03 83 00 00 02 04 04 6e 61 6d 65 80 03 6f 77 6e");
  });
  test("what does not fit follows", async () => {
    target.identification = new Map([[0, "a".repeat(200)], [1, "b".repeat(100)], [2, "c"]]);
    expect(await asked("2b 0e 01 00")).toMatch(/^2b 0e 01 81 ff 01 01 00 c8 /);
    expect(await asked("2b 0e 01 01")).toMatch(/^2b 0e 01 81 00 00 02 01 64 /);
  });
  test("a text that is too long for any answer is cut", async () => {
    target.identification = new Map([[0, "a".repeat(300)], [1, "b"], [2, "c"]]);
    expect(await bytesOf(hex("2b 0e 01 00"))).toHaveLength(PDU_MAX);
    expect(await bytesOf(hex("2b 0e 04 00"))).toHaveLength(PDU_MAX);
  });
  test("another interface is exception 1, an unknown single object 2, a wrong code or length 3", async () => {
    expect(await asked("2b 0d 01 00")).toBe("ab 01");
    expect(await asked("2b 0e 04 09")).toBe("ab 02");
    for (const request of ["2b 0e 00 00", "2b 0e 05 00", "2b", "2b 0e", "2b 0e 01", "2b 0e 01 00 00"])
      expect(await asked(request)).toBe("ab 03");
  });
});

describe("any request", () => {
  test("other functions are exception 1, whatever follows", async () => {
    const ours = [1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43];
    for (let code = 0; code < 0x80; code++) {
      if (!ours.includes(code)) expect([...(await bytesOf(Buffer.of(code, 1, 2, 3)))]).toEqual([code | 0x80, 1]);
    }
  });
  test("those of five bytes that are shorter or longer are exception 3", async () => {
    for (const code of ["01", "02", "03", "04", "05", "06"]) {
      for (const rest of ["", " 00", " 00 00 00", " 00 00 00 01 00"]) expect(await asked(code + rest)).toBe(`8${code[1]} 03`);
    }
  });
  test("is answered, with its function and at most 253 bytes", async () => {
    const request = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: PDU_MAX }),
      fc
        .tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43), fc.uint8Array({ maxLength: 20 }))
        .map(([code, rest]) => Uint8Array.of(code, ...rest)),
    );
    await fc.assert(
      fc.asyncProperty(request, async (bytes) => {
        const answer = await bytesOf(Buffer.from(bytes));
        expect(answer.length).toBeLessThanOrEqual(PDU_MAX);
        expect(answer.length).toBeGreaterThanOrEqual(2);
        expect((answer[0] ?? 0) | 0x80).toBe((bytes[0] ?? 0) | 0x80);
      }),
      { numRuns: 500 },
    );
  });
});
