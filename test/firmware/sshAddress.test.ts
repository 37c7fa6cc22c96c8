// The address of a disk on another machine, and what is sent to that machine's shell.
import { describe, expect, test } from "vitest";
import { isSshAddress, sshAddress } from "../../tools/firmware/deploy/ssh/address.ts";
import { commandOf } from "../../tools/firmware/deploy/ssh/connection.ts";

describe("an address", () => {
  test.each([
    ["ssh://root@plc/dev/mmcblk0", "ssh://root@plc", "/dev/mmcblk0"],
    ["ssh://10.0.0.7:2222/dev/disk/by-id/usb-0:0", "ssh://10.0.0.7:2222", "/dev/disk/by-id/usb-0:0"],
    ["ssh://root@[fe80::1%eth0]:22/var/disk.img", "ssh://root@[fe80::1%eth0]:22", "/var/disk.img"],
  ])("%s", (name, host, path) => expect(sshAddress(name)).toEqual({ name, host, path }));

  test.each([
    "ssh://plc", "ssh://plc/", "ssh://-oProxyCommand=x/dev/sda", "ssh://-l@plc/dev/sda", "ssh://plc/dev/sda;reboot",
    "ssh://plc/dev/$(reboot)", "ssh://plc/dev/a b", "ssh://plc/dev/a'b", "ssh://plc/dev/a\nb", "ssh://plc/dev//sda",
    "ssh://plc:x/dev/sda", "ssh://a@b@c/dev/sda", "ssh:///dev/sda",
  ])("%j is none", (name) => {
    expect(isSshAddress(name)).toBe(true);
    expect(() => sshAddress(name)).toThrow(/is no address of a disk/);
  });

  test("nothing but words goes behind a script", () => {
    expect(commandOf('echo "$1"', ["/dev/sda", 5])).toBe(`exec sh -c 'echo "$1"' axv-part /dev/sda 5`);
    for (const word of ["", "a b", "$x", "a;b", "`a`", "a'b", "-\n"]) expect(() => commandOf("true", [word])).toThrow(RangeError);
    expect(() => commandOf("echo 'a'", [])).toThrow(RangeError);
  });
});
