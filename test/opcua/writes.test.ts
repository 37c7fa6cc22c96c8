// Writes and commands: who may, what is refused changes nothing, nothing is answered before the guest
// has, and all of it is in the audit log.
import { AttributeIds, DataType, StatusCodes, UserTokenType, Variant, VariantArrayType } from "node-opcua-client";
import type { ClientSession, WriteValueOptions } from "node-opcua-client";
import { ReadValueId } from "node-opcua-types";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PLANT_URI } from "../../industrial/opcua/nodes.ts";
import { ROLES } from "../../industrial/opcua/target.ts";
import type { Outcome, Role } from "../../industrial/opcua/target.ts";
import { TestPlant } from "../tags/plant.ts";
import { Station } from "./station.ts";

const TAGS = [
  "{ name: Set, type: i32, range: [0, 100], access: rw }",
  "{ name: Big, type: u64, access: rw }",
  `{ name: List, type: "i16[2]", access: rw }`,
  `{ name: Text, type: "string[4]", access: rw }`,
  "{ name: Here, type: bool, access: rw, clients: [127.0.0.0/8] }",
  "{ name: Elsewhere, type: bool, access: rw, clients: [192.168.1.10] }",
  "{ name: Shown, type: i32 }",
];

let plant: TestPlant;
let station: Station;
let space: number;
const sessions = new Map<Role, ClientSession>();
beforeAll(async () => {
  plant = new TestPlant({ plc: `[${TAGS.join(", ")}]`, other: "[{ name: Set, type: i32, access: rw }]" }, [
    { name: "jitter recent", unit: "ns" },
  ]);
  station = await Station.start(plant);
  for (const role of ROLES) sessions.set(role, await station.login(role));
  space = (await as("observer").readNamespaceArray()).indexOf(PLANT_URI);
});
afterAll(() => station.stop());
beforeEach(() => {
  plant.tell(0, "running");
  plant.tell(1, "running");
  plant.scan(0, { Set: 1 });
  plant.scan(1);
  station.outcome = "done";
  for (const list of [station.audited, station.written, station.commanded]) list.length = 0;
});

function as(role: Role): ClientSession {
  const session = sessions.get(role);
  if (session === undefined) throw new Error(role);
  return session;
}
const own = (id: string): string => `ns=${space};s=${id}`;
const int = (value: number): Variant => new Variant({ dataType: DataType.Int32, value });
const bool = (value: boolean): Variant => new Variant({ dataType: DataType.Boolean, value });
const to = (tag: string, value: Variant, more: object = {}): WriteValueOptions => ({
  nodeId: own(tag),
  attributeId: AttributeIds.Value,
  value: { value, ...more },
});
const write = async (role: Role, ...values: WriteValueOptions[]): Promise<string[]> =>
  (await as(role).write(values)).map(({ name }) => name);
const written = (): unknown =>
  station.written.map(({ partition, writes }) => [partition, ...writes.map(({ tag, value }) => [tag.name, value])]);

describe("a write", () => {
  test.each(["operator", "engineer"] as const)(
    "of the %s is done, as one transaction of each partition, and audited",
    async (role) => {
      const big = new Variant({ dataType: DataType.UInt64, arrayType: VariantArrayType.Scalar, value: [0x8000_0000, 1] });
      const list = new Variant({ dataType: DataType.Int16, arrayType: VariantArrayType.Array, value: [-1, 2] });
      expect(
        await write(
          role,
          to("plc.Set", int(7)),
          to("other.Set", int(8)),
          to("plc.Big", big),
          to("plc.List", list),
          to("plc.Here", bool(true)),
        ),
      ).toEqual(new Array(5).fill("Good"));
      expect(written()).toEqual([
        [0, ["Set", 7], ["Big", 2n ** 63n + 1n], ["List", [-1, 2]], ["Here", true]],
        [1, ["Set", 8]],
      ]);
      const who = { user: role, role, address: "127.0.0.1", application: "urn:axv-part:test-client" };
      expect(station.written[0]?.who).toEqual(who);
      expect(station.audited.map(({ object, detail, allowed, result }) => [object, detail, allowed, result])).toContainEqual([
        "plc.Set",
        "7",
        true,
        "Good",
      ]);
      expect(station.audited).toHaveLength(5);
      expect(station.audited[0]).toMatchObject({ protocol: "opc-ua", action: "write", who });
    },
  );

  test("is shown when the guest says it is so, not before", async () => {
    await write("operator", to("plc.Set", int(7)));
    expect((await as("observer").read({ nodeId: own("plc.Set") })).value.value).toBe(1);
    plant.scan(0, { Set: 7 });
    expect((await as("observer").read({ nodeId: own("plc.Set") })).value.value).toBe(7);
  });

  const REFUSED = [
    ["of an observer", "observer", "plc.Set", int(7), "BadUserAccessDenied", false],
    ["of a tag that is only read", "engineer", "plc.Shown", int(7), "BadNotWritable", false],
    ["from an address that the tag does not list", "engineer", "plc.Elsewhere", bool(true), "BadUserAccessDenied", false],
    ["of another type", "operator", "plc.Set", new Variant({ dataType: DataType.Double, value: 7 }), "BadTypeMismatch", true],
    [
      "of an array for one value",
      "operator",
      "plc.Set",
      new Variant({ dataType: DataType.Int32, arrayType: VariantArrayType.Array, value: [7] }),
      "BadTypeMismatch",
      true,
    ],
    [
      "of an array of another length",
      "operator",
      "plc.List",
      new Variant({ dataType: DataType.Int16, arrayType: VariantArrayType.Array, value: [1] }),
      "BadTypeMismatch",
      true,
    ],
    ["below the range", "operator", "plc.Set", int(-1), "BadOutOfRange", true],
    ["above the range", "operator", "plc.Set", int(101), "BadOutOfRange", true],
    [
      "of a text that is too long",
      "operator",
      "plc.Text",
      new Variant({ dataType: DataType.String, value: "12345" }),
      "BadOutOfRange",
      true,
    ],
  ] as const;
  test.each(REFUSED)("%s is refused, changes nothing, and is audited", async (_, role, tag, value, status, allowed) => {
    expect(await write(role, to(tag, value))).toEqual([status]);
    expect(station.written).toEqual([]);
    expect(station.audited.map(({ object, allowed: was, result }) => [object, was, result])).toEqual([[tag, allowed, status]]);
  });

  test("with a status, a time or for a part of an array is not supported, and changes nothing", async () => {
    expect(
      await write(
        "operator",
        to("plc.Set", int(7), { statusCode: StatusCodes.Uncertain }),
        to("plc.Set", int(7), { sourceTimestamp: new Date() }),
      ),
    ).toEqual(["BadWriteNotSupported", "BadWriteNotSupported"]);
    const part = new Variant({ dataType: DataType.Int16, arrayType: VariantArrayType.Array, value: [5] });
    const { indexRange: all } = new ReadValueId({});
    const indexRange = Reflect.construct(all.constructor, ["1"]) as typeof all;
    expect(await write("operator", { ...to("plc.List", part), indexRange })).toEqual(["BadWriteNotSupported"]);
    expect(station.written).toEqual([]);
  });

  test("that is refused stands for itself: the others of the request are written", async () => {
    expect(
      await write("operator", to("plc.Set", int(101)), to("plc.Here", bool(true)), {
        nodeId: "i=2258",
        attributeId: AttributeIds.Value,
        value: { value: int(1) },
      }),
    ).toEqual(["BadOutOfRange", "Good", "BadNotWritable"]);
    expect(written()).toEqual([[0, ["Here", true]]]);
  });

  test.each([
    ["refused", "BadRequestNotAllowed"],
    ["unreachable", "BadNoCommunication"],
    ["unknown", "BadTimeout"],
  ] as const)("that is %s by the guest is answered %s", async (outcome, status) => {
    station.outcome = outcome;
    expect(await write("operator", to("plc.Set", int(7)))).toEqual([status]);
    expect(station.audited).toMatchObject([{ allowed: true, result: status }]);
  });

  test.each([
    ["off", "BadOutOfService"],
    ["paused", "BadOutOfService"],
  ] as const)("to a partition that is %s is refused with %s", async (state, status) => {
    plant.tell(0, state);
    expect(await write("operator", to("plc.Set", int(7)), to("other.Set", int(7)))).toEqual([status, "Good"]);
  });

  test("of an attribute that says what a tag is, is nobody's", async () => {
    expect(
      await write("engineer", {
        nodeId: own("plc.Set"),
        attributeId: AttributeIds.DisplayName,
        value: { value: new Variant({ dataType: DataType.LocalizedText, value: { text: "x" } }) },
      }),
    ).not.toEqual(["Good"]);
    expect(
      await write("engineer", { nodeId: own("plc.Set/EURange"), attributeId: AttributeIds.Value, value: { value: int(1) } }),
    ).not.toEqual(["Good"]);
  });
});

describe("a command", () => {
  const call = async (role: Role, method: string, partition = "plc"): Promise<string> => {
    const [result] = await as(role).call([
      { objectId: own(`${partition}/MethodSet`), methodId: own(`${partition}/MethodSet/${method}`), inputArguments: [] },
    ]);
    return result?.statusCode.name ?? "";
  };

  test.each([
    ["Start", "start"],
    ["Stop", "stop"],
    ["Restart", "restart"],
    ["Pause", "pause"],
    ["Resume", "resume"],
    ["Rollback", "rollback"],
  ] as const)("%s of an operator is carried out and audited", async (method, command) => {
    expect(await call("operator", method, "other")).toBe("Good");
    expect(station.commanded).toEqual([{ partition: 1, command }]);
    expect(station.audited).toMatchObject([
      {
        action: "command",
        object: "other",
        detail: method,
        allowed: true,
        result: "Good",
        who: { user: "operator", role: "operator", address: "127.0.0.1" },
      },
    ]);
  });

  test("Rollback of a partition that has no update is not there", async () => {
    expect(await call("operator", "Rollback", "plc")).toBe("BadMethodInvalid");
    expect(station.commanded).toEqual([]);
  });

  test("ClearMaxima is the bridge's own affair: the largest is kept, and begins anew, for whoever may act", async () => {
    const largest = async (): Promise<unknown[]> => {
      const { statusCode, value } = await as("observer").read({ nodeId: own("plc/maxima/jitter") });
      return [statusCode.name, value.value === null ? null : (value.value as readonly [number, number])[1]];
    };
    const second = 1_000_000_000n;
    const tell = (time: bigint, jitter: bigint): void => plant.tell(0, "running", { time, tags: new Map([[0, jitter]]) });
    for (const [n, jitter] of [30n, 70n, 40n].entries()) tell(BigInt(n) * second, jitter);
    expect(await largest()).toEqual(["Good", 70]);
    expect(await call("observer", "ClearMaxima")).toBe("BadUserAccessDenied");
    expect(await largest()).toEqual(["Good", 70]);
    expect(await call("operator", "ClearMaxima")).toBe("Good");
    expect(await largest()).toEqual(["BadWaitingForInitialData", null]);
    tell(4n * second, 70n); // may be of before
    tell(5n * second, 20n);
    expect(await largest()).toEqual(["Good", 20]);
    expect(station.audited.map(({ detail, result }) => `${detail} ${result}`)).toEqual([
      "ClearMaxima BadUserAccessDenied",
      "ClearMaxima Good",
    ]);
    expect(station.commanded).toEqual([]);
  });

  test("of an observer is not, and audited all the same", async () => {
    expect(await call("observer", "Stop")).toBe("BadUserAccessDenied");
    expect(station.commanded).toEqual([]);
    expect(station.audited).toMatchObject([
      {
        action: "command",
        object: "plc",
        detail: "Stop",
        allowed: false,
        result: "BadUserAccessDenied",
        who: { user: "observer" },
      },
    ]);
  });

  test.each([
    ["refused", "BadInvalidState"],
    ["unreachable", "BadNoCommunication"],
    ["unknown", "BadTimeout"],
  ] as readonly (readonly [Outcome, string])[])("that is %s by the hypervisor is answered %s", async (outcome, status) => {
    station.outcome = outcome;
    expect(await call("engineer", "Restart")).toBe(status);
  });

  test("by the number of the type's method instead of its own is no way around: refused, and audited", async () => {
    const refused = (role: Role): string => (role === "observer" ? "BadUserAccessDenied" : "BadMethodInvalid");
    const plc = (await as("operator").readNamespaceArray()).indexOf("http://PLCopen.org/OpcUa/IEC61131-3/");
    for (const role of ROLES) {
      const [result] = await as(role).call([
        { objectId: own("plc/MethodSet"), methodId: `ns=${plc};i=7004`, inputArguments: [] },
      ]);
      expect(result?.statusCode.name).toBe(refused(role));
    }
    expect(station.commanded).toEqual([]);
    expect(station.audited.map(({ who, detail, result }) => [who.user, detail, result])).toEqual(
      ROLES.map((role) => [role, "Stop", refused(role)]),
    );
  });
});

test("who is nobody is not let in, and that is audited", async () => {
  await expect(station.login({ type: UserTokenType.UserName, userName: "nobody", password: "x" })).rejects.toThrow(
    /BadUserAccessDenied/,
  );
  expect(station.audited).toMatchObject([{ action: "login", allowed: false, who: { user: "nobody", role: undefined } }]);
});
