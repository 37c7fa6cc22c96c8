// Text from the plant as text: whatever stands in it is shown, and nothing in it does anything.

const CONTROL_PICTURES = 0x2400;
const DELETE = 0x7f;

/** Controls, and what turns the direction of writing or cannot be seen (Unicode's bidirectional and zero-width characters). */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

export const visible = (text: string): string =>
  text.replace(UNSEEN, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
    return code === DELETE ? "\u2421" : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
