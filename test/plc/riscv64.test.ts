// What the PLC guest does its own way on RISC-V: the wasm that ships, on as much of a CPU as it reaches; and what is proven of
// its binary.
import { readFileSync } from "node:fs";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CALL_EXTENSION } from "../../arch/riscv64/calls.ts";
import * as abi from "../../core/abi.ts";
import { MAILBOX_CONSOLE, MAILBOX_MAGIC, MAILBOX_SIZE, MAILBOX_VERSION, MAILBOX_WATCHDOG } from "../../core/abi.ts";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { PROCESS_IMAGE_SCANS } from "../../rtos-guests/plc/abi.ts";
import { type Elf, readElf } from "../../tools/build/elf.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC_RISCV64 } from "../../tools/build/programs.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { analyse, type Problem } from "../../tools/verify/analyse.ts";
import { bit } from "../../tools/verify/native/instruction.ts";
import { ChannelMemory } from "./channelMemory.ts";
import { instantiate } from "./instantiate.ts";

const CHANNEL_IPA = 0x9000_0000n;
const MAILBOX_IPA = 0x9000_1000n;
const TREE = 0x9fe0_0000n;
const UART = 0x1000_0000n;
const LSR = UART + 5n;
const LSR_THRE = 0x20;
const STIE = 1n << 5n;
const EXTENSION = BigInt(CALL_EXTENSION);
const VERSION = BigInt(abi.CALL_VERSION);
const DOORBELL = BigInt(abi.CALL_DOORBELL);
const CONSOLE_WRITE = BigInt(abi.CALL_CONSOLE_WRITE);
const MAILBOX = BigInt(abi.CALL_MAILBOX);
const SBI_NOT_SUPPORTED = -2n;

type Access = (...values: (bigint | number)[]) => bigint | number | void;

class Cpu {
  readonly channel = new ChannelMemory(CHANNEL_IPA);
  time = 1_000_000n;
  stimecmp = 0n;
  sie = 0n;
  tree: Uint8Array = new Uint8Array();
  console = "";
  /** How many characters the UART takes before its register is full for good. */
  room = Infinity;
  /** Looks at the full register after which there is room for one more; 0: never. */
  slowness = 0;
  #looks = 0;
  mailbox: ChannelMemory | undefined;
  hypervisor = false;
  readonly calls: bigint[][] = [];

  read(address: bigint, bytes: 1 | 4): number {
    if (address === LSR) {
      if (this.slowness > 0 && this.room === 0 && ++this.#looks % this.slowness === 0) this.room = 1;
      return this.room > 0 ? LSR_THRE : 0;
    }
    const offset = Number(address - TREE);
    const view = new DataView(this.tree.buffer, this.tree.byteOffset, this.tree.length);
    return bytes === 1 ? view.getUint8(offset) : view.getUint32(offset, true);
  }

  call(extension: bigint, number: bigint, ...values: bigint[]): bigint {
    this.calls.push([extension, number, ...values]);
    if (!this.hypervisor || extension !== EXTENSION) return SBI_NOT_SUPPORTED;
    if (number === VERSION) return 0x1_0001n;
    if (number === MAILBOX) return this.mailbox === undefined ? -1n : MAILBOX_IPA;
    return number === CONSOLE_WRITE ? (values[0] ?? 0n) : 0n;
  }

  async boot(tree = 0n): Promise<{ irq: () => void; panic: (cause: bigint, epc: bigint, value: bigint) => void }> {
    const [channel, mailbox] = [this.channel.hooks(), this.mailbox?.hooks() ?? {}];
    const shared = Object.keys(channel).map((name): [string, Access] => [
      name,
      (...values) => (((values[0] ?? 0n) >= MAILBOX_IPA ? mailbox : channel)[name] as Access)(...values),
    ]);
    const guestRiscv64 = {
      csrr_time: () => this.time,
      csrw_stimecmp: (value: bigint) => void (this.stimecmp = value),
      csrw_sie: (value: bigint) => void (this.sie = value),
      mmioRead8: (address: bigint) => this.read(address, 1),
      mmioRead32: (address: bigint) => this.read(address, 4),
      mmioWrite8: (address: bigint, value: number) => {
        expect(address).toBe(UART);
        this.room--;
        this.console += String.fromCharCode(value);
      },
      ecall: (extension: bigint, number: bigint, ...values: bigint[]) => this.call(extension, number, ...values),
    };
    const { wasm } = await buildProgram(PLC_RISCV64);
    const hooks = { channel: Object.fromEntries(shared), guestRiscv64 };
    const exports = await instantiate(PLC_RISCV64, Uint8Array.from(readFileSync(wasm)), hooks);
    (exports["learn"] as (tree: bigint) => void)(tree);
    (exports["start"] as () => void)();
    return exports as unknown as Awaited<ReturnType<Cpu["boot"]>>;
  }
}

let cpu: Cpu;
beforeEach(() => {
  cpu = new Cpu();
});

describe("bare", () => {
  test("its timer's interrupt alone is on, 1 ms of 10 MHz from now, and again 1 ms after each", async () => {
    const { irq } = await cpu.boot();
    expect(cpu.sie).toBe(STIE);
    expect(cpu.stimecmp).toBe(cpu.time + 10_000n);
    cpu.time = cpu.stimecmp + 3n;
    irq();
    expect(cpu.stimecmp).toBe(1_000_000n + 20_000n);
    expect(cpu.channel.u64(PROCESS_IMAGE_SCANS)).toBe(1n);
  });

  test("it asks once whether a hypervisor is there, by an extension that firmware does not know", async () => {
    const { irq } = await cpu.boot();
    for (let n = 0; n < 200; n++) irq();
    expect(cpu.calls).toEqual([[EXTENSION, VERSION, 0n, 0n, 0n, 0n, 0n, 0n, 0n]]);
  });

  test("its first line and a panic's wait for a UART of sixteen characters that takes 1 ms for each more", async () => {
    [cpu.room, cpu.slowness] = [16, 10_000];
    const { panic } = await cpu.boot();
    expect(cpu.console).toBe("plc: started, 1000 scans a second\r\n");
    panic(15n, 0x8020_0000n, 0n);
    expect(cpu.console).toMatch(/\nplc: panic scause=0xf sepc=0x80200000 stval=0x0\r\n$/);
  });

  test("a UART that never has room holds nothing up for good", async () => {
    cpu.room = 20;
    const { panic } = await cpu.boot();
    panic(15n, 0x8020_0000n, 0n);
    expect(cpu.console).toBe("plc: started, 1000 s");
  });

  test("it prints on the 16550, as much as that takes at once", async () => {
    cpu.room = 50;
    const { irq } = await cpu.boot();
    expect(cpu.console).toBe("plc: started, 1000 scans a second\r\n");
    const scan = (): void => {
      cpu.time = cpu.stimecmp;
      irq();
    };
    for (let n = 0; n < 40; n++) scan();
    expect(cpu.console).toHaveLength(50);
    cpu.room = Infinity;
    for (let n = 0; n < 10; n++) scan();
    expect(cpu.console).toMatch(/\r\nplc: scans=30 overruns=0 jitter=.*\r\n$/s);
  });

  test("an exception is said with what the CPU knows of it", async () => {
    const { panic } = await cpu.boot();
    panic(2n, 0x8020_0010n, 0n);
    expect(cpu.console).toMatch(/plc: panic scause=0x2 sepc=0x80200010 stval=0x0\r\n$/);
  });
});

describe("the device tree says how fast `time` counts", () => {
  const cpus = (property: string): string =>
    `/dts-v1/; / { model = "t"; cpus { ${property} cpu@0 { device_type = "cpu"; reg = <0>; }; }; };`;
  const firstDeadline = async (tree: Uint8Array, at = TREE): Promise<bigint> => {
    cpu.tree = tree;
    await cpu.boot(at);
    return cpu.stimecmp - cpu.time;
  };

  test.each([
    ["in one cell", "timebase-frequency = <24000000>;", 24_000n],
    ["in two", "timebase-frequency = <0 48000000>;", 48_000n],
    ["not at all", "timebase = <1>; timebase-frequency-2 = <5>;", 10_000n],
  ])("%s", async (_, property, period) => {
    expect(await firstDeadline(compileTree(cpus(property)))).toBe(period);
  });

  test("what is no tree is not read on", async () => {
    expect(await firstDeadline(new Uint8Array(4))).toBe(10_000n);
  });
});

describe("with the hypervisor", () => {
  beforeEach(() => {
    cpu.hypervisor = true;
  });

  test("by calls: the arguments in a0 … a5, and the seventh in t0; the UART is not touched", async () => {
    await cpu.boot();
    const said = cpu.calls.find(([, number]) => number === CONSOLE_WRITE) ?? [];
    expect(said.slice(0, 3)).toEqual([EXTENSION, CONSOLE_WRITE, 35n]);
    const bytes = Buffer.alloc(48);
    said.slice(3).forEach((word, n) => bytes.writeBigUInt64LE(word, 8 * n));
    expect(said).toHaveLength(2 + 7);
    expect(bytes.toString("latin1", 0, 35)).toBe("plc: started, 1000 scans a second\r\n");
    expect(cpu.console).toBe("");
  });

  test("by its mailbox, where it has one", async () => {
    cpu.mailbox = new ChannelMemory(MAILBOX_IPA, MAILBOX_SIZE);
    cpu.mailbox.store(0, 32, BigInt(MAILBOX_MAGIC));
    cpu.mailbox.store(MAILBOX_VERSION, 32, 1n);
    const { irq } = await cpu.boot();
    irq();
    expect(cpu.mailbox.u64(MAILBOX_WATCHDOG)).toBe(2n);
    expect(Buffer.from(cpu.mailbox.bytes).toString("latin1", MAILBOX_CONSOLE, MAILBOX_CONSOLE + 12)).toBe("plc: started");
    expect(cpu.calls.map(([, number]) => number)).toEqual([VERSION, MAILBOX, DOORBELL]);
  });
});

test("its binary is proven bounded; gp, which finds linear memory, is written by the entry and by a panic alone", async () => {
  const { elf, wasm } = await buildProgram(PLC_RISCV64);
  const problems: Problem[] = [];
  const analysis = analyse(elf, wasm, RISCV64, problems);
  expect(problems.map(({ message }) => message)).toEqual([]);
  const roots = analysis?.program.roots.map(({ name }) => name.replace(/\+\S+/, "")) ?? [];
  expect(roots).toEqual(["_start", "trap", "wait (after WFI)", "halt (after WFI)"]);
  const GP = bit(3);
  const writers = [...(analysis?.program.routines.values() ?? [])].filter(({ graph }) =>
    graph.blocks.some(({ instructions }) => instructions.some(({ writes }) => (writes & GP) !== 0)),
  );
  expect(writers.map(({ name }) => name).sort()).toEqual(["entry", "unexpected"]);
});

describe("the image", () => {
  const IMAGE_PA = 0x8020_0000;
  let image: Buffer;
  let elf: Elf;
  beforeAll(async () => {
    const products = await buildProgram(PLC_RISCV64);
    image = readFileSync(products.binary);
    elf = readElf(readFileSync(products.elf));
  });
  const symbol = (name: string): number => elf.symbols.find((one) => one.name === name)?.value ?? Number.NaN;

  test("its header is that of a Linux Image for RISC-V, and the marker stands behind it", () => {
    expect(RISCV64.imageHeader.wrong(new DataView(image.buffer, image.byteOffset, RISCV64.imageHeader.bytes))).toBeUndefined();
    expect(image.readBigUInt64LE(16)).toBe(BigInt(image.length)); // image_size
    expect(image.toString("latin1", 64, 72)).toBe("AXVPLC1\0");
    expect(symbol("_start")).toBe(IMAGE_PA);
  });

  /** Level of a walk → bits of the address below its entries (Sv39). */
  const SHIFT = [12, 21, 30] as const;
  const [V, R, W, X, U, A, D] = [0n, 1n, 2n, 3n, 4n, 6n, 7n];

  /** All that the page tables map, in the order of addresses; neighbours with the same rights are one. */
  function mappings(): string[] {
    const found: { va: number; pa: number; bytes: number; rights: string }[] = [];
    const walk = (table: number, level: 0 | 1 | 2, base: number): void => {
      for (let n = 0; n < 512; n++) {
        const entry = image.readBigUInt64LE(table - IMAGE_PA + 8 * n);
        const bit = (at: bigint): boolean => ((entry >> at) & 1n) !== 0n;
        if (!bit(V)) continue;
        const va = base + n * 2 ** SHIFT[level];
        const next = Number(entry >> 10n) * 4096;
        if (level > 0 && !bit(R) && !bit(X)) {
          walk(next, level === 2 ? 1 : 0, va);
          continue;
        }
        const wanting = bit(A) && (bit(D) || !bit(W)) ? "" : " A or D is 0!";
        const rights = `r${bit(W) ? "w" : "-"}${bit(X) ? "x" : "-"}${bit(U) ? " U!" : ""}${wanting}`;
        const last = found.at(-1);
        const joins = last?.rights === rights && last.va + last.bytes === va && last.pa + last.bytes === next;
        if (joins) last.bytes += 2 ** SHIFT[level];
        else found.push({ va, pa: next, bytes: 2 ** SHIFT[level], rights });
      }
    };
    walk(symbol("axv_stage1_at"), 2, 0);
    const hex = (value: number): string => `0x${value.toString(16)}`;
    return found.map(({ va, pa, bytes, rights }) => `${hex(va)} ${hex(bytes)} → ${hex(pa)} ${rights}`);
  }

  test("the page tables map exactly this: nothing writable is executable, nothing stands beside linear memory or a stack", () => {
    expect(mappings()).toEqual([
      "0x10000000 0x200000 → 0x10000000 rw-", // the 16550
      "0x80200000 0x8000 → 0x80200000 r-x", // text
      "0x80208000 0x4000 → 0x80208000 r--", // rodata
      "0x8020c000 0x2000 → 0x8020c000 rw-", // data
      "0x8020f000 0x4000 → 0x8020f000 rw-", // stack
      "0x80214000 0x2000 → 0x80214000 rw-", // panic stack
      "0x90000000 0x1000000 → 0x90000000 rw-", // channels and mailbox
      `0x2000000000 0x10000 → 0x${symbol("axv_linear_start").toString(16)} rw-`, // linear memory
    ]);
    expect(symbol("axv_stack_top")).toBe(0x8021_3000);
    expect(symbol("axv_panic_stack_top")).toBe(0x8021_6000);
  });

  test("map.ts, which AssemblyScript uses, and layout.h, which the tables are made of, agree", () => {
    const read = (file: string): string => readFileSync(new URL(`../../rtos-guests/plc/${file}`, import.meta.url), "utf8");
    const inMap = (name: string): number =>
      Number(new RegExp(`${name}: u64 = (\\w+)`).exec(read("map.ts") + read("riscv64/map.ts"))?.[1]);
    const inLayout = (name: string): number =>
      Number(new RegExp(`#define ${name}\\s+(\\w+)`).exec(read("riscv64/layout.h"))?.[1]);
    expect(inMap("CHANNEL_IPA")).toBe(inLayout("CHANNEL_IPA"));
    expect(inMap("SHARED_BYTES")).toBe(inLayout("SHARED_BYTES"));
    expect(inMap("UART_PA")).toBe(inLayout("DEVICES_PA"));
  });
});
