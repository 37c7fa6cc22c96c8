// What a client finds: the companion specification's types with its numbers, the plant below the
// board, tags with all that is said of them.
import { existsSync, readFileSync } from "node:fs";
import { AttributeIds } from "node-opcua-client";
import type { ClientSession } from "node-opcua-client";
import { DataType } from "node-opcua-variant";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  COMPANION_METHODS, COMPANION_OBJECTS, COMPANION_REFERENCES, COMPANION_TYPES, COMPANION_URI, COMPANION_VARIABLES, DI_URI,
} from "../../industrial/opcua/companion.table.ts";
import { PLANT_URI } from "../../industrial/opcua/nodes.ts";
import { unitIdOf } from "../../industrial/opcua/units.ts";
import { TestPlant } from "../tags/plant.ts";
import { Station } from "./station.ts";

const TAGS = [
  "{ name: Setpoint, type: i32, unit: °C, range: [0, 100], access: rw, description: What is wanted }",
  "{ name: Tank, type: { Level: f32, Full: bool } }",
  "{ name: Big, type: i64, unit: wobbles }",
  `{ name: List, type: "f32[3]" }`,
  `{ name: Text, type: "string[8]" }`,
];
const GUEST_TAGS = [
  { name: "jitter max", unit: "ns" },
  { name: "overruns", unit: "count" },
  { name: "lamps", unit: "count" },
] as const;

let station: Station;
let session: ClientSession;
let spaces: string[];
beforeAll(async () => {
  const plant = new TestPlant({ plc: `[${TAGS.join(", ")}]`, other: "[]" }, GUEST_TAGS);
  station = await Station.start(plant);
  plant.scan(0, { Setpoint: 5 });
  session = await station.login("observer");
  spaces = await session.readNamespaceArray();
});
afterAll(() => station.stop());

const idIn = (uri: string, id: string | number): string =>
  `ns=${spaces.indexOf(uri)};${typeof id === "number" ? "i" : "s"}=${id}`;
const own = (id: string): string => idIn(PLANT_URI, id);

async function read(nodeId: string, attributeId: number = AttributeIds.Value): Promise<unknown> {
  const { value, statusCode } = await session.read({ nodeId, attributeId });
  return statusCode.name === "Good" ? (value.value as unknown) : statusCode.name;
}

/** "Setpoint: 0:AnalogItemType", below a node. */
async function below(nodeId: string, reference = "HierarchicalReferences"): Promise<string[]> {
  const { references } = await session.browse({
    nodeId,
    referenceTypeId: reference,
    includeSubtypes: true,
    browseDirection: 0,
    resultMask: 63,
  });
  return (references ?? []).map(
    ({ browseName, typeDefinition }) =>
      `${browseName.namespaceIndex}:${browseName.name} ${typeDefinition.namespace};${String(typeDefinition.value)}`,
  );
}

test("the companion specification's types have its numbers and names", async () => {
  const plc = spaces.indexOf(COMPANION_URI);
  const di = spaces.indexOf(DI_URI);
  const named = (name: string, space: number): string => `${space}:${name}`;
  for (const { id, name } of [...COMPANION_TYPES, ...COMPANION_REFERENCES, ...COMPANION_METHODS, ...COMPANION_VARIABLES])
    expect(String(await read(idIn(COMPANION_URI, id), AttributeIds.BrowseName)), String(id)).toBe(named(name, plc));
  for (const { id, name, space } of COMPANION_OBJECTS)
    expect(String(await read(idIn(COMPANION_URI, id), AttributeIds.BrowseName)), String(id)).toBe(
      named(name, space === "di" ? di : plc),
    );
});

test("CtrlResourceType is a DI device and has what the specification says (OPC 30000, 7.2)", async () => {
  const [plc, di] = [spaces.indexOf(COMPANION_URI), spaces.indexOf(DI_URI)];
  expect(await below(idIn(DI_URI, 1002), "HasSubtype")).toContain(`${plc}:CtrlResourceType 0;0`);
  expect(await below(idIn(COMPANION_URI, 1002))).toEqual([
    `${plc}:MethodSet 0;58`,
    `${plc}:Tasks ${di};1004`,
    `${plc}:Programs ${di};1004`,
    `${plc}:GlobalVars ${di};1005`,
    `${plc}:Configuration ${di};1005`,
    `${plc}:Status ${di};1005`,
  ]);
  expect(await below(idIn(COMPANION_URI, 1006))).toEqual([`${plc}:Priority 0;68`, `${plc}:Interval 0;68`, `${plc}:Single 0;68`]);
  expect(await below("i=58", "HasSubtype")).toContain(`${plc}:CtrlTaskType 0;0`);
});

test("the board is a Configuration in DI's set of devices, partitions are its Resources, guest tasks their Tasks", async () => {
  const [plc, di, plant] = [spaces.indexOf(COMPANION_URI), spaces.indexOf(DI_URI), spaces.indexOf(PLANT_URI)];
  expect(await below(idIn(DI_URI, 5001))).toContain(`${plant}:press ${plc};1001`);
  expect(await below(own("/board/Resources"))).toEqual([`${plant}:plc ${plc};1002`, `${plant}:other ${plc};1002`]);
  expect(await below(own("plc/Tasks"))).toEqual([`${plant}:scan ${plc};1006`]);
  expect(await below(own("plc/Tasks/scan"))).toEqual([
    `${plc}:Priority 0;68`,
    `${plant}:jitter max 0;17497`,
    `${plant}:overruns 0;63`,
  ]);
  expect((await below(own("plc/Status"))).map((text) => text.split(" ")[0])).toEqual(
    ["lamps", "state", "uptime", "restarts", "watchdog_expired", "console_dropped"].map((name) => `${plant}:${name}`),
  );
  const shown = (await below(own("other/Status"))).map((text) => text.split(" ")[0]);
  expect(shown.slice(-2), "of what can be updated by itself").toEqual([`${plant}:image_version`, `${plant}:image_next`]);
  expect([await read(own("plc/SerialNumber")), await read(own("plc/SoftwareRevision"))]).toEqual(["0042", "0.1.0"]);
  expect((await below(own("/board/Status"))).map((text) => text.split(" ")[0])).toEqual(
    ["planned", "slot", "update"].map((name) => `${plant}:${name}`),
  );
  expect(await read(own("/board/Status/planned version"))).toBe("1.4.0");
  expect(await below(own("/board/Identification"))).toContain(`${di}:Manufacturer 0;68`);
});

test("tags are variables, with the names of partition and tag for ids; fields of a structure are below it", async () => {
  const plant = spaces.indexOf(PLANT_URI);
  expect(await below(own("plc/GlobalVars"))).toEqual([
    `${plant}:Setpoint 0;2368`,
    `${plant}:Big 0;17497`,
    `${plant}:List 0;63`,
    `${plant}:Text 0;63`,
    `${plant}:Tank 0;58`,
  ]);
  expect(await below(own("plc/GlobalVars/Tank"))).toEqual([`${plant}:Level 0;63`, `${plant}:Full 0;63`]);
  expect(await read(own("plc.Setpoint"))).toBe(5);
  expect(await read(own("plc.Tank.Full"))).toBe(false);
});

test("type, rank, access, description, unit and ranges are said", async () => {
  const attributes = async (id: string): Promise<unknown[]> =>
    Promise.all(
      [AttributeIds.DataType, AttributeIds.ValueRank, AttributeIds.AccessLevel, AttributeIds.UserAccessLevel].map(async (each) =>
        String(await read(own(id), each)),
      ),
    );
  const typeId = (type: DataType): string => `ns=0;i=${type}`;
  expect(await attributes("plc.Setpoint")).toEqual([typeId(DataType.Int32), "-1", "7", "5"]); // an observer does not write
  expect(await attributes("plc.Big")).toEqual([typeId(DataType.Int64), "-1", "5", "5"]);
  expect(await attributes("plc.List")).toEqual([typeId(DataType.Float), "1", "5", "5"]);
  expect(await read(own("plc.Setpoint"), AttributeIds.Description)).toMatchObject({ text: "What is wanted" });
  expect(await read(own("plc.Setpoint/EURange"))).toMatchObject({ low: 0, high: 100 });
  expect(await read(own("plc.Setpoint/InstrumentRange"))).toMatchObject({ low: -(2 ** 31), high: 2 ** 31 - 1 });
  expect(await read(own("plc.Setpoint/EngineeringUnits"))).toMatchObject({ unitId: 4_408_652, displayName: { text: "°C" } });
  expect(await read(own("plc.Big/EngineeringUnits"))).toMatchObject({ unitId: -1, displayName: { text: "wobbles" } });
});

test("a unit's number is its UNECE code, byte by byte (OPC 10000-8, 5.6.4.3)", () => {
  expect([unitIdOf("°C"), unitIdOf("%"), unitIdOf("m"), unitIdOf("wobbles")]).toEqual([0x43454c, 0x5031, 0x4d5452, -1]);
});

/** The OPC Foundation's node set, where it is at hand. */
const NODESET = process.env["AXV_PLCOPEN_NODESET"] ?? "";
test.runIf(existsSync(NODESET))("every number, name, parent and type is that of the published node set", () => {
  const text = readFileSync(NODESET, "utf8");
  const nodes = new Map(
    [...text.matchAll(/<UA(\w+) NodeId="ns=2;i=(\d+)" BrowseName="([^"]*)"[^>]*>(.*?)<\/UA\1>/gs)].map(
      ([, kind, id, name, body = ""]) => [Number(id), { kind, name, body }],
    ),
  );
  const expectNode = (id: number, kind: string, name: string, ...references: string[]): void => {
    expect(nodes.get(id), String(id)).toMatchObject({ kind, name });
    for (const reference of references) expect(nodes.get(id)?.body, String(id)).toContain(`>${reference}</Reference>`);
  };
  const index = { ua: "", di: "ns=1;", plc: "ns=2;" };
  const refer = ([space, id]: readonly ["ua" | "di" | "plc", number]): string => `${index[space]}i=${id}`;
  for (const { id, name, of } of COMPANION_TYPES) expectNode(id, "ObjectType", `2:${name}`, refer(of));
  for (const { id, name, of } of COMPANION_REFERENCES) expectNode(id, "ReferenceType", `2:${name}`, `i=${of}`);
  for (const { id, name, below: parent, type, space } of COMPANION_OBJECTS)
    expectNode(id, "Object", `${space === "di" ? 1 : 2}:${name}`, refer(type), `ns=2;i=${parent}`);
  for (const { id, name, below: parent } of COMPANION_METHODS) expectNode(id, "Method", `2:${name}`, `ns=2;i=${parent}`);
  for (const { id, name, below: parent, type } of COMPANION_VARIABLES)
    expectNode(id, "Variable", `2:${name}`, refer(type), `ns=2;i=${parent}`);
});
