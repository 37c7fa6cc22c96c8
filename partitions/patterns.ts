// Regular expressions for numbers, so that what may be written is said in one language that the tool and an editor with the JSON
// Schema both understand: there, "at most 1024G" can be said in no other way.
import { GIB, KIB, MIB, PAGE } from "./units.ts";

const digit = (from: string, to: string): string => (from === to ? from : `[${from}-${to}]`);
const digits = (count: number): string => (count === 0 ? "" : count === 1 ? "[0-9]" : `[0-9]{${count}}`);

/** Alternatives for the numbers from `least` to `most`, both of as many digits. */
function ofOneLength(least: string, most: string): string[] {
  const [low, high] = [least.charAt(0), most.charAt(0)];
  const [lowRest, highRest] = [least.slice(1), most.slice(1)];
  const rest = digits(lowRest.length);
  const [fromZero, toNine] = [/^0*$/.test(lowRest), /^9*$/.test(highRest)];
  if (fromZero && toNine) return [digit(low, high) + rest];
  if (low === high) return ofOneLength(lowRest, highRest).map((alternative) => low + alternative);
  if (!fromZero) {
    const first = ofOneLength(lowRest, "9".repeat(lowRest.length)).map((alternative) => low + alternative);
    return [...first, ...ofOneLength(`${Number(low) + 1}${"0".repeat(lowRest.length)}`, most)];
  }
  const last = ofOneLength("0".repeat(highRest.length), highRest).map((alternative) => high + alternative);
  return [digit(low, String(Number(high) - 1)) + rest, ...last];
}

/** Of the decimal numbers from `least` to `most`, without zeros in front. */
export function decimals(least: number, most: number): string {
  const alternatives: string[] = [];
  const whole: number[] = []; // lengths of which all numbers are among them
  for (let from = least; from <= most; ) {
    const { length } = String(from);
    const to = Math.min(most, 10 ** length - 1);
    if (from === 10 ** (length - 1) && to === 10 ** length - 1) whole.push(length);
    else alternatives.push(...ofOneLength(String(from), String(to)));
    from = to + 1;
  }
  const [first, last] = [whole[0], whole.at(-1)];
  if (first !== undefined && last !== undefined)
    alternatives.push(last === 1 ? "[1-9]" : `[1-9][0-9]{${first - 1}${last > first ? `,${last - 1}` : ""}}`);
  return `(?:${alternatives.join("|")})`;
}

const whole = (alternatives: readonly string[]): RegExp => new RegExp(`^(?:${alternatives.join("|")})$`);

/** Numbers whose last two digits are a multiple of four: so are they. */
const MULTIPLE_OF_FOUR = "(?:[0-9]*[02468][048]|[0-9]*[13579][26]|[48])";

/** From `least` bytes on: "4K", "512M", "1G". */
export const sizes = (least: number, most: number): RegExp =>
  whole(
    [KIB, MIB, GIB].map((unit, index) => `${decimals(Math.ceil(least / unit), Math.floor(most / unit))}${"KMG".charAt(index)}`),
  );

/** The same, in whole pages of 4 KiB. */
export function pages(most: number): RegExp {
  const { source } = sizes(PAGE, most);
  return new RegExp(`^(?!(?!${MULTIPLE_OF_FOUR}K)[0-9]*K)${source.slice(1)}`);
}

/** Of `least` to `most` microseconds: "100us", "50ms", "1s". */
export const durations = (least: number, most: number): RegExp =>
  whole(
    [1, 1000, 1_000_000]
      .map((unit, index) => ({
        from: Math.ceil(least / unit),
        to: Math.floor(most / unit),
        unit: ["us", "ms", "s"][index] ?? "",
      }))
      .filter(({ from, to }) => from <= to)
      .map(({ from, to, unit }) => decimals(from, to) + unit),
  );

/** "0-3": ascending, at most `most`. */
export const ranges = (most: number): RegExp =>
  whole(Array.from({ length: most + 1 }, (_, first) => `${first}-${decimals(first, most)}`));
