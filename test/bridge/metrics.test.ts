// What Prometheus is told: a text that follows its format (version 0.0.4), and says what the plant is.
import { once } from "node:events";
import { duplexPair } from "node:stream";
import { encode } from "cborg";
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { Hypervisor } from "../../industrial/bridge/hypervisor.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import { Link } from "../../industrial/link/link.ts";
import { Exposition } from "../../industrial/bridge/exposition.ts";
import { metricsText } from "../../industrial/bridge/metrics.ts";
import { newCounters } from "../../industrial/modbus/counters.ts";
import { TestPlant } from "../tags/plant.ts";

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.e+-]+|[+-]Inf|NaN)$/;

/** Samples by what stands before their value; and that every family is announced once, before its samples. */
function parse(text: string): Map<string, string> {
  const samples = new Map<string, string>();
  const families = new Map<string, string>();
  expect(text.endsWith("\n")).toBe(true);
  for (const line of text.trimEnd().split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      expect(families.has(name), name).toBe(false);
      families.set(name, "");
    } else if (kind === "TYPE") {
      expect(families.get(name)).toBe("");
      families.set(name, rest);
    } else {
      const [, sample = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
      expect(sample, line).not.toBe("");
      expect([...families.keys()].at(-1), "all of a family stand together").toBe(sample);
      expect(sample.endsWith("_total"), sample).toBe(families.get(sample) === "counter");
      expect(samples.has(sample + labels), line).toBe(false);
      samples.set(sample + labels, value);
    }
  }
  return samples;
}

test("labels and numbers as the format has them", () => {
  const out = new Exposition();
  out.family("a", "gauge", "one\nand \\ two");
  out.sample("a", { name: 'x"y\\z\n' }, 2n ** 64n - 1n);
  out.sample("a", { name: "b" }, Number.POSITIVE_INFINITY);
  out.sample("a", { name: "c" }, Number.NEGATIVE_INFINITY);
  out.sample("a", { name: "d" }, Number.NaN);
  out.sample("a", {}, -1.5e-7);
  expect(out.text).toBe(
    '# HELP a one\\nand \\\\ two\n# TYPE a gauge\na{name="x\\"y\\\\z\\n"} 18446744073709551615\n' +
      'a{name="b"} +Inf\na{name="c"} -Inf\na{name="d"} NaN\na -1.5e-7\n',
  );
  expect(parse(out.text).size).toBe(5);
});

describe("a plant", () => {
  const TAGS =
    "[{ name: Level, type: f32, unit: m }, { name: Full, type: bool }, { name: Big, type: u64 }, { name: List, type: " +
      "'i16[2]' }, { name: Text, type: 'string[4]' }]";
  const make = (): { own: TestPlant; samples: (hypervisor?: Hypervisor) => Map<string, string> } => {
    const own = new TestPlant({ plc: TAGS, linux: "[]" }, [{ name: "scans", unit: "count" }, { name: "jitter", unit: "ns" }]);
    const { plant } = own;
    const modbus = new Map([["tcp", newCounters()]]);
    return {
      own,
      samples: (hypervisor) =>
        parse(
          metricsText({
            plant,
            version: "1.4.0",
            hypervisor,
            readers: new Map(),
            modbus,
            opcua: undefined,
            sparkplug: undefined,
            web: { size: 2, fellBehind: 5 },
            audit: undefined,
          }),
        ),
    };
  };

  test("on trial: which slot it is, and what has become of its update, as long as the link is there", async () => {
    const [near, far] = duplexPair();
    const hypervisor = new Hypervisor(() => Promise.resolve(new Link(near)));
    hypervisor.start();
    const heard = once(hypervisor, "system");
    const fields = new Map([[abi.SYSTEM_TIME, 1], [abi.SYSTEM_SLOT, 0x62], [abi.SYSTEM_UPDATE, abi.UPDATE_PENDING]]);
    far.write(encodeFrame({ kind: abi.FRAME_SYSTEM, partition: abi.FRAME_HYPERVISOR, payload: encode(fields) }));
    await heard;
    const { samples } = make();
    const found = [...samples(hypervisor)].filter(([name]) => /^axv_(slot|update)\{/.test(name));
    expect(found.filter(([, value]) => value === "1").map(([name]) => name)).toEqual([
      'axv_slot{slot="b"}', 'axv_update{state="pending"}',
    ]);
    expect(found).toHaveLength(7);
    const lost = once(hypervisor, "link");
    far.end();
    await lost;
    expect([...samples(hypervisor).keys()].some((name) => name.startsWith("axv_slot"))).toBe(false);
    hypervisor.close();
  });

  test("of which nothing has been heard has qualities, and no value", () => {
    const found = make().samples();
    expect(found.get('axv_planned_version{version="1.4.0"}')).toBe("1");
    expect([found.get("axv_web_pages"), found.get("axv_web_behind_total")]).toEqual(["2", "5"]);
    expect(found.get('axv_partition_quality{partition="plc",quality="waiting"}')).toBe("1");
    expect([...found.keys()].filter((key) => /^axv_(tag|guest_tag|partition_(state|age|uptime))/.test(key))).toEqual([]);
  });

  test("that runs: states, values of every kind but text, and the guest's own in seconds", () => {
    const { own, samples } = make();
    const update = { state: "ready", received: 9, size: 9, version: 8, running: 7, next: 8 } as const;
    own.tell(0, "running", { uptime: 2_500_000_000n, restarts: 3, tags: new Map([[0, 7n], [1, 1500n]]), update });
    own.scan(0, { Level: 1.5, Full: true, Big: 2n ** 63n + 1n, List: [-1, 2], Text: "ab" });
    const found = samples();
    expect(Object.fromEntries([...found].filter(([key]) => /^axv_(tag|guest_tag)\{/.test(key)))).toEqual({
      'axv_tag{partition="plc",tag="Level",unit="m"}': "1.5",
      'axv_tag{partition="plc",tag="Full"}': "1",
      'axv_tag{partition="plc",tag="Big"}': "9223372036854775809",
      'axv_tag{partition="plc",tag="List",index="0"}': "-1",
      'axv_tag{partition="plc",tag="List",index="1"}': "2",
      'axv_guest_tag{partition="plc",tag="scans"}': "7",
      'axv_guest_tag{partition="plc",tag="jitter"}': "0.0000015",
    });
    expect(Object.fromEntries([...found].filter(([key]) => key.startsWith("axv_image_")))).toEqual({
      'axv_image_version{partition="plc"}': "7", 'axv_image_next{partition="plc"}': "8",
    });
    expect(found.get('axv_partition_state{partition="plc",state="running"}')).toBe("1");
    expect(found.get('axv_partition_state{partition="plc",state="failed"}')).toBe("0");
    expect(found.get('axv_partition_uptime_seconds{partition="plc"}')).toBe("2.5");
    expect(found.get('axv_partition_restarts_total{partition="plc"}')).toBe("3");
    expect(found.get('axv_modbus_requests_total{via="tcp"}')).toBe("0");
  });

  test("that has stopped has no values any more: that is how Prometheus knows that they are old", () => {
    const { own, samples } = make();
    own.tell(0, "running", { tags: new Map([[0, 7n]]) });
    own.scan(0, { Level: 1.5 });
    own.tell(0, "off", { tags: new Map([[0, 7n]]) });
    const found = samples();
    expect([...found.keys()].filter((key) => /^axv_(tag|guest_tag)\{/.test(key))).toEqual([]);
    expect(found.get('axv_partition_quality{partition="plc",quality="stopped"}')).toBe("1");
  });
});
