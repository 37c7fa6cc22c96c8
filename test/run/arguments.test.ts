import { describe, expect, test } from "vitest";
import type { Aarch64Board } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { aarch64Board } from "../aarch64.ts";
import { riscv64Board } from "../riscv64.ts";
import { machineArguments, qemuArguments } from "../../tools/run/arguments.ts";
import { gdbArguments, gdbCommand } from "../../tools/run/gdb.ts";

const boardOf = (name: string): Aarch64Board => aarch64Board(boards().get(name, new Findings(new YamlSource("", ""))));

const board = boardOf("qemu-aarch64");

test("with firmware: it starts from a disk, on virtio, or on NVMe where the first virtio disk is Linux'", () => {
  const firmware = { program: "u-boot.bin", control: "control.dtb", disk: "boot.img" };
  const linux = { guest: "linux", devices: [{ name: "virtio0" }] };
  const made = (...partitions: (typeof linux)[]): string =>
    qemuArguments({ board, partitions, image: "image.bin", disk: "disk.img", firmware }).join(" ");
  expect(made()).not.toContain("-kernel");
  expect(made()).toContain(
    "-bios u-boot.bin -dtb control.dtb -drive if=none,id=boot,format=raw,snapshot=on,file=boot.img " +
      "-device virtio-blk-device,bus=virtio-mmio-bus.0,drive=boot",
  );
  expect(made(linux)).toContain("-device nvme,serial=axv,drive=boot");
  expect(made(linux)).toContain("-device virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.0");
});

test("with firmware on RISC-V: OpenSBI starts it, and its disk is on the last bus that nobody has, which it finds first", () => {
  const riscv = riscv64Board(boards().get("qemu-riscv64", new Findings(new YamlSource("", ""))));
  const firmware = { program: "u-boot.bin", control: undefined, disk: "boot.img" };
  const made = (...devices: string[]): string => {
    const partitions = [{ guest: "linux", devices: devices.map((name) => ({ name })) }];
    return qemuArguments({ board: riscv, partitions, image: "image.bin", disk: "disk.img", firmware }).join(" ");
  };
  expect(made()).toMatch(/-bios \S+fw_dynamic.bin -kernel u-boot.bin -drive \S+boot.img -device virtio-blk-device,bus=\S+bus.7,/);
  expect(made("virtio0", "virtio7")).toContain("-device virtio-blk-device,bus=virtio-mmio-bus.6,drive=boot");
  expect(made()).not.toContain("-dtb");
});

test("the demo's machine", () => {
  const partitions = [
    { guest: "linux", devices: [{ name: "virtio0" }, { name: "virtio1" }] },
    { guest: "plc", devices: [] },
  ];
  expect(qemuArguments({ board, partitions, image: "build/demo/image.bin", disk: "build/demo/disk.img" })).toEqual([
    ...["-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-smp", "4", "-m", "1024M"],
    ...["-kernel", "build/demo/image.bin"],
    ...["-global", "virtio-mmio.force-legacy=false"],
    ...["-drive", "if=none,id=disk0,format=raw,snapshot=on,file=build/demo/disk.img"],
    ...["-device", "virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.0"],
    ...["-netdev", "user,id=network0", "-device", "virtio-net-device,netdev=network0,bus=virtio-mmio-bus.1"],
  ]);
});

test("another board is another machine: only board.yaml says which", () => {
  const gicv2 = qemuArguments({ board: boardOf("qemu-aarch64-gicv2"), partitions: [], image: "image.bin", disk: undefined });
  expect(gicv2.slice(0, 8)).toEqual([
    "-M",
    "virt,virtualization=on,gic-version=2",
    "-cpu",
    "cortex-a53",
    "-smp",
    "4",
    "-m",
    "1024M",
  ]);
  const two = { ...board, cpus: { ...board.cpus, mpidr: [0, 1] }, ram: [{ base: 0x80000000, size: 0x10000000 }] };
  expect(qemuArguments({ board: two, partitions: [], image: "image.bin", disk: undefined }).slice(4, 8)).toEqual([
    "-smp",
    "2",
    "-m",
    "256M",
  ]);
});

test("a machine that has more CPUs than the board pCPUs is told so", () => {
  const versal = qemuArguments({ board: boardOf("xlnx-versal-virt"), partitions: [], image: "image.bin", disk: undefined });
  expect(versal.slice(0, 8)).toEqual(["-M", "xlnx-versal-virt", "-cpu", "cortex-a72", "-smp", "4", "-m", "1024M"]);
});

test("two Linux partitions: each has its own disk and network, on the buses of its own devices", () => {
  const partitions = [
    { guest: "linux", devices: [{ name: "virtio0" }, { name: "virtio1" }] },
    { guest: "linux", devices: [{ name: "virtio8" }] },
  ];
  const made = qemuArguments({ board, partitions, image: "image.bin", disk: "a,b.img" });
  expect(made.filter((argument) => argument.startsWith("virtio-"))).toEqual([
    "virtio-mmio.force-legacy=false",
    "virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.0",
    "virtio-net-device,netdev=network0,bus=virtio-mmio-bus.1",
    "virtio-blk-device,drive=disk1,bus=virtio-mmio-bus.8",
  ]);
  expect(made).toContain("if=none,id=disk1,format=raw,snapshot=on,file=a,,b.img");
});

describe("what stands behind a Linux partition's devices", () => {
  const drives = (names: readonly string[], disk: string | undefined): string[] => {
    const partitions = [{ guest: "linux", devices: names.map((name) => ({ name })) }];
    const made = qemuArguments({ board, partitions, image: "", disk });
    return made.filter((argument) => /^(if=|user,|virtio-(blk|net))/.test(argument));
  };
  const disk = "if=none,id=disk0,format=raw,snapshot=on,file=disk.img";

  test.each<[readonly string[], string | undefined, readonly string[]]>([
    [[], "disk.img", []],
    [["virtio0"], undefined, []],
    [["virtio0"], "disk.img", [disk, "virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.0"]],
    [["rtc"], "disk.img", []],
    [["rtc", "virtio2", "virtio1", "virtio0"], "disk.img",
      [disk, "virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.2", "user,id=network0",
        "virtio-net-device,netdev=network0,bus=virtio-mmio-bus.1"]],
    [["none", "virtio1"], "disk.img", [disk, "virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.1"]],
    [["virtio0", "virtio1"], undefined, ["user,id=network0", "virtio-net-device,netdev=network0,bus=virtio-mmio-bus.1"]],
  ])("%j, with the disk %s", (devices, image, expected) => expect(drives(devices, image)).toEqual(expected));

  test("nothing behind those of other guests", () => {
    const plc = [{ guest: "plc", devices: [{ name: "virtio0" }] }];
    expect(qemuArguments({ board, partitions: plc, image: "", disk: "disk.img" }).join()).not.toContain("disk.img");
  });
});

test("memory of several banks is counted together; a wish for the machine stands behind it", () => {
  const banks = { ...board, ram: [{ base: 0, size: 0x1000_0000 }, { base: 0x4000_0000, size: 0x800_0000 }] };
  expect(machineArguments(banks).slice(-2)).toEqual(["-m", "384M"]);
  expect(machineArguments(board, ",dumpdtb=x").slice(0, 2)).toEqual(["-M", `${machineArguments(board)[1]},dumpdtb=x`]);
});

test("with firmware where every bus is another's, it starts from NVMe", () => {
  const firmware = { program: "u-boot.bin", control: undefined, disk: "boot.img" };
  const bare = { ...board, devices: {} };
  expect(qemuArguments({ board: bare, partitions: [], image: "", disk: undefined, firmware }).join(" ")).toContain(
    "-kernel u-boot.bin -drive if=none,id=boot,format=raw,snapshot=on,file=boot.img -device nvme,serial=axv,drive=boot",
  );
});

test("a board that QEMU is not", () => {
  const real = { ...board, name: "plc-3568", boot: { ...board.boot, qemu: undefined } };
  expect(() => qemuArguments({ board: real, partitions: [], image: "", disk: undefined })).toThrow(
    /plc-3568 cannot be emulated: boot its image on the board/,
  );
});

test("gdb: QEMU waits, and the command is complete", () => {
  expect(gdbArguments(1234)).toEqual(["-S", "-gdb", "tcp:127.0.0.1:1234"]);
  expect(gdbCommand("build/core/core.elf", ".", 0x40200000, 1234)).toBe(
    "gdb-multiarch -d . -ex 'add-symbol-file build/core/core.elf -o 0x40200000' -ex 'target remote 127.0.0.1:1234'",
  );
});
