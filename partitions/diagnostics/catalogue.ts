// Every mistake the planner knows, with its stable code: the one table of them. A code is never used for anything
// else once published. test/partitions/diagnostics.test.ts holds a bad file for each.
import { suggest } from "./suggest.ts";
import type { Problem } from "./diagnostic.ts";

const error = (code: string, message: string, remedy: string): Problem => ({
  code,
  severity: "error",
  message,
  remedy,
});
const warning = (code: string, message: string, remedy: string): Problem => ({
  code,
  severity: "warning",
  message,
  remedy,
});

// 00x: the file itself
export const fileUnreadable = (file: string, reason: string): Problem =>
  error("AXV-P001", `${file} cannot be read: ${reason}`, "give the path of a file that is there and readable");
export const yamlSyntax = (reason: string): Problem =>
  error("AXV-P002", `this is no valid YAML: ${reason}`, "mind indentation, quotes and brackets up to this point");
export const duplicateKey = (key: string): Problem =>
  error("AXV-P003", `"${key}" stands here a second time`, "give it another name, or remove one of the two");
export const unknownKey = (key: string, where: string, known: readonly string[]): Problem =>
  error("AXV-P004", `"${key}" is no key of ${where}`, known.length === 0 ? "remove it" : suggest(key, known));
export const missingKey = (key: string, where: string): Problem =>
  error("AXV-P005", `${where} has no "${key}"`, `add "${key}:"`);
export const badValue = (what: string, written: string, expected: string): Problem =>
  error("AXV-P006", `${what} cannot be ${written}`, `write ${expected}`);
export const badName = (name: string, limit: number): Problem =>
  error("AXV-P007", `"${name}" cannot be a name`, `use at most ${limit} of a-z, 0-9 and "-", the first one a letter`);
export const tooManyPartitions = (count: number, limit: number): Problem =>
  error("AXV-P008", `${count} partitions are more than the hypervisor has room for`, `describe at most ${limit}`);

// 01x: names of things that are not there
export const unknownBoard = (name: string, known: readonly string[]): Problem =>
  error("AXV-P010", `there is no board "${name}"`, suggest(name, known));
export const unknownGuest = (name: string, known: readonly string[]): Problem =>
  error("AXV-P011", `there is no guest profile "${name}"`, suggest(name, known));
export const unknownDevice = (name: string, board: string, known: readonly string[]): Problem =>
  error("AXV-P012", `${board} has no device "${name}" to give away`, suggest(name, known));
export const unknownPartner = (name: string, known: readonly string[]): Problem =>
  error("AXV-P013", `there is no partition "${name}"`, suggest(name, known));
export const unknownCpu = (cpu: number, board: string, count: number): Problem =>
  error("AXV-P014", `${board} has no pCPU ${cpu}`, `use 0 to ${count - 1}`);
export const unknownSpi = (spi: number, board: string, count: number): Problem =>
  error("AXV-P015", `${board} has no SPI ${spi}`, `use 0 to ${count - 1}, numbered as in device trees (INTID - 32)`);
export const channelToItself = (name: string): Problem =>
  error("AXV-P016", `both ends of the channel are "${name}"`, "name two different partitions");
export const unknownBase = (name: string, known: readonly string[]): Problem =>
  error("AXV-P017", `there is no "${name}" to extend`, suggest(name, known));

// 02x: one thing given to two
export const cpuTaken = (cpu: number, owner: string, free: readonly number[] | undefined): Problem =>
  error(
    "AXV-P020",
    `pCPU ${cpu} already belongs to partition "${owner}"; a pCPU runs one vCPU for life`,
    free?.[0] === undefined
      ? `remove it here or there${free === undefined ? "" : ": no pCPU of the board is free"}`
      : `use a free one: ${free.join(", ")}`,
  );
export const deviceTaken = (device: string, owner: string): Problem =>
  error("AXV-P021", `device "${device}" already belongs to partition "${owner}"`, "remove it here or there");
export const interruptTaken = (spi: number, owner: string): Problem =>
  error("AXV-P022", `SPI ${spi} already belongs to ${owner}`, "remove it here or there: an interrupt has one owner");
export const pageShared = (device: string, other: string, owner: string, page: string): Problem =>
  error(
    "AXV-P023",
    `device "${device}" shares the 4 KiB page ${page} with "${other}" of partition "${owner}", and a page has one owner`,
    `give both to one partition, or use a device of another page`,
  );
export const memoryOverlap = (span: string, owner: string, theirs: string): Problem =>
  error(
    "AXV-P024",
    `the memory ${span} overlaps ${owner} at ${theirs}`,
    "choose another `at`, or leave it out to have one chosen",
  );
export const ipaOverlap = (what: string, span: string, other: string, theirs: string): Problem =>
  error(
    "AXV-P025",
    `in the partition's own address space (IPA), ${what} at ${span} overlaps ${other} at ${theirs}`,
    "choose another `ipa`, or less memory",
  );
export const interruptReserved = (spi: number, use: string): Problem =>
  error("AXV-P026", `SPI ${spi} is ${use}`, "choose an SPI of a device of the board");

// 03x: not enough room
export const memoryExhausted = (wanted: string, largest: string, total: string): Problem =>
  error(
    "AXV-P030",
    `no ${wanted} are left: the board has ${total} of RAM, less what the hypervisor and the other partitions have`,
    `the largest stretch left here is ${largest}; ask for less, here or in another partition`,
  );
export const outsideRam = (span: string, ram: string): Problem =>
  error("AXV-P031", `the memory ${span} is not all RAM of the board`, `stay inside ${ram}`);
export const misaligned = (what: string, value: string, alignment: string): Problem =>
  error("AXV-P032", `${what} ${value} is not a multiple of ${alignment}`, `round it to a multiple of ${alignment}`);
export const imageTooLarge = (what: string, needed: string, size: string): Problem =>
  error(
    "AXV-P033",
    `${what} needs ${needed} of memory, and the partition has ${size}`,
    "give the partition more `memory`",
  );
export const sparesExhausted = (needed: number, available: number): Problem =>
  error(
    "AXV-P034",
    `consoles and channels need ${needed} spare SPIs, and the board has ${available}`,
    "describe fewer channels: each takes two",
  );

// 04x: DMA
export const dmaNeedsIdentity = (device: string, ipa: string): Problem =>
  error(
    "AXV-P040",
    `"${device}" reads and writes memory by itself (DMA), at physical addresses as no SMMU stands behind it, but this partition's memory is at IPA ${ipa}`,
    "write `memory: { size: …, ipa: identity }`, or give the device to a partition whose memory is at IPA = PA",
  );

// 05x: images
export const imageMissing = (file: string, reason: string): Problem =>
  error("AXV-P050", `the file ${file} cannot be read: ${reason}`, "give the path of a file, relative to this one");
export const imageNotAsProfile = (file: string, profile: string, reason: string, taken: string): Problem =>
  error("AXV-P051", `${file} is not what guest profile "${profile}" takes: ${reason}`, `give ${taken}`);
export const notForGuest = (key: string, profile: string): Problem =>
  error("AXV-P052", `a "${profile}" guest has no use for "${key}": it takes no device tree`, `remove "${key}"`);
export const imageNotBuilt = (file: string): Problem =>
  warning("AXV-P053", `${file} is not built yet, so its size is not checked`, "`axv-part build` makes it");
export const imageIsa = (file: string, isa: string): Problem =>
  error("AXV-P054", `${file} is for ${isa}, and the board's CPUs are AArch64`, "give an image that is built for AArch64");
export const imageOutsideRam = (file: string, span: string, ram: string): Problem =>
  error(
    "AXV-P055",
    `${file} has to be loaded at ${span}, and the partition's memory is at ${ram} (IPA)`,
    "link it for that memory, or place the memory there: `memory: { size: …, ipa: … }`",
  );
export const entryOutside = (file: string, entry: string, where: string): Problem =>
  error("AXV-P056", `${file} is entered at ${entry}, outside ${where}`, "look at its linker script's ENTRY");
export const imageNeeded = (profile: string): Problem =>
  error("AXV-P057", `guest profile "${profile}" brings no image of its own`, "name yours: `image: <file>`");
export const gicNotForGuest = (profile: string, versions: readonly number[], board: string, version: number): Problem =>
  error(
    "AXV-P058",
    `guest profile "${profile}" needs a GICv${versions.join(" or v")}, and ${board} has a GICv${version}`,
    "choose a board or a guest that suits the other",
  );

// 06x: works, but not as well as it could
export const noSparePcpu = (cpu: number, owner: string): Problem =>
  warning(
    "AXV-P060",
    `the hypervisor's housekeeping will run on pCPU ${cpu} of the real-time partition "${owner}"`,
    "leave a pCPU of the board to no partition",
  );
export const consoleDeaf = (profile: string, spi: number, owner: string | undefined): Problem =>
  warning(
    "AXV-P065",
    `what is typed into this console is not heard by interrupt: SPI ${spi}, which "${profile}" guests have built in for their UART, ${owner === undefined ? "is none of the board's for consoles" : `rings "${owner}"`}`,
    owner === undefined ? "use a build of it for this board" : "type into that one only, or use a build with another one",
  );

// 09x: the planner contradicts itself; see plan/prove.ts
export const unsound = (reason: string): Problem =>
  error(
    "AXV-P090",
    `the finished plan is not sound: ${reason}`,
    "this is a mistake of the planner, not yours: please report it with this file",
  );
