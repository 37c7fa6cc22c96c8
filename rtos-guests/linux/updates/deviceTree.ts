// Where this partition's mailbox is: the device tree, as Linux shows it in /proc, has a node "mailbox@…" for it, and its
// `compatible` tells it from a board's own. Its `reg` has two cells of address, two of size (Devicetree Specification, 2.3.6).
import { addressOf, getdents64, openat, read } from "../../../build/generated/linux";
import { bound } from "../../../build/generated/cpu";
import { AT_FDCWD, O_RDONLY, pathOf } from "../program";

const NODE = "mailbox@";
const COMPATIBLE = "axv,mailbox";

// struct linux_dirent64 (man 2 getdents): its length, and its NUL-terminated name.
const ENTRY_LENGTH: u32 = 16;
const ENTRY_NAME: u32 = 19;
const ENTRY_MIN: u32 = 24; // a multiple of 8
const ENTRIES_BYTES: u32 = 4096;
const PARTS_MAX: u32 = 64; // of a directory, each so long
const entries: u32 = <u32>memory.data(ENTRIES_BYTES, 8);

const REG_BYTES: u32 = 16;
const PROPERTY_BYTES: u32 = 64;
const property: u32 = <u32>memory.data(PROPERTY_BYTES, 8);

export let mailboxAddress: u64 = 0;
export let mailboxBytes: u64 = 0;

/** The bytes at `at` begin as the text does. */
function beginsWith(at: u32, text: string): bool {
  const length = <u32>text.length;
  for (let i: u32 = 0; i < length; i++) {
    bound(i, PROPERTY_BYTES);
    if (load<u8>(at + i) != <u8>load<u16>(changetype<usize>(text) + (<usize>i << 1))) return false;
  }
  return true;
}

/** Reads that property of a node; gives back how many bytes there are. */
function readProperty(node: u64, name: string): i64 {
  const file = <i64>openat(node, pathOf(name), O_RDONLY);
  return file < 0 ? 0 : <i64>read(file, addressOf(property), PROPERTY_BYTES);
}

/** The node of that name is the mailbox's. */
function takeNode(root: u64, name: u32): bool {
  const node = <i64>openat(root, addressOf(name), O_RDONLY);
  if (node < 0) return false;
  if (readProperty(node, "compatible") != COMPATIBLE.length + 1 || !beginsWith(property, COMPATIBLE)) return false;
  if (readProperty(node, "reg") != REG_BYTES) return false;
  mailboxAddress = bswap<u64>(load<u64>(property));
  mailboxBytes = bswap<u64>(load<u64>(property, 8));
  return true;
}

/** False: there is none. */
export function findMailbox(): bool {
  const root = <i64>openat(AT_FDCWD, pathOf("/proc/device-tree"), O_RDONLY);
  if (root < 0) return false;
  for (let part: u32 = 0; part < PARTS_MAX; part++) {
    bound(part, PARTS_MAX);
    const bytes = <i64>getdents64(root, addressOf(entries), ENTRIES_BYTES);
    if (bytes <= 0) return false;
    let at: u32 = 0;
    for (let i: u32 = 0; at + ENTRY_MIN <= <u32>bytes; i++) {
      bound(i, ENTRIES_BYTES / ENTRY_MIN);
      const name = entries + at + ENTRY_NAME;
      if (beginsWith(name, NODE) && takeNode(root, name)) return true;
      at += max<u32>(load<u16>(entries + at + ENTRY_LENGTH), ENTRY_MIN);
    }
  }
  return false;
}
