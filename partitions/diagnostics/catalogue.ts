// Every mistake the planner knows, with its stable code: the one table of them. A code is never used for anything
// else once published. test/partitions/diagnostics.test.ts holds a bad file for each.
import { suggest } from "./suggest.ts";
import type { Problem } from "./diagnostic.ts";
import { oneLine } from "../source/text.ts";

// What stands in them of others' text is shown, not obeyed by the terminal, and cut when it is very long.
const problem = (severity: Problem["severity"]) => (code: string, message: string, remedy: string): Problem => ({
  code,
  severity,
  message: oneLine(message),
  remedy: oneLine(remedy),
});
const error = problem("error");
const warning = problem("warning");

// 00x: the file itself
export const fileUnreadable = (file: string, reason: string): Problem =>
  error("AXV-P001", `${file} cannot be read: ${reason}`, "give the path of a file that is there and readable");
export const yamlSyntax = (reason: string, remedy = "mind indentation, quotes and brackets up to this point"): Problem =>
  error("AXV-P002", `this is no valid YAML: ${reason}`, remedy);
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
export const tooManyChannels = (count: number, limit: number): Problem =>
  error("AXV-P063", `${count} channels are more than the hypervisor has room for`, `describe at most ${limit}`);
/** `what`: "a list"; or the key itself, in quotes. */
export const badKey = (what: string): Problem =>
  error("AXV-P009", `${what} cannot stand in front of a colon`, "write a plain name there, another one");
export const notUtf8 = (byte: number): Problem =>
  error("AXV-P091", `the byte 0x${byte.toString(16)} here is no UTF-8`, "save the file as UTF-8");
/** `line`: as it is written. */
export const yamlDirective = (line: string): Problem =>
  error(
    "AXV-P092",
    line.startsWith("%YAML")
      ? `${line}: files here are YAML 1.2, and another version would give other numbers and truth values`
      : `${line}: files here know no such directive`,
    "remove the line",
  );
export const cmdlineTooLong = (bytes: number, most: number): Problem =>
  error("AXV-P093", `the command line has ${bytes} bytes, and a kernel keeps ${most}`, "shorten it");
export const treeTooLarge = (bytes: number, most: number): Problem =>
  error(
    "AXV-P094",
    `the device tree of this partition has ${bytes} bytes, and ${most} are reserved for it`,
    "give it fewer devices or channels, or shorten what its board says of its devices",
  );

/** A board's, that cannot be true beside another one. */
export const boardFact = (reason: string, remedy: string): Problem => error("AXV-P095", reason, remedy);

/** `file`, `tree`: what they say of it. */
export const boardDiffers = (what: string, file: string, tree: string, remedy: string): Problem =>
  error("AXV-P166", `${what}: the file says ${file}, the tree says ${tree}`, remedy);

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
export const unknownColours = (colours: readonly number[], board: string, count: number): Problem =>
  error(
    "AXV-P018",
    `the last-level cache of ${board} has no colour ${colours.join(", ")}`,
    count === 1 ? "remove it: its pages cannot be told apart" : `use 0 to ${count - 1}`,
  );
export const unknownWays = (groups: readonly number[], board: string, count: number): Problem =>
  error("AXV-P019", `the cluster of ${board} has no way group ${groups.join(", ")}`, `use 0 to ${count - 1}`);
export const unknownBase = (name: string, known: readonly string[]): Problem =>
  error("AXV-P017", `there is no "${name}" to extend`, suggest(name, known));
export const extendedInCircle = (name: string): Problem =>
  error("AXV-P098", `"${name}" is extended by what it extends itself`, "let one of them stand by itself, with all keys");

// 02x: one thing given to two
export const cpuTaken = (cpu: number, owner: string, free: readonly number[] | undefined): Problem =>
  error(
    "AXV-P020",
    `pCPU ${cpu} already belongs to partition "${owner}"; a pCPU runs one vCPU for life, and that one has its timers`,
    free?.[0] === undefined
      ? `remove it here or there${free === undefined ? "" : ": no pCPU of the board is free"}`
      : `use a free one: ${free.join(", ")}`,
  );
export const deviceTaken = (device: string, owner: string): Problem =>
  error("AXV-P021", `device "${device}" already belongs to partition "${owner}"`, "remove it here or there");
/** `line`: what it is called: SPI 40. */
export const interruptTaken = (line: string, owner: string): Problem =>
  error("AXV-P022", `${line} already belongs to ${owner}`, "remove it here or there: an interrupt has one owner");
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
/** `free`: where a mailbox that nobody has placed can be instead. */
export const ipaOverlap = (what: string, span: string, other: string, theirs: string, free?: string): Problem =>
  error(
    "AXV-P025",
    `in the partition's own address space (IPA), ${what} at ${span} overlaps ${other} at ${theirs}`,
    free === undefined
      ? "choose another `ipa`, or less memory"
      : `write \`mailbox: { ipa: ${free} }\`, or another place that the guest has mapped, or less memory`,
  );
export const builtInOverlap = (what: string, span: string, other: string, theirs: string): Problem =>
  error(
    "AXV-P097",
    `${what} at ${span} overlaps ${other} at ${theirs} in the address space of this guest, which has them built in`,
    "correct `machine` in its profile, or give it fewer pCPUs",
  );
export const interruptReserved = (spi: number, use: string): Problem =>
  error("AXV-P026", `SPI ${spi} is ${use}`, "choose an SPI of a device of the board");
/** `intid`: of a timer, if it was that what was meant. */
export const timerTaken = (intid: number, timer: string, owner: string): Problem =>
  error(
    "AXV-P027",
    `SPI ${intid} already belongs to ${owner}; and the ${timer}, INTID ${intid}, can be given to nobody: each pCPU has its own`,
    "remove it here and there: a partition has the timers of its pCPUs without asking",
  );
export const coloursTaken = (colours: readonly number[], owner: string): Problem =>
  error(
    "AXV-P028",
    `colour ${colours.join(", ")} of the cache already belongs to partition "${owner}"`,
    "remove it here or there: two coloured partitions share no set of the cache",
  );
export const waysTaken = (groups: readonly number[], owner: string): Problem =>
  error(
    "AXV-P029",
    `way group ${groups.join(", ")} of the cache already belongs to partition "${owner}"`,
    "remove it here or there: a group is one partition's, or everybody's",
  );

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
export const imageBeyondRam = (span: string, ram: string): Problem =>
  error(
    "AXV-P096",
    `the image at ${span}, with all that partitions are loaded with, is not all RAM that firmware leaves`,
    `it has to fit into ${ram}: use smaller images`,
  );
export const sparesExhausted = (needed: number, available: number): Problem =>
  error(
    "AXV-P034",
    `consoles and channels need ${needed} spare SPIs, and the board has ${available}`,
    "describe fewer channels: each takes two",
  );
export const tooManyTables = (needed: number, available: number): Problem =>
  error(
    "AXV-P035",
    `mapping all this memory takes ${needed} translation tables, and the hypervisor has ${available}; each 2M of ` +
      "coloured memory takes one",
    "give the coloured partitions less memory: 128M in all fit as a rule",
  );
export const coloursExhausted = (wanted: string, share: string, spread: string, largest: string): Problem =>
  error(
    "AXV-P036",
    `${wanted} of ${share} spread over ${spread} of RAM, and the largest stretch left is ${largest}`,
    "give it more colours or less memory",
  );
export const waysExhausted = (count: number): Problem =>
  error(
    "AXV-P037",
    `all ${count} way groups of the cache are given away, and the hypervisor and who has none of its own need one`,
    "leave one group to nobody",
  );
export const noHousekeeper = (owners: string): Problem =>
  error(
    "AXV-P038",
    `no pCPU is left for the hypervisor's housekeeping: all of them belong to ${owners}, with direct interrupts, a ` +
      "limited bandwidth, or a PMU that would count the hypervisor's work",
    "leave a pCPU of the board to no partition, or write `interrupts: injected`, and no `bandwidth` or `pmu`, in one of them",
  );
export const ipaBeyond = (what: string, span: string, bits: number, board: string, limit: string): Problem =>
  error(
    "AXV-P039",
    `${what} at ${span} (IPA) is not all below ${limit}: the pCPUs of ${board} have guest addresses of ${bits} bits`,
    `place it lower: it may end at ${limit}`,
  );

// 04x: what does not go together
export const dmaNeedsIdentity = (device: string, ipa: string): Problem =>
  error(
    "AXV-P040",
    `"${device}" reads and writes memory by itself (DMA), at physical addresses as no SMMU stands behind it, but ` +
      `this partition's memory is at IPA ${ipa}`,
    "write `memory: { size: …, ipa: identity }`, or give the device to a partition whose memory is at IPA = PA",
  );
/** `ways`: the board can part its cache that way, too. */
export const coloursWithDma = (device: string, ways: boolean): Problem =>
  error(
    "AXV-P041",
    `"${device}" reads and writes memory by itself (DMA), at physical addresses as no SMMU stands behind it, but ` +
      "coloured memory is at IPA ≠ PA",
    ways
      ? "write `cache: { ways: [0] }`, which leaves the memory where it is, or give the device to another partition"
      : "remove `cache`, or give the device to another partition; this board has no `ways` to use instead",
  );
export const coloursNotIdentity = (from: string): Problem =>
  error(
    "AXV-P042",
    `coloured memory is spread over RAM, so it cannot be at IPA = PA, as ${from} says`,
    "write `memory: { size: …, ipa: 0x40000000 }`, or remove `cache`",
  );
export const coloursNotAt = (): Problem =>
  error(
    "AXV-P043",
    "coloured memory is spread over RAM, together with that of all other coloured partitions",
    "remove `at`",
  );
export const channelColours = (size: string, owners: string): Problem =>
  error(
    "AXV-P044",
    `a channel of ${size} would take colours of the cache that belong to ${owners}`,
    "make it smaller, or leave more colours side by side that are nobody's or its partners'",
  );
export const noWays = (board: string, colours: number): Problem =>
  error(
    "AXV-P045",
    `${board} has no cluster whose cache can be parted by ways (Arm DSU)`,
    colours === 1 ? "remove it" : `write \`cache: { colours: 0-${Math.max(0, colours / 4 - 1)} }\`, or remove it`,
  );
export const bandwidthWithPmu = (): Problem =>
  error(
    "AXV-P046",
    "the bandwidth is measured by the PMU, which `pmu: true` gives to the partition itself",
    "remove one of the two",
  );
export const bandwidthWithDirect = (): Problem =>
  error(
    "AXV-P047",
    "a partition with direct interrupts takes none of the hypervisor's, so it cannot be held when its budget is used up",
    "remove `bandwidth`, or write `interrupts: injected`",
  );
export const bandwidthUnwired = (board: string): Problem =>
  error(
    "AXV-P048",
    `the PMU of ${board} has no interrupt, so nobody would notice when a budget is used up`,
    "remove it",
  );
export const budgetTooSmall = (budget: number, least: number, vcpus: number): Problem =>
  error(
    "AXV-P049",
    `a budget of ${budget} bytes is less than one cache line` +
      `${vcpus === 1 ? "" : ` for each of ${vcpus} vCPUs`}: it would never run`,
    `write at least ${least}, such as 64K`,
  );

/** `why`: as its board.yaml says. */
export const cacheUnknown = (board: string, why: string): Problem =>
  error(
    "AXV-P078",
    `nothing is known of the caches of ${board} (${why}): there are no colours, and no lines to count a bandwidth in`,
    "remove it, or say in its board.yaml which `caches` it has",
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
export const imageIsa = (file: string, isa: string, wanted: string): Problem =>
  error(
    "AXV-P054",
    `${file} is for ${isa}, and the board's CPUs are ${wanted}`,
    `give an image that is built for ${wanted}`,
  );
export const imageNoCode = (file: string, wanted: string): Problem =>
  warning(
    "AXV-P186",
    `${file} does not look like code of ${wanted}: it has no header, and functions do not return in it as they do there`,
    "give the image as its build leaves it, not compressed; `axv-part guest probe` says what a file is",
  );
export const imageGranule = (file: string, granule: string, board: string, granules: readonly string[]): Problem =>
  error(
    "AXV-P064",
    `${file} is a kernel for pages of ${granule}, and the pCPUs of ${board} have ${granules.join(" and ")}: it would ` +
      "stop without a word",
    `give a kernel for pages of ${granules.join(" or ")}`,
  );
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
export const imageSaysItself = (key: "load" | "entry", format: string): Problem =>
  error(
    "AXV-P059",
    `the image is ${format}, which says itself where it ${key === "load" ? "goes" : "is entered"}`,
    `remove "${key}"`,
  );
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
export const notColoured = (name: string, colours: number, owners: string, remedy: string): Problem =>
  warning(
    "AXV-P061",
    `"${name}" is not coloured: its memory uses all ${colours} colours of the cache, also those of ${owners}`,
    remedy,
  );
export const timerMeant = (intid: number, timer: string): Problem =>
  warning(
    "AXV-P062",
    `this is SPI ${intid}; the ${timer}, INTID ${intid}, is no SPI: each pCPU has its own`,
    "if it was meant, remove it: a partition has the timers of its pCPUs without asking",
  );
export const consoleDeaf = (profile: string, spi: number, owner: string | undefined): Problem =>
  warning(
    "AXV-P065",
    `what is typed into this console is not heard by interrupt: SPI ${spi}, which "${profile}" guests have built in ` +
      `for their UART, ${owner === undefined ? "is none of the board's for consoles" : `rings "${owner}"`}`,
    owner === undefined ? "use a build of it for this board" : "type into that one only, or use a build with another one",
  );

export const trustWithoutDirect = (): Problem =>
  error(
    "AXV-P066",
    "only with `interrupts: direct` is a CPU interface the partition's own: otherwise there is nothing to trust it with",
    "add `interrupts: direct`, or remove it",
  );
export const trustOnGicv2 = (board: string): Problem =>
  error(
    "AXV-P067",
    `${board} has a GICv2, where SGIs are sent by a register of the distributor (GICD_SGIR), which nobody can be given`,
    "remove it: there nothing else of its CPU interface is trapped",
  );
export const trustAffinity = (affinities: readonly string[]): Problem =>
  error(
    "AXV-P068",
    "it would send its SGIs to other pCPUs than it means: it sees its vCPUs as 0x0, 0x1, …, and trusted ones name " +
      `pCPUs by their affinity, here ${affinities.join(", ")}`,
    "give it pCPUs with just these affinities, in order, or one pCPU, or remove it",
  );

export const notOnRiscv = (what: string, remedy: string): Problem =>
  error("AXV-P181", `a RISC-V board has no ${what}`, remedy);
export const notDirect = (why: string, remedy: string): Problem =>
  error("AXV-P184", `interrupts cannot be direct: ${why}`, remedy);
/** `key`: as a profile has it. */
export const profileIsa = (guest: string, isa: string, board: string, boardIsa: string, key: string): Problem =>
  error(
    "AXV-P185",
    `guest profile "${guest}" is for ${isa}, and ${board} is a board of ${boardIsa}`,
    `choose a board of ${isa}, or a profile for ${boardIsa} (\`isa: ${key}\`)`,
  );

/** `reader`: the partition that has it. */
export const telemetryTaken = (reader: string): Problem =>
  error(
    "AXV-P076",
    `"${reader}" already reads along what leaves by the UART, and there is one such stream`,
    "remove it from one of the two",
  );

/** Of a partition that is to be updated by itself. */
export const updateWrong = (why: string, remedy: string): Problem => error("AXV-P182", why, remedy);
/** `image`: bytes of the image that is there; `room`: those that can be where it is. */
export const updateTooLarge = (size: string, partition: string, image: string, room: string): Problem =>
  error(
    "AXV-P183",
    `new images of up to ${size} are no use for "${partition}": its image has ${image} now, and ${room} fit there`,
    `write a size between these two`,
  );

/** `why`: what is wrong with it. */
export const controlsNobody = (why: string, remedy: string): Problem => error("AXV-P077", why, remedy);

/** `healthyAfter`: microseconds. */
export const trialTooShort = (healthyAfter: number): Problem =>
  error(
    "AXV-P079",
    `a system on trial is healthy after ${healthyAfter / 1000} ms at the earliest, and would have to be committed before`,
    "write a longer `commit_within`, or a shorter `healthy_after`",
  );

/** `owner`: the partition that drives it. */
export const dmaReachesAll = (device: string, owner: string): Problem =>
  warning(
    "AXV-P069",
    `"${device}" reads and writes memory by itself (DMA), and no IOMMU stands behind it: through it "${owner}" ` +
      "reaches all memory of the board, the hypervisor's and every partition's",
    "write `accepts: [dma]` in the partition if its guest is trusted that far, or remove the device",
  );

// 08x: the process image's channel
export const imageUnnamed = (partition: string, count: number, first: string): Problem =>
  warning(
    "AXV-P082",
    `"${partition}" writes a process image, and none of its ${count} channels is said to carry it: so "${first}" ` +
      "does, the first by name",
    'call the one that is to carry it "process-image", or give it `carries: process-image`',
  );
export const imageTwice = (partition: string, channels: readonly string[]): Problem =>
  error(
    "AXV-P083",
    `"${partition}" writes one process image, and ${channels.join(" and ")} are both to carry it`,
    "take `carries: process-image` away from all but one",
  );
export const imageUnwritten = (channel: string, ends: readonly string[]): Problem =>
  warning(
    "AXV-P084",
    `nobody writes the process image that "${channel}" carries: neither ${ends.join(" nor ")} does`,
    "let one of its ends be the PLC, or give the channel another name",
  );
export const imageUnread = (channel: string, ends: readonly string[]): Problem =>
  warning(
    "AXV-P085",
    `nobody reads the process image that "${channel}" carries: ${ends.join(" and ")} only write theirs`,
    "let one of its ends be a guest that reads it, such as linux",
  );

// 09x: the planner contradicts itself; see plan/prove.ts
export const unsound = (reason: string): Problem =>
  error(
    "AXV-P090",
    `the finished plan is not sound: ${reason}`,
    "this is a mistake of the planner, not yours: please report it with this file",
  );

// 11x: what boards and systems say of registers, and room
export const initElsewhere = (reg: string, board: string, allowed: readonly string[]): Problem =>
  error(
    "AXV-P110",
    `${board} does not say that ${reg} may be written at first`,
    allowed.length === 0 ? "remove it: its board.yaml has no `init_registers`" : `use a register of ${allowed.join(" or ")}`,
  );
export const initBits = (value: string, mask: string): Problem =>
  error("AXV-P111", `${value} has bits that are not in the mask ${mask}`, "add them to the mask, or take them out of the value");
export const initTwice = (reg: string, owner: string): Problem =>
  error("AXV-P112", `"${owner}" writes other values to bits of ${reg} that this writes`, "let both write the same, or only one");
export const tooMany = (what: string, count: number, most: number): Problem =>
  error("AXV-P113", `${count} ${what} are more than the hypervisor has room for`, `describe at most ${most}, of all partitions`);

// 12x: tags
export const tagTwice = (name: string): Problem =>
  error("AXV-P120", `there are two tags "${name}" in this partition`, "give one of them another name");
export const tagNamesAlike = (name: string, other: string, inC: string): Problem =>
  error("AXV-P121", `"${name}" and "${other}" are both ${inC} in C`, "give one of them another name");
export const tagRange = (reason: string, remedy: string): Problem => error("AXV-P122", `the range ${reason}`, remedy);
export const tagNotNumeric = (key: string, type: string): Problem =>
  error("AXV-P123", `a tag of type ${type} has no ${key}`, `take "${key}" away`);
export const tagClients = (): Problem =>
  error("AXV-P124", "nobody writes a tag that can only be read", 'take "clients" away, or write `access: rw`');
export const tagClient = (client: string): Problem =>
  error("AXV-P125", `${client} is no address and no network`, "write 192.168.1.10, 192.168.1.0/24 or fd00::1");
export const tagRegister = (name: string, owner: string): Problem =>
  error("AXV-P126", `"${name}" has registers, or coils, that are ${owner}'s`, "give it another `register`, or none");
export const tagStructureRegister = (): Problem =>
  error(
    "AXV-P127",
    "a structure has no register of its own: its fields have",
    'take "register" away, or write its fields as tags',
  );
export const tooManyTags = (what: string, most: string): Problem =>
  error("AXV-P128", `${what}, and ${most}`, "take some away, or make them smaller");
export const tagLockBroken = (file: string, reason: string): Problem =>
  error(
    "AXV-P129",
    `${file} cannot be used: ${reason}`,
    "put it back as it was last committed, or remove it and give all addresses anew",
  );
export const tagsUnlocked = (file: string, command: string): Problem =>
  warning("AXV-P130", `the addresses of these tags move with every change, as there is no ${file}`, `keep them: ${command}`);
export const tagMoves = (name: string, from: number, to: number, why: string): Problem =>
  warning(
    "AXV-P131",
    `"${name}" moves from register ${from} to ${to}: ${why}`,
    "tell everybody who reads it, or give the new one another name",
  );
export const tagsOfNobody = (channel: string, ends: readonly string[]): Problem =>
  error(
    "AXV-P132",
    `"${channel}" is to carry tags, and neither ${ends.join(" nor ")} has any`,
    "give one of them `tags:`, or take `carries: tags` away",
  );
export const tagsOfBoth = (channel: string, ends: readonly string[]): Problem =>
  error(
    "AXV-P133",
    `"${channel}" is to carry tags, and both ${ends.join(" and ")} have some`,
    "give each of them a channel of its own, to a partition without tags",
  );
export const tagChannelSmall = (channel: string, needed: string, size: string): Problem =>
  error("AXV-P134", `the tags that "${channel}" carries take ${needed}, and it has ${size}`, `give it \`size: ${needed}\``);
export const tagsTwice = (partition: string, channels: readonly string[]): Problem =>
  error(
    "AXV-P135",
    `"${partition}" has one tag image, and ${channels.join(" and ")} are to carry it`,
    "take `carries: tags` away from all but one",
  );
export const tagUnwritable = (tag: string, bytes: number, most: number, count: number): Problem =>
  error(
    "AXV-P137",
    `"${tag}" takes ${bytes} bytes, and one write to its guest holds ${most}: nobody could ever write it`,
    `give it at most ${count} elements, make several tags of it, or \`access: ro\``,
  );
export const tagsNowhere = (partition: string, lost: "read" | "written"): Problem =>
  warning(
    "AXV-P136",
    lost === "written"
      ? `no channel carries the tags of "${partition}": they can be read over the link, and written by nobody`
      : `no channel carries the tags of "${partition}", and they are too large to be sent over the link: nobody sees them`,
    `add a channel between it and linux, with \`carries: tags\``,
  );

// 14x: bridge.yaml
export const bridgeNobody = (): Problem =>
  error(
    "AXV-P140",
    "this bridge serves nobody",
    "give it `modbus: { listen: 0.0.0.0:502 }`, `opcua:`, `sparkplug:`, `web: { listen: 127.0.0.1:8080 }`, or " +
      "`metrics: { listen: 127.0.0.1:9464 }`",
  );
export const bridgeValuesOf = (partition: string, isKnown: boolean, hasTags: boolean): Problem =>
  error(
    "AXV-P141",
    !isKnown
      ? `the system has no partition "${partition}"`
      : hasTags
        ? `no channel carries the tags of "${partition}"`
        : `"${partition}" has no tags`,
    !isKnown || !hasTags
      ? "name a partition that has `tags:`"
      : "in system.yaml, add a channel between it and linux, with `carries: tags`",
  );
export const bridgeWebOpen = (address: string): Problem =>
  error(
    "AXV-P143",
    `others reach the live page on ${address}, and nobody has to log in there`,
    "give it `users:` (axv-part bridge password prints the hash of a password), or `listen: 127.0.0.1:8080`",
  );
export const bridgeUnaudited = (writes: boolean): Problem =>
  error(
    "AXV-P142",
    writes
      ? "tags can be written from outside, and nothing records who has written them"
      : "partitions can be commanded from outside, and nothing records who has",
    writes
      ? "add `audit: { folder: audit }`, or make all tags `access: ro`"
      : "add `audit: { folder: audit }`, or take `link` away",
  );
export const bridgeCounter = (board: string): Problem =>
  warning(
    "AXV-P144",
    `board ${board} does not say how fast its counter counts: values have the time at which they come, not that of their scan`,
    "write `counter_hz:` (its CNTFRQ_EL0) into this file, or into its board.yaml",
  );

// 17x: a board's own device tree, and what of it goes to whom
export const boardTreeUnreadable = (board: string, file: string, reason: string, isFetched: boolean): Problem =>
  error(
    "AXV-P170",
    `the device tree of ${board}, ${file}, cannot be read: ${reason}`,
    isFetched
      ? "it is fetched from Debian's kernel package: connect this machine to its archive once, or name another by the variable"
      : "put the board's own there: /sys/firmware/fdt of a Linux that runs on it is one",
  );
export const boardTreeBad = (board: string, reason: string): Problem =>
  error(
    "AXV-P171",
    `the device tree of ${board} cannot be used: ${reason}`,
    "take the tree of this board, from its maker or its Linux",
  );
export const deviceNotInTree = (device: string, board: string): Problem =>
  error(
    "AXV-P172",
    `device "${device}" has no node in the device tree of ${board}`,
    "correct its `path` in board.yaml, or its `reg`, by which it is found without one",
  );
export const triggerDiffers = (device: string, spi: number, file: string, tree: string): Problem =>
  error(
    "AXV-P179",
    `SPI ${spi} of "${device}" is ${file} triggered in board.yaml, and ${tree} triggered in the board's device tree`,
    `look at what its \`trigger\` is; of a wrong one interrupts are lost`,
  );
const which = (whose: string | undefined): string => (whose === undefined ? "" : `, which ${whose}`);
export const insideAnothers = (device: string, above: string | undefined, owner: string | undefined): Problem =>
  error(
    "AXV-P173",
    `"${device}" is in ${above ?? "what the hypervisor or firmware has"}${which(owner && `partition "${owner}" has`)}`,
    owner === undefined ? "leave it out: no partition can have it" : "give both to one partition",
  );
/** `nodes`: paths of the device tree. */
export const neededByMany = (nodes: readonly string[], partitions: readonly string[]): Problem =>
  error(
    "AXV-P174",
    `${nodes.join(", ")}: partitions ${partitions.map((name) => `"${name}"`).join(" and ")} need this, and each has one owner`,
    "name each, by path or name, in `devices` of the one that is to have it: the others get fixed clocks, and what it has set",
  );
/** `whose`: in words. */
export const notWithout = (node: string, property: string, target: string | undefined, whose: string | undefined): Problem =>
  error(
    "AXV-P175",
    `${node} does not work without ${target ?? "what the tree has not"} (\`${property}\`)${which(whose)}`,
    whose === undefined || whose.startsWith("partition") ? "give both to one partition, or leave the device out" : "leave it out",
  );
export const rateUnknown = (node: string, clock: string, cells: readonly string[], whose: string | undefined): Problem =>
  error(
    "AXV-P176",
    `${node} has clocks of ${clock}${which(whose)}, and how fast they are is not known: ${cells.join(", ")}`,
    `say it in board.yaml: rates: [{ clock: ${clock}, cells: [${(cells[0] ?? "").replaceAll(" ", ", ")}], hz: 24000000 }, …], ` +
      (whose === undefined || whose.startsWith("partition") ? "or give both to one partition" : "or leave the device out"),
  );
export const tooManyRegions = (count: number, most: number): Problem =>
  error(
    "AXV-P177",
    `with all that its devices need, this partition has ${count} stretches of registers and memory: there is room for ${most}`,
    "give it fewer devices",
  );
export const providedByFirmware = (device: string, what: string, provider: string): Problem =>
  warning(
    "AXV-P180",
    `"${device}" has its ${what} from ${provider}, which is firmware's, and no guest can call that: they stay as it leaves them`,
    'if it is known to leave them on, say so with "accepts: [providers]"',
  );
/** `words`: for the command line of the owner's kernel. */
export const providedByAnother = (
  device: string,
  what: string,
  provider: string,
  owner: string,
  words: readonly string[],
): Problem =>
  warning(
    "AXV-P178",
    `"${device}" has its ${what} from ${provider}, which partition "${owner}" has: that one can change them, or switch them off`,
    (words.length === 0 ? "" : `with "${words.join(" ")}" in its \`cmdline\`, "${owner}" leaves on what it does not use; `) +
      'see what depends on it by `plan --why`; if that is known and accepted, say so with "accepts: [providers]"',
  );
