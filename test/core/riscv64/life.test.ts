// The core of RISC-V on the simulated machine: its partitions begin, call, fault, stop and begin again, whoever comes in the
// middle.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../../core/abi.ts";
import { numbered } from "../../../industrial/link/commands.ts";
import { Demultiplexer } from "../../../industrial/link/demultiplexer.ts";
import { encodeFrame } from "../../../industrial/link/frame.ts";
import type { Frame } from "../../../industrial/link/frame.ts";
import { qemuVirt7, qemuVirtStateen, qemuVirtVectors } from "../../../tools/machine/riscv64/board.ts";
import { Guest } from "../../../tools/machine/riscv64/guest.ts";
import type { Riscv64Machine } from "../../../tools/machine/riscv64/machine.ts";
import { BASE, BASE_PROBE, HSM, HSM_STATUS, RFENCE } from "../../../tools/machine/riscv64/sbi.ts";
import { result, value } from "../value.ts";
import { FIRST, IPA, makeSystem, SECOND, STANDARD } from "../../../tools/machine/riscv64/system.ts";
import type { PartitionSpec } from "../../../tools/machine/system.ts";
import { machineFor } from "../../../tools/machine/riscv64/core.ts";
import { qemuVirt } from "../../../tools/machine/riscv64/board.ts";

const MILLISECOND = 1_000_000;
/** Longer than a partition that fails time and again waits for its next start. */
const RESTART_MS = 1100;
const [NEIGHBOUR, SPARE] = [3, 2];
const IMAGES = [FIRST, SECOND].map(({ image = new Uint8Array() }) => image);
const MEMORY = [FIRST, SECOND].map(({ regions }) => regions[0]?.pa ?? 0);
const MEMORY_BYTES = FIRST.regions[0]?.size ?? 0;
const FOREIGN = IPA + MEMORY_BYTES;
const CONTEXT = 0x1234n;
const [A0, A1] = [10, 11];

let machine: Riscv64Machine;
let guests: Guest[];
function boot(more: Partial<PartitionSpec> = {}, board = qemuVirt): void {
  const system = makeSystem({ ...STANDARD, board, partitions: [{ ...FIRST, ...more }, { ...SECOND, ...more }] });
  machine = machineFor(board, system);
  machine.boot();
  guests = machine.pcpus.map(({ index }) => new Guest(machine, index));
}
const guest = (n: number): Guest => guests[n] ?? expect.unreachable();
const running = (): boolean[] => guests.map((one) => one.running);
function pass(milliseconds: number): void {
  for (let n = 0; n < milliseconds; n++) machine.elapse(MILLISECOND);
}
function command(partition: number, code: number): void {
  machine.uart.type(encodeFrame({ kind: abi.FRAME_COMMAND, partition, payload: numbered(code, 1) }));
  while (machine.uart.unread > 0) pass(1);
  pass(2);
}

describe.each([["its own timer alone", false], ["direct", true]] as const)("a partition with %s", (_, direct) => {
  beforeEach(() => boot({ direct }));

  test("begins with its first vCPU: its image loaded, its number in a0, its argument in a1", () => {
    expect(running()).toEqual([true, false, false, true]);
    expect(MEMORY.map((pa, n) => machine.memory.readBytes(pa, IMAGES[n]?.length ?? 0))).toEqual(IMAGES);
    expect([guest(0).pcpu.code, guest(0).x(A0), guest(0).x(A1)]).toEqual([IPA, 0n, 0n]);
    expect(guest(0).direct).toBe(direct);
  });

  test("has its memory, and nothing else", () => {
    const regions = [0, NEIGHBOUR].map((hart) => machine.mappings(machine.pcpu(hart)).filter(({ size }) => size >= 0x1000));
    expect(regions.map((mappings) => mappings.filter(({ ipa }) => ipa >= IPA).map(({ ipa, pa, size }) => [ipa, pa, size])))
      .toEqual(MEMORY.map((pa) => [[IPA, pa, MEMORY_BYTES]]));
    expect(machine.vmid(machine.pcpu(0))).not.toBe(machine.vmid(machine.pcpu(NEIGHBOUR)));
  });

  test("calls the hypervisor, and no firmware", () => {
    const calls = machine.sbi.calls.length;
    expect(result(guest(0).hypercall(abi.CALL_VERSION))).toBe((abi.CALL_VERSION_MAJOR << 16) | abi.CALL_VERSION_MINOR);
    expect(result(guest(0).hypercall(abi.CALLS))).toBe(abi.CALL_NOT_SUPPORTED);
    expect(value(guest(0).ecall(BASE, BASE_PROBE, BigInt(HSM)))).toBe(1n);
    expect(result(guest(0).ecall(0x50_4d55, 0))).toBe(-2); // PMU
    expect(machine.sbi.calls.length).toBe(calls);
  });

  test("turns its second vCPU on and off, and nobody else's", () => {
    expect(value(guest(0).turnOn(1, IPA + 0x100, CONTEXT))).toBe(0n);
    machine.settle();
    expect([guest(1).running, guest(1).pcpu.code, guest(1).x(A0), guest(1).context]).toEqual([true, IPA + 0x100, 1n, CONTEXT]);
    expect(result(guest(0).turnOn(2, IPA, 0n))).toBe(-3);
    expect(guest(1).turnOff()).toEqual({ kind: "parked" });
    expect(value(guest(0).ecall(HSM, HSM_STATUS, 1n))).toBe(1n);
    expect(running()).toEqual([true, false, false, true]);
  });

  test("stops by what it does wrong, and begins again, and its neighbour hears nothing, nor does firmware on its hart", () => {
    value(guest(0).turnOn(1, IPA + 0x100, CONTEXT));
    machine.settle();
    const { exits } = guest(NEIGHBOUR).pcpu;
    expect(guest(0).load(FOREIGN, 8)).toEqual({ kind: "parked" });
    machine.settle();
    expect([running(), guest(NEIGHBOUR).pcpu.exits]).toEqual([[false, false, false, true], exits]);
    command(0, abi.COMMAND_START);
    expect([running(), guest(NEIGHBOUR).pcpu.exits]).toEqual([[true, false, false, true], exits]);
    expect(new Set(machine.sbi.calls.flatMap(({ extension, harts = [] }) => (extension === RFENCE ? harts : []))))
      .toEqual(new Set([1]));
  });

  test("starts again as at first, with nothing of its earlier life", () => {
    boot({ direct, onFailure: "restart" });
    guest(0).store(IPA, 8, 0xdead_beefn);
    guest(0).csrw("sscratch", 7n);
    guest(0).setX(20, 9n);
    guest(0).reset();
    pass(RESTART_MS);
    expect([guest(0).running, guest(0).pcpu.lives, guest(0).x(20)]).toEqual([true, 2, 0n]);
    expect(guest(0).load(IPA, 8)).toMatchObject({ kind: "done" });
    expect(machine.memory.readBytes(MEMORY[0] ?? 0, IMAGES[0]?.length ?? 0)).toEqual(IMAGES[0]);
    expect(guest(0).csrr("sscratch")).toEqual({ kind: "done", value: 0n });
  });

  test("is stopped and started by the host", () => {
    command(0, abi.COMMAND_STOP);
    expect(running()).toEqual([false, false, false, true]);
    command(0, abi.COMMAND_START);
    expect(running()).toEqual([true, false, false, true]);
  });

  test("wakes from WFI by its own timer, without an exit", () => {
    const one = guest(NEIGHBOUR);
    const { exits } = one.pcpu;
    expect(one.csrw("stimecmp", 1n << 40n)).toMatchObject({ kind: "done" });
    one.csrw("sie", 1n << 5n);
    one.sleep();
    pass(3);
    expect(machine.awake(one.pcpu)).toBe(false);
    machine.clock.forward(2 ** 40);
    expect([machine.awake(one.pcpu), one.pcpu.exits]).toEqual([true, exits]);
  });
});

test("a virtual instruction is an illegal one to a guest", () => {
  boot();
  guest(0).csrw("stvec", 0x8020_0100n);
  expect(guest(0).csrr("hgatp")).toEqual({ kind: "exception", vector: 0x8020_0100, esr: 2n });
});

test("vectors are a guest's own where a hart has them, and a new life finds nothing in them", () => {
  boot({ onFailure: "restart" }, qemuVirtVectors);
  const one = guest(0);
  const VS = 3n << 9n;
  const begin = (): void => void one.csrw("stvec", 0x8020_0100n);
  begin();
  expect(one.vector(7n)).toMatchObject({ kind: "exception", esr: 2n }); // its own sstatus.VS is Off
  one.csrw("sstatus", VS);
  expect([value(one.vector(7n)), value(one.vector(8n))]).toEqual([0n, 7n]);
  one.reset();
  pass(RESTART_MS);
  begin();
  expect(one.pcpu.lives).toBe(2);
  expect(one.vector(9n)).toMatchObject({ kind: "exception", esr: 2n });
  one.csrw("sstatus", VS);
  expect(value(one.vector(9n))).toBe(0n);
});

test("where there are none, a vector instruction is none to a guest", () => {
  boot();
  guest(0).csrw("stvec", 0x8020_0100n);
  guest(0).csrw("sstatus", 3n << 9n);
  expect(guest(0).vector(7n)).toMatchObject({ kind: "exception", esr: 2n });
});

test("of a hart with Smstateen it has what is reset between its lives, and no more", () => {
  boot({ direct: true }, qemuVirtStateen);
  const one = guest(NEIGHBOUR);
  one.csrw("stvec", 0x8020_0100n);
  for (const csr of ["senvcfg", "siselect"] as const) expect(one.csrw(csr, 0n)).toMatchObject({ kind: "done" });
  one.openInterrupts();
  machine.imsicPages.send(NEIGHBOUR, 1, 33);
  expect([one.take(), one.csrr("stopi").kind]).toEqual([33, "done"]);
  expect(one.csrr("sstateen0")).toMatchObject({ kind: "exception", esr: 2n });
});

test("with interrupts direct an MSI reaches its guest's file alone, and the hypervisor's kick its own", () => {
  boot({ direct: true });
  const one = guest(NEIGHBOUR);
  one.openInterrupts();
  const { exits } = one.pcpu;
  machine.imsicPages.send(NEIGHBOUR, 1, 33);
  expect([one.take(), one.pcpu.exits]).toEqual([33, exits]);
});

test("the spare hart keeps house: telemetry of both partitions comes", () => {
  boot();
  const frames: Frame[] = [];
  const demultiplexer = new Demultiplexer((item) => void ("frame" in item && frames.push(item.frame)));
  pass(250);
  machine.uart.drain();
  demultiplexer.push(Uint8Array.from(machine.uart.sent));
  const partitions = frames.filter(({ kind }) => kind === abi.FRAME_PARTITION).map(({ partition }) => partition);
  expect(new Set(partitions)).toEqual(new Set([0, 1]));
  expect(machine.pcpu(SPARE).phase).toBe("parked");
});

test("on QEMU 7.2, too", () => {
  boot({}, qemuVirt7);
  expect(running()).toEqual([true, false, false, true]);
  expect(guest(0).load(FOREIGN, 8)).toEqual({ kind: "parked" });
});
