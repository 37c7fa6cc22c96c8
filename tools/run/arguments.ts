// What QEMU is told so that it is the board of a plan: the machine, the image, and what stands behind the devices that
// partitions own.
import type { Board } from "../../boards/schema.ts";
import { pcpusOf } from "../../partitions/isas.ts";
import type { PlannedDevice } from "../../partitions/plan/plan.ts";
import { TARGETS } from "../build/targets/index.ts";
import { RunError } from "./errors.ts";

const MIB = 1024 * 1024;

/** The guest whose devices get a disk and a network behind them, in this order. */
const LINUX_GUEST = "linux";

type Devices = readonly Pick<PlannedDevice, "name">[];

export interface QemuSystem {
  readonly board: Board;
  readonly partitions: readonly { readonly guest: string; readonly devices: Devices }[];
  readonly image: string;
  /** A raw disk image; needed when a Linux partition owns a device. */
  readonly disk: string | undefined;
  /** What starts first, and finds the image on a disk of its own; undefined: QEMU loads the image. */
  readonly firmware?: FirmwareFiles | undefined;
}

export interface FirmwareFiles {
  readonly program: string;
  /** Its own device tree, with the keys that it trusts; undefined: it takes the machine's. */
  readonly control: string | undefined;
  /** A raw disk image with the system on it. */
  readonly disk: string;
}

/** The machine alone. `wish`: more of it, behind a comma. */
export function machineArguments(board: Board, wish = ""): string[] {
  const { qemu } = board.boot;
  if (qemu === undefined) throw new RunError("AXV_NO_QEMU_BOARD", board.name);
  const memory = board.ram.reduce((sum, { size }) => sum + size, 0) / MIB;
  return ["-M", qemu.machine + wish, "-cpu", qemu.cpu, "-smp", String(qemu.smp ?? pcpusOf(board).length), "-m", `${memory}M`];
}

export function qemuArguments({ board, partitions, image, disk, firmware }: QemuSystem): string[] {
  const own = TARGETS[board.isa].emulator.firmware;
  const linux = partitions.filter(({ guest }) => guest === LINUX_GUEST);
  return [
    ...machineArguments(board),
    ...(own === undefined ? [] : ["-bios", own.path]),
    ...(firmware === undefined
      ? ["-kernel", image] : firmwareArguments(board, firmware, linux.flatMap(({ devices }) => devices))),
    // Debian's kernels speak virtio 1.0 only over transports that are not "legacy" (virtio 1.2, 4.2.4).
    ...["-global", "virtio-mmio.force-legacy=false"],
    ...linux.flatMap((partition, at) => linuxDevices(board, partition.devices, disk, at)),
  ];
}

/**
 * U-Boot looks at one virtio disk, the first; where that is Linux', it goes on to NVMe. On RISC-V, where OpenSBI starts it, it
 * has no NVMe: there it finds the disk on the last bus first.
 */
function firmwareArguments(board: Board, { program, control, disk }: FirmwareFiles, taken: Devices): string[] {
  const buses = Object.entries(board.devices).flatMap(([name, { qemu_bus: bus }]) =>
    (bus === undefined || taken.some((each) => each.name === name) ? [] : [bus]));
  const onVirtio = (bus: string): string => `virtio-blk-device,bus=${bus}`;
  const [first, last] = [buses[0], buses.at(-1)];
  const start = control === undefined ? ["-kernel", program] : ["-bios", program, "-dtb", control];
  const virtio = control === undefined ? last : taken.length > 0 ? undefined : first;
  const device = virtio === undefined ? "nvme,serial=axv" : onVirtio(virtio);
  return [...start, ...driveArguments(disk, "boot"), "-device", `${device},drive=boot`];
}

/** The first device is a disk, the second one a network. */
function linuxDevices(board: Board, devices: Devices, disk: string | undefined, at: number): string[] {
  const [diskBus, networkBus] = devices.map(({ name }) => board.devices[name]?.qemu_bus).filter((bus) => bus !== undefined);
  const network = ["-netdev", `user,id=network${at}`, "-device", `virtio-net-device,netdev=network${at},bus=${networkBus}`];
  const storage = diskBus !== undefined && disk !== undefined ? diskArguments(disk, diskBus, at) : [];
  return [...storage, ...(networkBus !== undefined ? network : [])];
}

const diskArguments = (disk: string, bus: string, at: number): string[] =>
  [...driveArguments(disk, `disk${at}`), "-device", `virtio-blk-device,drive=disk${at},bus=${bus}`];

/** snapshot: what is written goes into a nameless temporary file; so runs do not disturb each other, nor the next one. */
function driveArguments(disk: string, id: string): string[] {
  const file = disk.replaceAll(",", ",,"); // a comma ends a value, two are one
  return ["-drive", `if=none,id=${id},format=raw,snapshot=on,file=${file}`];
}
