// What values are worth: the first that is wrong with them is said, as soon as it is known, and once.
import { beforeEach, describe, expect, test } from "vitest";
import { STALE_AFTER, TestPlant } from "./plant.ts";

let own: TestPlant;
let heard: string[];
beforeEach(() => {
  own = new TestPlant({ plc: "[{ name: A, type: i32 }, { name: B, type: \"u8[2]\" }]", other: "[]" });
  heard = [];
  own.plant.on("quality", (partition, now, before) => heard.push(`${partition}: ${before} -> ${now}`));
  own.plant.on("values", (_, changed) => heard.push(changed.map(({ name }) => name).join(" ")));
});

test("nothing has been seen: waiting, no value, no age", () => {
  own.pass(10_000);
  expect([own.plant.qualityOf(0), own.plant.ageOf(0), own.plant.tagValue(0, own.tag(0, "A"))]).toEqual([
    "waiting",
    undefined,
    undefined,
  ]);
  expect(heard).toEqual([]);
});

test("an image makes all values new, later ones what has changed", () => {
  own.scan(0, { A: 1 });
  own.scan(0, { A: 1, B: [0, 7] });
  own.scan(0);
  expect(heard).toEqual(["0: waiting -> good", "A B", "B", ""]);
  expect([own.plant.tagValue(0, own.tag(0, "A")), own.plant.tagValue(0, own.tag(0, "B"))]).toEqual([1, [0, 7]]);
});

test("what an image's owner does with its bytes afterwards changes nothing", () => {
  own.scan(0, { A: 1 });
  const image = new DataView(new ArrayBuffer(72));
  own.plant.takeImage(0, image, 9n);
  image.setInt32(64, 5, true);
  expect(own.plant.tagValue(0, own.tag(0, "A"))).toBe(0);
});

describe("quality", () => {
  beforeEach(() => {
    own.tell(0, "running");
    own.scan(0, { A: 1 });
    heard = [];
  });

  test("stale: the hypervisor says that it runs, and no image comes; good again with the next one", () => {
    own.pass(STALE_AFTER);
    expect(own.plant.qualityOf(0)).toBe("good");
    own.tell(0, "running");
    own.pass(1);
    own.pass(50);
    own.scan(0);
    expect(heard).toEqual(["0: good -> stale", "0: stale -> good", ""]);
  });

  test("silent: neither of the two is heard of", () => {
    own.pass(STALE_AFTER + 1);
    expect([own.plant.qualityOf(0), own.plant.ageOf(0), own.plant.tagValue(0, own.tag(0, "A"))]).toEqual([
      "silent",
      STALE_AFTER + 1,
      1,
    ]);
  });

  test.each(["off", "stopping", "failed", "inspect", "paused"] as const)(
    "stopped, at once, when it is %s, though the last image is new",
    (state) => {
      own.tell(0, state);
      expect(heard).toEqual(["0: good -> stopped"]);
      own.tell(0, "running");
      expect(heard).toEqual(["0: good -> stopped", "0: stopped -> good"]);
    },
  );

  test("mismatch: its guest was built for another table, until it writes one of this", () => {
    own.plant.takeMismatch(0);
    own.scan(0);
    expect(heard).toEqual(["0: good -> mismatch", "0: mismatch -> good", ""]);
  });

  test("of a partition without tags is its telemetry's", () => {
    expect(own.plant.qualityOf(1)).toBe("waiting");
    own.tell(1, "running");
    expect(own.plant.qualityOf(1)).toBe("good");
    own.pass(STALE_AFTER + 1);
    expect(own.plant.qualityOf(1)).toBe("silent");
  });

  test("and a partition that there is not is nobody", () => {
    own.tell(7, "running");
    own.scan(1);
    own.plant.takeMismatch(9);
    expect([own.plant.qualityOf(7), own.plant.stateOf(7), own.plant.ageOf(7)]).toEqual(["waiting", undefined, undefined]);
  });
});

describe("what is news", () => {
  const heard: string[] = [];
  beforeEach(() => {
    own = new TestPlant({
      plc: '[{ name: A, type: i32, deadband: 5 }, { name: L, type: "f32[2]", deadband: 1 }, { name: T, type: "string[4]" }]',
    });
    own.tell(0, "running");
    own.scan(0, { A: 10, L: [1, 2], T: "a" });
    heard.splice(0);
    own.plant.on("values", (_, changed, news) =>
      heard.push(`${changed.map(({ name }) => name).join("")}: ${news.map(({ name }) => name).join("")}`),
    );
  });

  test("a change within the deadband is no news; small ones that add up are; of an array one element is enough", () => {
    for (const A of [12, 14, 15, 19]) own.scan(0, { A });
    own.scan(0, { L: [1, 2.9], T: "b" });
    own.scan(0, { L: [1, 3] });
    expect(heard).toEqual(["A: ", "A: ", "A: A", "A: ", "LT: T", "L: L"]);
  });

  test("values that are good again are told as they are, and that is where the deadband counts from", () => {
    own.scan(0, { A: 14 });
    own.pass(STALE_AFTER + 1);
    own.tell(0, "running");
    own.scan(0, { A: 13 });
    own.scan(0, { A: 17 });
    own.scan(0, { A: 18 });
    expect(heard).toEqual(["A: ", "A: ", "A: ", "A: A"]);
  });
});

test("a scan's time is told once, whoever asks for it", () => {
  own.scan(0, { A: 1 }, 5_000_000n);
  const first = own.plant.timeOf(0);
  own.pass(10);
  expect(own.plant.timeOf(0)).toBe(first);
  own.scan(0, { A: 2 }, 5_010_000n);
  expect(own.plant.timeOf(0)).toBe(first + 10);
  expect(own.plant.momentOf(0)).toBe(own.instant.wall);
});
