// Writes a cpio archive in the "newc" format that Linux unpacks as its initramfs (kernel: Documentation/driver-api/early-
// userspace/buffer-format.rst). The same entries always give the same bytes: no times, owner root, inodes counted up.
//
//   each entry   "070701"  13 fields of 8 hexadecimal digits  name NUL  pad to 4  data  pad to 4
//   at the end   an entry named TRAILER!!!

export interface CpioEntry {
  readonly name: string; // relative: "bin/busybox"
  readonly mode: number; // type and permissions, as stat(2) has them
  readonly data?: Uint8Array; // contents, or where a symbolic link leads
  readonly device?: readonly [major: number, minor: number];
}

// Types of file, inode(7).
const DIRECTORY = 0o040000;
const FILE = 0o100000;
const SYMLINK = 0o120000;
const CHARACTER_DEVICE = 0o020000;

const MAGIC = "070701";
const TRAILER: CpioEntry = { name: "TRAILER!!!", mode: 0 };
const ALIGNMENT = 4;

export const directory = (name: string): CpioEntry => ({ name, mode: DIRECTORY | 0o755 });
export const file = (name: string, data: Uint8Array): CpioEntry => ({ name, mode: FILE | 0o644, data });
export const program = (name: string, data: Uint8Array): CpioEntry => ({ name, mode: FILE | 0o755, data });
export const symlink = (name: string, to: string): CpioEntry => ({ name, mode: SYMLINK | 0o777, data: Buffer.from(to) });
export const characterDevice = (name: string, major: number, minor: number): CpioEntry => ({
  name,
  mode: CHARACTER_DEVICE | 0o600,
  device: [major, minor],
});

const padding = (length: number): Buffer => Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);

export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [index, entry] of [...entries, TRAILER].entries()) {
    const { name, mode, data = Buffer.alloc(0), device = [0, 0] } = entry;
    const nameBytes = Buffer.from(`${name}\0`);
    const inode = index + 1;
    // c_ino c_mode c_uid c_gid c_nlink c_mtime c_filesize c_maj c_min c_rmaj c_rmin c_namesize c_chksum
    const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, device[0], device[1], nameBytes.length, 0];
    const header = MAGIC + fields.map((field) => field.toString(16).padStart(8, "0")).join("");
    parts.push(Buffer.from(header), nameBytes, padding(header.length + nameBytes.length), data, padding(data.length));
  }
  return Buffer.concat(parts);
}
