import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fetchDebian, type Machine, thisMachine } from "../../tools/linux/fetch.ts";

let folder: string;
let machine: Machine;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "axv-fetch-"));
  machine = { etc: join(folder, "etc"), cache: join(folder, "cache") };
  await mkdir(join(machine.etc, "apt"), { recursive: true });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const silent = (): void => undefined;
const osRelease = (text: string): Promise<void> => writeFile(join(machine.etc, "os-release"), text);
const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n';
const NOBODY = "http://127.0.0.1:1/debian"; // tcpmux: nobody listens there

/** What an earlier call left. */
async function fillCache(files: readonly string[]): Promise<string> {
  const packages = join(machine.cache, "debian-bookworm-arm64");
  await mkdir(packages, { recursive: true });
  const names = {
    kernel: "linux-image-6.1.0-1-arm64_6.1_arm64.deb",
    busybox: "busybox-static_1_arm64.deb",
    version: "6.1.0-1-arm64",
  };
  await writeFile(join(packages, "packages.json"), JSON.stringify(names));
  for (const file of files) await writeFile(join(packages, file), "");
  return packages;
}

describe("fetching Linux", () => {
  test("not on Debian: says what this is", async () => {
    await osRelease('PRETTY_NAME="Fedora Linux 43"\nID=fedora\n');
    await expect(fetchDebian(silent, machine)).rejects.toThrow(/Fedora Linux 43.*\[not-debian\]/);
  });

  test("no Debian archive among the sources", async () => {
    await osRelease(DEBIAN);
    await expect(fetchDebian(silent, machine)).rejects.toThrow(/bookworm.*\[no-sources\]/);
  });

  test("archive not reached: apt's words, what to do, and nothing left in the cache", async () => {
    await osRelease(DEBIAN);
    await writeFile(join(machine.etc, "apt/sources.list"), `deb ${NOBODY} bookworm main\n`);
    await expect(fetchDebian(silent, machine)).rejects.toThrow(/127\.0\.0\.1[^]*\[no-network\]/);
    expect(await readdir(machine.cache)).toEqual([]);
  });

  test("what is cached is used, without a source or a network", async () => {
    await osRelease(DEBIAN);
    const packages = await fillCache(["linux-image-6.1.0-1-arm64_6.1_arm64.deb", "busybox-static_1_arm64.deb"]);
    expect(await fetchDebian(silent, machine)).toEqual({
      kernel: join(packages, "linux-image-6.1.0-1-arm64_6.1_arm64.deb"),
      busybox: join(packages, "busybox-static_1_arm64.deb"),
      version: "6.1.0-1-arm64",
    });
  });

  test.each([
    ["a file is gone", (): Promise<unknown> => fillCache(["busybox-static_1_arm64.deb"])],
    [
      "its list is no list",
      async (): Promise<unknown> => writeFile(join(await fillCache([]), "packages.json"), "{"),
    ],
  ])("a damaged cache is named: %s", async (_, damage) => {
    await osRelease(DEBIAN);
    await damage();
    await expect(fetchDebian(silent, machine)).rejects.toThrow(/debian-bookworm-arm64.*\[cache-damaged\]/);
  });
});

test("the cache is where the user says, or where XDG says", () => {
  vi.stubEnv("AXV_PART_CACHE", "/srv/cache");
  expect(thisMachine().cache).toBe("/srv/cache");
  vi.stubEnv("AXV_PART_CACHE", undefined);
  vi.stubEnv("XDG_CACHE_HOME", "/home/somebody/.cache");
  expect(thisMachine().cache).toBe("/home/somebody/.cache/axv-part");
});
