// The machine's own apt sources, narrowed down to Debian's archive, for another architecture. Both formats of
// sources.list(5) are read: one-line (.list) and deb822 (.sources). Lists of other vendors are left out: they hold
// nothing that is wanted here, and may not know the architecture.

/** One archive: the fields of a deb822 stanza, their names in lower case (apt takes them in any case). */
export type Source = ReadonlyMap<string, string>;

// Fields that narrow a source down to what the machine itself fetches; they are given anew.
const REPLACED_FIELDS = new Set(["types", "suites", "components", "architectures", "enabled", "languages", "targets"]);
const DEBIAN_KEYRING = "debian-archive";

/** The suites of a release that a package may come from; nothing newer than the release itself, so no backports. */
function suitesOf(codename: string): ReadonlySet<string> {
  return new Set([codename, `${codename}-updates`, `${codename}-security`, `${codename}/updates`]);
}

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

/** Reads a .sources file: stanzas of "Field: value", parted by empty lines; an indented line goes on with the value. */
export function parseDeb822(text: string): readonly Source[] {
  return text.split(/\n[ \t]*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    let field = "";
    for (const line of stanza.split("\n")) {
      if (line.startsWith("#")) continue;
      const start = /^([^\s:]+):\s*(.*)$/.exec(line);
      if (start) {
        field = (start[1] ?? "").toLowerCase();
        fields.set(field, start[2] ?? "");
      } else if (field !== "" && /^\s/.test(line)) {
        fields.set(field, `${fields.get(field) ?? ""}\n${line}`);
      }
    }
    return fields.size === 0 ? [] : [fields];
  });
}

/** Reads a .list file: deb [option=value …] uri suite component … */
export function parseOneLine(text: string): readonly Source[] {
  return text.split("\n").flatMap((line) => {
    const entry = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (!entry) return [];
    const [, type = "", options = "", uri = "", suite = "", components = ""] = entry;
    const fields = new Map<string, string>();
    for (const option of words(options)) {
      const [name = "", value = ""] = option.split(/=(.*)/);
      fields.set(name.toLowerCase(), value.replaceAll(",", " "));
    }
    fields.delete("arch"); // called Architectures in deb822
    fields.delete("lang");
    fields.delete("target");
    fields.set("types", type).set("uris", uri).set("suites", suite).set("components", components.trim());
    return [fields];
  });
}

/**
 * Of these sources, Debian's own for the release, as a .sources file for the architecture; "" when there is none.
 * A source is Debian's when it has a suite of the release, component main, and no key but Debian's.
 */
export function debianSources(sources: readonly Source[], codename: string, architecture: string): string {
  const known = suitesOf(codename);
  const stanzas = sources.flatMap((source) => {
    const suites = words(source.get("suites")).filter((suite) => known.has(suite.replace(/\/$/, "")));
    const uris = words(source.get("uris")).filter((uri) => !uri.startsWith("cdrom:"));
    const key = source.get("signed-by");
    const isDebian =
      words(source.get("types")).includes("deb") &&
      source.get("enabled")?.trim().toLowerCase() !== "no" &&
      words(source.get("components")).includes("main") &&
      (key === undefined || key.includes(DEBIAN_KEYRING));
    if (!isDebian || suites.length === 0 || uris.length === 0) return [];
    const kept = [...source].filter(([name]) => !REPLACED_FIELDS.has(name) && name !== "uris");
    return [
      [
        "types: deb",
        `uris: ${uris.join(" ")}`,
        `suites: ${suites.join(" ")}`,
        "components: main",
        `architectures: ${architecture}`,
        ...kept.map(([name, value]) => `${name}: ${value}`),
      ].join("\n"),
    ];
  });
  return stanzas.map((stanza) => `${stanza}\n`).join("\n");
}
