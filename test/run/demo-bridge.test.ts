import { expect, test } from "vitest";
import { parseType } from "../../partitions/tags/type.ts";
import { invitations } from "../../tools/run/demo-bridge.ts";

const PORTS = { modbus: 1502, opcua: 4840, metrics: 9464, web: 8080 };
const tag = {
  partition: "plc", name: "Furnace.Temperature", type: parseType("f32"), unit: undefined, range: undefined, writable: false,
  description: undefined, deadband: 0, clients: undefined, register: 12, alias: 1, offset: 64,
};

test("how to see what the demo's bridge serves: with the tag that changes all the time, or a state if there is none", () => {
  const others = { ...tag, name: "Furnace.Pressure", register: 3 };
  expect(invitations(PORTS, [{ partition: "plc", size: 0, tags: [others, tag] }], "log in as anna with 123")).toEqual([
    "OPC UA: opc.tcp://127.0.0.1:4840, to read, without a name; try it with any client, such as UaExpert",
    "Modbus: 127.0.0.1:1502; try: npx axv-part modbus read 127.0.0.1:1502 input 12 --type f32 --watch 1s",
    "The live page: http://127.0.0.1:8080/; to command there, log in as anna with 123, until this ends",
    "Prometheus: try: curl http://127.0.0.1:9464/metrics",
  ]);
  expect(invitations(PORTS, [], "")[1]).toBe(
    "Modbus: 127.0.0.1:1502; try: npx axv-part modbus read 127.0.0.1:1502 holding 60100",
  );
});
