import { describe, expect, test } from "vitest";
import { debianSources, parseDeb822, parseOneLine } from "../../tools/linux/sources.ts";

const DEB822 = `# Debian
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Architectures: amd64
`;

describe("sources of the machine, for arm64", () => {
  test("deb822: Debian's suites of the release, main only, key kept; no backports, no architecture of the machine", () => {
    expect(debianSources(parseDeb822(DEB822), "bookworm", "arm64")).toBe(`types: deb
uris: http://mirror.example/debian
suites: bookworm bookworm-updates
components: main
architectures: arm64
signed-by: /usr/share/keyrings/debian-archive-keyring.gpg

types: deb
uris: http://mirror.example/debian-security
suites: bookworm-security
components: main
architectures: arm64
`);
  });

  test("one-line: options kept but for the architecture; cdrom and deb-src left out", () => {
    const list = `deb cdrom:[Debian GNU/Linux 13]/ trixie main
deb [arch=amd64,i386 trusted=yes] http://mirror.example/debian/ trixie main non-free-firmware # ours
deb-src http://mirror.example/debian trixie main
#deb http://mirror.example/off trixie main
deb http://mirror.example/debian-security trixie-security main
`;
    expect(debianSources(parseOneLine(list), "trixie", "arm64")).toBe(`types: deb
uris: http://mirror.example/debian/
suites: trixie
components: main
architectures: arm64
trusted: yes

types: deb
uris: http://mirror.example/debian-security
suites: trixie-security
components: main
architectures: arm64
`);
  });

  test.each([
    [
      "another vendor's key",
      "Signed-By: /usr/share/keyrings/vendor.gpg\nTypes: deb\nURIs: http://vendor.example\nSuites: bookworm\nComponents: main",
    ],
    ["another vendor's suite", "Types: deb\nURIs: http://vendor.example\nSuites: vendor-bookworm\nComponents: main"],
    ["another release", "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main"],
    ["no main", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: contrib"],
    ["disabled", "Enabled: no\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main"],
    [
      "a key in the file itself",
      "Types: deb\nURIs: http://vendor.example\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .",
    ],
  ])("left out: %s", (_, stanza) => {
    expect(debianSources(parseDeb822(stanza), "bookworm", "arm64")).toBe("");
  });
});
