// A partition's new image that is to stay: its system lies whole in the other slot, and is held there until the hypervisor says
// that the image runs. Until then the board starts the old system, whatever is cut off.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "cborg";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { Load } from "../../partitions/images/contents.ts";
import { planSystem } from "../../partitions/index.ts";
import { coreMemory, imageLayout } from "../../tools/build/pack.ts";
import { deploy, planDeployment } from "../../tools/firmware/deploy/deploy.ts";
import { signedImage } from "../../tools/firmware/deploy/one-partition.ts";
import { copiesOn, placesOn, sourceOf } from "../../tools/firmware/deploy/places.ts";
import { keep } from "../../tools/firmware/deploy/state.ts";
import { exactly, ofMemory } from "../../tools/firmware/fit/source.ts";
import { bootSteps } from "../../tools/firmware/slots.ts";
import type { Slot, SlotState } from "../../tools/firmware/slots.ts";
import { publicHex, signUpdate } from "../../tools/firmware/update/sign.ts";
import { Random } from "../hostile/random.ts";
import { axvPart, axvPartLater } from "../output/axvPart.ts";
import type { Result } from "../output/axvPart.ts";
import { CORE, pack } from "../prove/bench.ts";
import { FakeBoard } from "../run/fake-board.ts";
import { afterCuts } from "./cuts.ts";
import { diskIn, PLANT, RecordingDisk } from "./deployDisks.ts";
import type { DiskStep } from "./deployDisks.ts";
import { CONTENTS, fitOf } from "./fits.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-one-partition-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);
const keyFile = (name: string): string => {
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(path(name), privateKey.export({ format: "pem", type: "pkcs8" }));
  return publicHex(privateKey);
};
const [OWN, OTHER] = [keyFile("own.pem"), keyFile("other.pem")];

interface Program {
  readonly plc?: number;
  readonly net?: number;
  readonly version?: number;
  readonly memory?: string;
  readonly key?: string;
}
/** Bytes of the PLC's image: its new one is longer by more than a page, so that all that lies behind it in the image moves. */
const OLD_BYTES = 500;
const NEW_BYTES = 9_001;

function planned({ plc = OLD_BYTES, net = 300, version = 7, memory = "2M", key = OWN }: Program) {
  writeFileSync(path("plc.bin"), Buffer.alloc(plc, plc & 0xff));
  writeFileSync(path("net.bin"), Buffer.alloc(net, 0x5a));
  writeFileSync(path("system.yaml"), `board: qemu-aarch64
partitions:
  net: { guest: bare-metal, image: net.bin, load: 0x40000000, cpus: [1], memory: ${memory} }
  plc:
    guest: bare-metal
    image: plc.bin
    load: 0x40000000
    cpus: [3]
    memory: 2M
    update: { key: ${key}, from: net, size: 1M, version: ${version} }
`);
  const { system, diagnostics } =
    planSystem(path("system.yaml"), (blob, loads) => imageLayout(coreMemory("aarch64", CORE.binary), blob, loads));
  if (system === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return system;
}

function fit(name: string, program: Program): Buffer {
  const system = planned(program);
  const image = pack(readBlob(system.blob), system.loads.map((load) => load.bytes()));
  return fitOf(new Load(image.length, [{ at: 0, contents: image }]), [PLANT], { ...CONTENTS, name });
}

/** The signed image of the PLC, into a file. */
function sign(name: string, program: Program, version = 8, key = "own.pem"): string {
  writeFileSync(path(name), signUpdate("system.yaml", planned(program), path(key), String(version)).bytes);
  return path(name);
}

const OLD = fit("plant-1", {});
const NEW = fit("plant-2", { plc: NEW_BYTES, version: 8 });
const PROGRAM = sign("plc.update", { plc: NEW_BYTES });
writeFileSync(path("new.itb"), NEW);
const SLOT_SECTORS = 4096;
const disk = (state: Partial<SlotState> = {}, b = OLD): Buffer => diskIn({ a: OLD, b }, { booted: "a", ...state }, SLOT_SECTORS);

interface Row {
  readonly state: string;
  readonly startsNext: boolean;
}
const rows = ({ stdout }: Result): Row[] => JSON.parse(stdout) as Row[];
const slots = (...more: string[]): Result => axvPart(folder, "slots", "disk.img", "--json", ...more);
const deployed = (): Result => axvPart(folder, "deploy", "disk.img", "--fit", "new.itb", "--update", "plc.update");
beforeEach(() => writeFileSync(path("disk.img"), disk()));

describe("in the other slot", () => {
  let server: Server;
  let board: FakeBoard | undefined;
  /** What the board says of the PLC: state, seconds since its start, versions of what runs and of what it begins with next. */
  let plc = { state: abi.STATE_RUNNING as number, seconds: 60, running: 8, next: 8 };
  const tell = (): void => {
    const { state, seconds, running, next } = plc;
    const image = [abi.IMAGE_READY, 0, NEW_BYTES, NEW_BYTES, 8, running, next];
    const values = [9n, state, BigInt(seconds) * 1_000_000_000n, 0, 0, 0, new Map(), 0, image];
    board?.send({ kind: abi.FRAME_PARTITION, partition: 1, payload: encode(new Map(values.map((value, key) => [key, value]))) });
  };
  beforeEach(async () => {
    plc = { state: abi.STATE_RUNNING, seconds: 60, running: 8, next: 8 };
    server = createServer((socket) => {
      board = new FakeBoard(socket);
      const telemetry = setInterval(tell, 20);
      socket.on("error", () => {}).on("close", () => clearInterval(telemetry)); // who has heard enough hangs up
    });
    await new Promise<void>((done) => server.listen(path("uart"), done));
  });
  afterEach(() => new Promise((done) => server.close(done)));
  const committed = (): Promise<Result> => axvPartLater(folder, "slots", "disk.img", "--commit", "--link", "uart", "--json");

  test("it is held, and the old system starts, until the hypervisor says that the image runs; then the new one", async () => {
    const { status, stdout } = deployed();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^slot b: plant-2, .* read back; held until plc runs version 8\n/);
    expect(rows(slots())).toMatchObject([{ state: "good", startsNext: true }, { state: "held", startsNext: false }]);
    expect(slots("--commit").stderr).toMatch(/slot b of disk.img is held until .*: name its UART by --link/);
    const before = readFileSync(path("disk.img"));
    for (const [change, why] of [
      [{ running: 7 }, "runs version 7"], [{ next: 7 }, "begins with version 7 next"], [{ state: abi.STATE_PAUSED }, "is paused"],
      [{ seconds: 29 }, "has run for 29 s of the 30 that"],
    ] as const) {
      plc = { state: abi.STATE_RUNNING, seconds: 60, running: 8, next: 8, ...change };
      const refused = await committed();
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining(`plc has to run version 8, and ${why}`)]);
    }
    expect(readFileSync(path("disk.img")).equals(before)).toBe(true);
    plc = { state: abi.STATE_RUNNING, seconds: 30, running: 8, next: 8 };
    expect(rows(await committed())).toMatchObject([{ state: "good", startsNext: false }, { state: "good", startsNext: true }]);
    const history = JSON.parse(slots("--history").stdout) as { slot: string; what: string }[];
    expect(history.slice(-2).map(({ slot, what }) => `${slot} ${what}`)).toEqual(["b held", "b committed"]);
    expect(rows(slots("--rollback")), "the old one is still there").toMatchObject([{ startsNext: true }, { startsNext: false }]);
  });

  test("rolled back, it is not started, and not committed any more", async () => {
    deployed();
    expect(rows(slots("--rollback"))).toMatchObject([
      { state: "good", startsNext: true }, { state: "rolled back", startsNext: false },
    ]);
    expect((await committed()).stderr).toMatch(/no slot of disk.img is on trial/);
  });

  test("another system is on trial: nobody knows which one runs", () => {
    writeFileSync(path("disk.img"), disk({ order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 1, booted: "b" }));
    expect(deployed().stderr).toMatch(/has started from slot b, which does not stay/);
  });
});

test.each<[string, Program, string, RegExp]>([
  ["an image for another partition", { plc: NEW_BYTES, version: 8, net: 301 }, PROGRAM, /: what is loaded at IPA 0x40000000/],
  ["more memory for another partition", { plc: NEW_BYTES, version: 8, memory: "4M" }, PROGRAM, /size of Region \d is 4194304/],
  ["another key", { plc: NEW_BYTES, version: 8, key: OTHER }, PROGRAM, /key0 of Update 0 is /],
  ["another image for it", { plc: NEW_BYTES + 1, version: 8 }, PROGRAM, /is not what the FIT has .*: its bytes are others/],
  ["another version of it", { plc: NEW_BYTES, version: 9 }, PROGRAM, /it is version 8, and the FIT has 9/],
  ["the version that runs", { plc: NEW_BYTES }, sign("same.update", { plc: NEW_BYTES, version: 6 }, 7), /7 is not newer than 7/],
  [
    "one that somebody else has signed", { plc: NEW_BYTES, version: 8 },
    sign("other.update", { plc: NEW_BYTES, key: OTHER }, 8, "other.pem"), /the key in system.yaml has not signed it/,
  ],
])("refused, and nothing written: %s", (_, program, file, message) => {
  const recorded = new RecordingDisk(disk());
  const source = ofMemory(fit("plant-3", program));
  expect(() => planDeployment(recorded, source, undefined, undefined, signedImage(file))).toThrow(message);
  expect(recorded.steps).toEqual([]);
});

test.each([["cut off", -1], ["too long", 1], ["none", -1e9]])("a signed image that is %s is refused", (_, more) => {
  const whole = readFileSync(PROGRAM);
  const end = Math.max(0, whole.length + more);
  writeFileSync(path("bad.update"), Buffer.concat([whole, Buffer.alloc(Math.max(0, more))]).subarray(0, end));
  expect(() => signedImage(path("bad.update"))).toThrow(/bad.update is no signed image of a partition: it is none, or not whole/);
});

test("a cut at any write of the state leaves the old system first, until the last one: then the new one, whole", async () => {
  // It has arrived before: what is written of the slot itself, and cut off there, is as in any deployment (deployCuts.test.ts).
  const base = disk({ status: { a: "good", b: "writing" } }, NEW);
  const recorded = new RecordingDisk(base);
  const plan = planDeployment(recorded, ofMemory(NEW), undefined, undefined, signedImage(PROGRAM));
  await deploy(recorded, plan, ofMemory(NEW), () => undefined);
  const places = placesOn(recorded);
  const isHeld = recorded.steps.length;
  keep(recorded, "b");
  const firsts = (steps: readonly DiskStep[]): Set<Slot | undefined> =>
    new Set(Array.from(afterCuts(base, steps, new Random(5)), (cut) => {
      const starts = bootSteps(copiesOn(cut, places)).flatMap((step) => (step.kind === "start" ? [step.slot] : []));
      expect(starts).toContain("a");
      return starts[0];
    }));
  expect(firsts(recorded.steps.slice(0, isHeld))).toEqual(new Set(["a"]));
  expect(firsts(recorded.steps)).toEqual(new Set(["a", "b"]));
  expect(exactly(sourceOf(recorded, places.slots.b), 0, NEW.length).equals(NEW)).toBe(true);
});
