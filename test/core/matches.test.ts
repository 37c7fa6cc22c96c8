// The right board only: what board.yaml's `match:` wants of the firmware's device tree is compared before anything starts
// (core/firmwareTree.ts, matches.ts), whatever the tree holds; and registers are initialised before guests run (core/boot.ts).
import { describe, expect, test } from "vitest";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import type { PlannedFirmwareTree, PlannedMatch } from "../../partitions/plan/plan.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import type { Aarch64Machine } from "../../tools/machine/aarch64/machine.ts";
import { makeSystem, STANDARD } from "../../tools/machine/aarch64/system.ts";

const TREE_PA = 0x5800_0000;
const TREE = Uint8Array.from(
  compileTree(`/dts-v1/; / {
    model = "Phytium Pi Board"; compatible = "phytium,pe2204", "phytium,e2000q";
    chosen { bootargs = "quiet"; };
    soc { interrupts = <1 2 3>;
      sata@31a40000 { compatible = "generic-ahci"; status = "okay"; port { status = "fail"; }; };
      sata@32014000 { status = "disabled"; };
      mmc@28001000 { status = "disabled"; }; };
    memory { reg = <1 2>; }; };`),
);

interface Booted {
  readonly runs: boolean;
  readonly text: string;
  readonly machine: Aarch64Machine;
}
function boot(firmwareTree: Partial<PlannedFirmwareTree>, bytes: Uint8Array | null = TREE, pa = TREE_PA): Booted {
  const board = { ...qemuVirt, ...(bytes && { deviceTree: { pa, bytes } }) };
  const machine = machineFor(makeSystem({ ...STANDARD, board, firmwareTree: { expected: true, ...firmwareTree } }));
  machine.boot();
  machine.uart.drain();
  return { runs: machine.pcpu(0).phase === "guest", text: Buffer.from(machine.uart.sent).toString(), machine };
}
const is = (path: string, property: string, value: string): PlannedMatch => ({ path, property, how: "is", value });
const has = (path: string, property: string, value: string): PlannedMatch => ({ path, property, how: "has", value });
const absent = (path: string, property: string): PlannedMatch => ({ path, property, how: "absent", value: "" });
const match = (...matches: PlannedMatch[]): Booted => boot({ matches });

describe("without a device tree", () => {
  test("nothing starts, and one line says why and what to do", () => {
    for (const bytes of [null, new Uint8Array(64)]) {
      const { runs, text } = boot({}, bytes);
      expect(runs).toBe(false);
      expect(text.match(/^axv: firmware gives no device tree: .*`dtb: none` in board\.yaml$/gm)).toHaveLength(1);
    }
  });
  test("a board that has none runs: `dtb: none`", () => expect(boot({ expected: false }, null).runs).toBe(true));
  test("nor does it where one is to be compared", () =>
    expect(boot({ expected: false, matches: [absent("/", "model")] }, null).runs).toBe(false));
});

describe("what is right", () => {
  test.each<[string, PlannedMatch]>([
    ["a string of the root", is("/", "model", "Phytium Pi Board")],
    ["the first of a list", has("/", "compatible", "phytium,pe2204")],
    ["the last of a list", has("/", "compatible", "phytium,e2000q")],
    ["a node's, by its whole path", is("/soc/sata@31a40000", "status", "okay")],
    ["the second of two nodes", is("/soc/sata@32014000", "status", "disabled")],
    ["a node in a node in a node", is("/soc/sata@31a40000/port", "status", "fail")],
    ["no property of that name", absent("/", "serial-number")],
    ["no node of that name", absent("/soc/pcie@40000000", "status")],
    ["no such property, but below", absent("/soc", "status")],
  ])("%s", (_, one) => expect(match(one).runs).toBe(true));

  test("all of them at once", () => {
    const all = ["31a40000", "32014000"].flatMap((at, n) => [is(`/soc/sata@${at}`, "status", n === 0 ? "okay" : "disabled")]);
    const sixteen = Array.from({ length: 16 }, (_, n) => all[n % 2] ?? absent("/", "x"));
    expect(match(...sixteen).runs).toBe(true);
  });
});

const LIST = "/ compatible is phytium,pe2204 phytium,e2000q , wanted: ";
describe("what is another board's is refused, and said", () => {
  test.each<[string, PlannedMatch, string]>([
    ["another string", is("/", "model", "Daoli PLC"), "/ model is Phytium Pi Board , wanted: Daoli PLC"],
    ["one that begins alike", is("/", "model", "Phytium Pi Board 2"), "/ model is Phytium Pi Board , wanted: Phytium Pi Board 2"],
    ["one that goes on", is("/", "model", "Phytium Pi"), "/ model is Phytium Pi Board , wanted: Phytium Pi"],
    ["one of a list", is("/", "compatible", "phytium,pe2204"), `${LIST}phytium,pe2204`],
    ["none of a list", has("/", "compatible", "phytium"), `${LIST}phytium`],
    ["another node's", is("/soc/sata@32014000", "status", "okay"), "/soc/sata@32014000 status is disabled , wanted: okay"],
    ["a node without its address", is("/soc/sata", "status", "okay"), "/soc/sata status is not there, wanted: okay"],
    ["what is there", absent("/soc/mmc@28001000", "status"), "/soc/mmc@28001000 status is disabled , wanted: none"],
    ["what is not there", has("/soc", "compatible", "simple-bus"), "/soc compatible is not there, wanted: simple-bus"],
    ["cells that are no text", is("/soc", "interrupts", "x"), "/soc interrupts is             , wanted: x"],
  ])("%s", (_, one, line) => {
    const { runs, text, machine } = match(absent("/", "nothing"), one);
    expect(runs).toBe(false);
    expect(text).toContain(`axv: this is another board: in the firmware's device tree ${line}\r\n`);
    expect(machine.pcpus.slice(1).map(({ phase }) => phase)).toEqual(["off", "off", "off"]);
  });
});

test("a tree in a partition's memory is compared, too, and on its border; on the image or a channel there is none", () => {
  const matches = [is("/", "model", "Phytium Pi Board")];
  for (const pa of [0x6180_0000, 0x5fff_fff8, 0x61ff_fff8]) expect(boot({ matches }, TREE, pa).runs, pa.toString(16)).toBe(true);
  for (const pa of [0x5000_0000, 0x4fff_fff8]) expect(boot({ matches }, TREE, pa).text).toContain("no device tree");
  expect(boot({ matches }, new Uint8Array(), 0x4020_0000).text).toContain("no device tree");
  expect(boot({ matches }, new Uint8Array(), 0x9000_0000).text).toContain("no device tree");
});

describe("a hostile tree", () => {
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer);
  const altered = (...words: [number, number][]): Uint8Array => {
    const bytes = TREE.slice();
    for (const [at, word] of words) view(bytes).setUint32(at, word);
    return bytes;
  };
  const matches = [is("/", "model", "Phytium Pi Board"), is("/soc/sata@31a40000", "status", "okay")];
  const structure = view(TREE).getUint32(8);

  test.each<[string, Uint8Array]>([
    ["truncated in its structure", altered([4, structure + 12])],
    ["structure outside", altered([8, TREE.length])],
    ["structure at the end of 32 bits", altered([8, 0xffff_fffc])],
    ["strings outside", altered([12, TREE.length])],
    ["strings at the end of 32 bits", altered([12, 0xffff_ffff])],
    ["a property longer than the tree", altered([structure + 12, 0xffff_ffff])],
    ["a name outside", altered([structure + 16, 0x7fff_ffff])],
    ["larger than it may be", altered([4, 0x20_0001])],
    ["smaller than its header", altered([4, 39])],
    ["no end: only nodes that begin", altered(...Array.from({ length: 60 }, (_, n): [number, number] => [structure + 4 * n, 1]))],
    ["no end: only nodes that end", altered(...Array.from({ length: 60 }, (_, n): [number, number] => [structure + 4 * n, 2]))],
  ])("%s: refused, nothing else is read, and it comes to an end", (_, bytes) => {
    const { runs, text } = boot({ matches }, bytes);
    expect(runs).toBe(false);
    expect(text).toMatch(/another board|no device tree/);
  });

  test("of 2 MiB of nodes no more is read than there is", () => {
    const bytes = new Uint8Array(0x20_0000).fill(0);
    for (const [at, word] of [[0, 0xd00d_feed], [4, bytes.length], [8, 40], [12, 40]] as const) view(bytes).setUint32(at, word);
    for (let at = 40; at + 8 <= bytes.length; at += 8) view(bytes).setUint32(at, 1);
    expect(boot({ matches }, bytes, TREE_PA).text).toContain("another board");
  });

  test("any word altered: it starts or says why not", () => {
    for (let at = 0; at < TREE.length; at += 4) {
      const word = view(TREE).getUint32(at);
      for (const other of [0, 1, 2, 3, 9, 0xffff_ffff, word ^ 1, word ^ 0x8000_0000]) {
        if (at % 16 !== (other & 12)) continue;
        const { runs, text } = boot({ matches }, altered([at, other >>> 0]));
        expect(runs || /another board|no device tree/.test(text), `${at} ${other}`).toBe(true);
      }
    }
  });
});

describe("init", () => {
  const REGISTER = 0x0a00_0100;
  const write = (mask: number, value: number) => ({ pa: REGISTER, mask, value, by: "plc" });
  test.each([
    ["a whole register, which is not read", [write(0xffff_ffff, 0x00ff_0011)], 0x00ff_0011],
    ["bits of one, in the order of the list", [write(0xffff_ffff, 0xff), write(0xf0, 0x50), write(0x1_0000, 0x1_0000)], 0x1_005f],
  ])("%s", (_, inits, expected) => {
    const machine = machineFor(makeSystem({ ...STANDARD, inits }));
    let begun = 0;
    machine.onIntrinsic = (name) => { if (name === "msr_ELR_EL2") begun ||= Number(machine.bus.guestRead(0, REGISTER, 4)); };
    machine.boot();
    expect(begun, "before the first guest begins").toBe(expected);
  });
});
