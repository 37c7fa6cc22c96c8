// Text of others in our messages: a file's name, a key, a line. Terminals obey control characters, and some characters
// cannot be seen.

/** C0, DEL, C1; marks of direction, and what has no width; line and paragraph separators. */
const UNSEEN = /[\0-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/;
/** Of a surrogate pair. */
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const UNSHOWN = new RegExp(`${UNSEEN.source}|${HALF.source}`, "g");

/** Longer than any message that has only what it needs. */
const MESSAGE_MAX = 600;

/** With its middle left out. */
function shortened(text: string, most: number): string {
  const half = Math.floor(most / 2);
  return text.length <= most ? text : `${text.slice(0, half)} … ${text.slice(text.length - half)}`;
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** On one line, as JSON would have it. */
export const oneLine = (text: string): string => shortened(text, MESSAGE_MAX).replace(UNSHOWN, escaped);

/** On several lines. */
export const lines = (text: string): string => text.split("\n").map(oneLine).join("\n");

/** Where a control picture begins (Unicode, 2400…241f for C0). */
const PICTURES = 0x2400;
const REPLACEMENT = "\ufffd";

/** As wide as it was: each character that cannot be shown is one that can. Tabs stay. */
export const pictured = (text: string): string =>
  text.replace(UNSHOWN, (character) => {
    const code = character.charCodeAt(0);
    if (character === "\t") return character;
    return code < 0x20 ? String.fromCharCode(PICTURES + code) : REPLACEMENT;
  });

const LINE_FEED = 0x0a;

export interface Decoded {
  readonly text: string;
  /** Where the first byte is that is no UTF-8: line and column, and its value. */
  readonly wrong: { readonly line: number; readonly column: number; readonly byte: number } | undefined;
}

export function decodeUtf8(bytes: Uint8Array): Decoded {
  const text = new TextDecoder().decode(bytes);
  // With the mark at the beginning (BOM), if there is one: that is UTF-8, too.
  const again = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  const at = bytes.findIndex((byte, index) => byte !== again[index]);
  if (at < 0) return { text, wrong: undefined };
  const before = bytes.subarray(0, at);
  const column = new TextDecoder().decode(before.subarray(before.lastIndexOf(LINE_FEED) + 1)).length + 1;
  return { text, wrong: { line: before.filter((byte) => byte === LINE_FEED).length + 1, column, byte: bytes[at] ?? 0 } };
}
