// Proves of each partition of a finished plan, by itself, that it is well formed: address space, entry, loads, devices.
import { TAG_IMAGE_VALUES } from "../../rtos-guests/channel/tagImageLayout.ts";
import { MAX_TAG_BYTES } from "../blob/layout.table.ts";
import { ofPlan } from "../isas.ts";
import type { Plan, PlannedLoad, PlannedPartition, PlannedRegion } from "./plan.ts";
import { inRange } from "./prove-range.ts";
import { breaks, collisions } from "./violation.ts";
import type { Claim, Violation } from "./violation.ts";

const STAGE2_PAGE = 4096;
const EMULATED_PL011 = 0x1000;
const LOAD_STEP = 64;
const REGISTER_BYTES = 4;
const TAG_WORD = 8;
const ON_FAILURE = ["stop", "restart", "inspect"];

export function provePartition(plan: Plan, partition: PlannedPartition): Violation[] {
  const { name, onFailure, watchdogMicroseconds, overrunTag } = partition;
  return [
    ...inRange(plan, "Partition", "onFailure", ON_FAILURE.indexOf(onFailure), ` of ${name}`),
    ...inRange(plan, "Partition", "watchdogMicroseconds", watchdogMicroseconds, ` of ${name}`),
    ...inRange(plan, "Partition", "overrunTag", overrunTag, ` of ${name}`),
    ...proveWindows(plan, partition),
    ...proveRegions(plan, partition),
    ...ofPlan(plan).proveController(plan, partition),
    ...proveMailbox(plan, partition),
    ...proveTagImage(partition),
    ...proveEntry(partition),
    ...proveLoads(plan, partition),
    ...proveDevices(partition),
    ...proveQuiesces(partition),
  ];
}

function windowsOf(plan: Plan, partition: PlannedPartition): Claim[] {
  const { console, telemetry } = partition;
  return [
    ...ofPlan(plan).windowClaims(plan, partition),
    ...(console === 0 ? [] : [{ from: console, to: console + EMULATED_PL011 * (telemetry ? 2 : 1), by: ofPlan(plan).UART }]),
  ];
}

/** What is emulated, where it can be reached, and nothing else is. */
function proveWindows(plan: Plan, partition: PlannedPartition): Violation[] {
  const { name } = partition;
  const windows = windowsOf(plan, partition);
  const odd = windows.filter(({ from, to }) => from < 0 || from % STAGE2_PAGE !== 0 || to > 2 ** plan.ipaBits);
  return [
    ...odd.map(({ by }) => breaks("windows", `${by} of ${name} is nowhere in its address space`)),
    ...collisions(windows).map((reason) => breaks("windows", `in the address space of ${name}, ${reason}`)),
  ];
}

function proveRegions(plan: Plan, partition: PlannedPartition): Violation[] {
  const { name, regions } = partition;
  const windows = windowsOf(plan, partition);
  const mapped = regions.map((region) => ({ from: region.ipa, to: region.ipa + region.size, by: `"${region.name}"` }));
  const between = collisions(windows);
  const over = collisions([...windows, ...mapped]).filter((reason) => !between.includes(reason));
  const of = (wrong: (region: PlannedRegion) => boolean, words: string, promise: Violation["promise"]): Violation[] =>
    regions.filter(wrong).map((region) => breaks(promise, `"${region.name}" of ${name} ${words}`));
  const isWhole = (value: number): boolean => value >= 0 && value % STAGE2_PAGE === 0;
  return [
    ...over.map((reason) => breaks("apart", `in the address space of ${name}, ${reason}`)),
    ...of(({ ipa, pa, size }) => ![ipa, pa, size].every(isWhole) || size === 0, "is not in whole pages", "pages"),
    ...of(({ access }) => !/^r?w?x?$/.test(access), "has rights that are not known", "pages"),
    ...of(({ ipa, size }) => ipa + size > 2 ** plan.ipaBits, `is beyond ${plan.ipaBits} bits of IPA`, "reach"),
    ...of(({ kind, access }) => kind !== "ram" && access.includes("x"), "is no RAM, but executable", "execute"),
    ...of(({ kind, ipa, pa }) => kind === "device" && ipa !== pa, "is not at its PA", "devicePlace"),
  ];
}

/** A page of its own, where the hypervisor looks for it; more only for tags, and for new images of another partition. */
function proveMailbox({ partitions, update }: Plan, partition: PlannedPartition): Violation[] {
  const { name, regions, mailbox, tagImage } = partition;
  const pages: readonly PlannedRegion[] = regions.filter(({ kind }) => kind === "mailbox");
  const isForMore =
    (tagImage !== null && tagImage.ipa === mailbox + STAGE2_PAGE) ||
    (update !== undefined && partitions[update.bringer] === partition);
  const right =
    mailbox === 0
      ? pages.length === 0
      : pages.length === 1 && pages[0]?.ipa === mailbox && (isForMore || pages[0].size === STAGE2_PAGE);
  return right ? [] : [breaks("mailbox", `the mailbox of ${name} is not where the hypervisor looks for it`)];
}

/** Whole words in the mailbox, behind its page, or in a channel. */
function proveTagImage({ name, regions, mailbox, tagImage }: PlannedPartition): Violation[] {
  if (tagImage === null) return [];
  const { ipa, size } = tagImage;
  const isRight = regions.some(
    (region) =>
      (region.kind === "channel" || (region.kind === "mailbox" && ipa >= mailbox + STAGE2_PAGE)) &&
      ipa >= region.ipa &&
      ipa + size <= region.ipa + region.size,
  );
  if (isRight && size > TAG_IMAGE_VALUES && ipa % TAG_WORD === 0 && size % TAG_WORD === 0) return [];
  return [breaks("tagImage", `the tag image of ${name} is not where it has memory for it`)];
}

/** What leaves by the UART is kept for one reader. */
export function proveTelemetry({ partitions }: Plan): Violation[] {
  const readers = partitions.filter(({ telemetry }) => telemetry);
  if (readers.length <= 1 && readers.every(({ console }) => console !== 0)) return [];
  return [breaks("telemetry", `${readers.map(({ name }) => name).join(" and ")} cannot read along`)];
}

/** For the copies of those that the hypervisor sends. */
export function proveTagCopies({ partitions }: Plan): Violation[] {
  const bytes = partitions.reduce((sum, { tagImage }) => sum + (tagImage?.overLink === true ? tagImage.size : 0), 0);
  return bytes <= MAX_TAG_BYTES ? [] : [breaks("tagImage", `tag images of ${bytes} bytes are to be copied`)];
}

const ramAt = (regions: readonly PlannedRegion[], ipa: number): PlannedRegion | undefined =>
  regions.find((region) => region.kind === "ram" && region.ipa <= ipa && ipa < region.ipa + region.size);

function proveEntry({ name, regions, entry, argument }: PlannedPartition): Violation[] {
  const wrong: Violation[] = [];
  if (ramAt(regions, entry)?.access.includes("x") !== true)
    wrong.push(breaks("entry", `${name} is entered outside its RAM`));
  if (argument !== 0 && ramAt(regions, argument) === undefined)
    wrong.push(breaks("argument", `the device tree of ${name} is outside its RAM`));
  return wrong;
}

/** Whatever is copied comes from bytes of its own, and lands in the partition's own RAM, nothing on top of another. */
function proveLoads({ image, partitions }: Plan, { name, regions, loads }: PlannedPartition): Violation[] {
  const bytes = (size: number): number => Math.ceil(size / LOAD_STEP) * LOAD_STEP;
  const wrong = collisions(
    loads.map((load) => ({ from: load.ipa, to: load.ipa + bytes(load.size), by: `${load.name} of ${name}` })),
  ).map((reason) => breaks("loadTarget", reason));
  const stored = ({ size, zeros }: PlannedLoad): number => Math.min(bytes(size), (zeros ?? bytes(size)) + STAGE2_PAGE);
  const all = partitions.flatMap((partition) => partition.loads);
  for (const load of loads) {
    const label = `${load.name} of ${name}`;
    const home = ramAt(regions, load.ipa);
    if (home === undefined || load.ipa + load.size > home.ipa + home.size)
      wrong.push(breaks("loadTarget", `${label} is not in its RAM`));
    const step = home?.colours === undefined ? LOAD_STEP : STAGE2_PAGE;
    if (load.ipa % step !== 0) wrong.push(breaks("loadTarget", `${label} does not begin at a multiple of ${step}`));
    const before = all[all.indexOf(load) - 1];
    const from = before === undefined ? image.loadsFrom : before.source + stored(before);
    if (load.source < from || load.source % LOAD_STEP !== 0)
      wrong.push(breaks("loadSource", `${label} is copied from what is not its own in the image`));
    const zeros = load.zeros ?? bytes(load.size);
    if (zeros > bytes(load.size) || zeros % LOAD_STEP !== 0)
      wrong.push(breaks("loadSource", `the zeros of ${label} do not begin in it, at a multiple of ${LOAD_STEP}`));
    if (load.source + stored(load) > image.size)
      wrong.push(breaks("imageSize", `${label} is copied from behind the image`));
  }
  return wrong;
}

/** All windows of a device are mapped, and all its interrupts are the partition's. */
function proveDevices({ name, regions, interrupts, devices }: PlannedPartition): Violation[] {
  return devices.flatMap(({ name: device, windows, interrupts: own }) => {
    const isMapped = windows.every(({ base, size }) =>
      regions.some(({ kind, pa, size: bytes }) => kind === "device" && pa <= base && base + size <= pa + bytes),
    );
    const isRung = own.every((line) => interrupts.some(({ intid, trigger }) => intid === line.intid && trigger === line.trigger));
    return [
      ...(isMapped ? [] : [breaks("devicePlace", `not all registers of ${device} are in ${name}`)]),
      ...(isRung ? [] : [breaks("lineOwner", `not all interrupts of ${device} are those of ${name}`)]),
    ];
  });
}

function proveQuiesces({ name, regions, devices }: PlannedPartition): Violation[] {
  return devices.flatMap(({ name: device, quiesce }) => {
    if (quiesce === undefined) return [];
    const { pa } = quiesce;
    const home = regions.some(
      (region) => region.kind === "device" && region.pa <= pa && pa + REGISTER_BYTES <= region.pa + region.size,
    );
    return home && pa % REGISTER_BYTES === 0
      ? []
      : [breaks("quiesce", `what silences ${device} is no register of a device of ${name}`)];
  });
}
