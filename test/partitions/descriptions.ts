// Boards and guest profiles that a user might write: the project's own with a few places changed to something that could
// stand there. Most are files that the schema takes, for what comes behind it has to hold, too.
import { Random } from "../hostile/random.ts";

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
type Step = string | number;
type Holder = Value[] | { [key: string]: Value };

/** A place in a description. */
interface Place {
  readonly holder: Holder;
  readonly step: Step;
  readonly value: Value;
}

const isHolder = (value: Value): value is Holder => typeof value === "object" && value !== null;
const stepsOf = (holder: Holder): Step[] => (Array.isArray(holder) ? [...holder.keys()] : Object.keys(holder));
const at = (holder: Holder, step: Step): Value => (holder as Record<Step, Value>)[step] ?? null;

function put(holder: Holder, step: Step, value: Value): void {
  // Also where the key is `__proto__`.
  Object.defineProperty(holder, step, { value, enumerable: true, writable: true, configurable: true });
}

function placesIn(value: Value): Place[] {
  if (!isHolder(value)) return [];
  return stepsOf(value).flatMap((step) => {
    const inner = at(value, step);
    return [{ holder: value, step, value: inner }, ...placesIn(inner)];
  });
}

const PAGE = 0x1000;
const BLOCK = 0x20_0000;
/** Ends of what something can hold: registers, address spaces, numbers of JavaScript. */
const EDGES = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  15,
  16,
  31,
  32,
  33,
  63,
  64,
  65,
  127,
  128,
  255,
  256,
  512,
  987,
  988,
  1019,
  1020,
  PAGE,
  0x1_0000,
  BLOCK,
  2 ** 30,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 38 - PAGE,
  2 ** 38,
  2 ** 39,
  2 ** 40 - PAGE,
  2 ** 40,
  2 ** 47,
  2 ** 48,
  2 ** 52,
  2 ** 53 - PAGE,
  2 ** 53 - 1,
];
/** What no address and no count can be. */
const NO_NUMBERS = [-1, 0.5, 2 ** 53, 1e300];
const TEXTS = [
  "",
  "x",
  "4K",
  "16K",
  "identity",
  "virtual",
  "physical",
  "smc",
  "hvc",
  "none",
  "edge",
  "level",
  "raw",
  "elf",
  "arm64-image",
  "writes",
  "reads",
  "data",
  "unified",
  "dsu",
  "virtio-mmio",
  "pl031",
  "constructor",
  "__proto__",
  "a b",
  "a/b",
  "../x",
  "a\nb",
  "a\0b",
  "caf\u00e9",
  "\ud83d\ude00",
  '"',
  "\\",
  "#address-cells",
  "x".repeat(40),
  "x".repeat(5000),
];
const OTHERS: readonly Value[] = [null, true, "x", 1, [], {}, [null], [[]], [1], ["x"], { a: 1 }];
const NAMES = [
  "x",
  "extends",
  "constructor",
  "__proto__",
  "toString",
  "0",
  "a.b",
  "",
  "pmu",
  "cluster",
  "prints",
  "notes",
  "x".repeat(40),
  "\ud83d\ude00",
];

/** Below it are counts and numbers of interrupts, from it on addresses and sizes. */
const isSmall = (value: number): boolean => value < PAGE;

/** A number that could stand where `old` does: close to it, a part of it, or one that stands elsewhere in the file. */
function number(old: number, all: readonly number[], random: Random): number {
  const step = isSmall(old)
    ? random.pick([1, -1, 2, 4, -4, 8, 32])
    : random.pick([PAGE, -PAGE, BLOCK, -BLOCK, 0x1_0000, -0x1_0000, 2 ** 30]);
  switch (random.below(12)) {
    case 0: return old + random.pick([1, -1, 4, -4, 0x800]);
    case 1: return random.pick(EDGES);
    case 2: return random.pick(NO_NUMBERS);
    case 3: return random.pick(all);
    case 4: return old * random.pick([2, 4]);
    case 5: return Math.floor(old / 2);
    case 6: case 7: case 8: return random.pick(all.filter((one) => isSmall(one) === isSmall(old)));
    default: return old + step;
  }
}

/** What could stand where `value` does. */
function other(value: Value, all: readonly Value[], random: Random): Value {
  if (random.chance(1, 40)) return random.pick(OTHERS);
  const like = all.filter((one) => typeof one === typeof value && Array.isArray(one) === Array.isArray(value));
  if (typeof value === "number") return number(value, like as number[], random);
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return random.chance(1, 2) ? random.pick(TEXTS) : (random.pick(like) as string);
  if (Array.isArray(value)) {
    switch (random.below(4)) {
      case 0:
        return value.slice(1);
      case 1:
        return value.toReversed();
      case 2:
        return [...value, ...value];
      default:
        return Array.from({ length: random.below(20) }, () => (value.length === 0 ? random.pick(OTHERS) : random.pick(value)));
    }
  }
  return random.pick(like);
}

/** `keys`: what may stand in such a file, with a value. */
function changeOne(whole: Value, extra: { [key: string]: Value }, random: Random): void {
  const places = placesIn(whole);
  if (places.length === 0) return;
  const { holder, step, value } = random.pick(places);
  switch (random.below(20)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(step), 1);
      else delete holder[step];
      return;
    case 1:
      if (!Array.isArray(holder) && random.chance(1, 3)) put(holder, random.pick(NAMES), value);
      else if (isHolder(whole) && !Array.isArray(whole)) {
        const [key, added] = random.pick(Object.entries(extra));
        put(whole, key, structuredClone(added));
      }
      return;
    default:
      put(holder, step, structuredClone(other(value, places.map((place) => place.value), random)));
  }
}

/** `good` with one to three places changed. */
export function changed(good: Value, extra: { [key: string]: Value }, random: Random): Value {
  const value = structuredClone(good);
  for (let left = 1 + random.below(3); left > 0; left--) changeOne(value, extra, random);
  return value;
}
