// One property of a flattened device tree (Devicetree Specification 0.4, chapter 5): how fast `time` counts. Words are big
// endian.
//
//  ┌───────┬──────────┬────────────────┬─────────────────┬───┐   structure:  1 name… 0…  │ 2 │ 3 length nameoff value… │ 4 │ 9
//  │ magic │ totalsize│ off_dt_struct  │ off_dt_strings  │ … │                begin node  end     property           nop  end
//  └───────┴──────────┴────────────────┴─────────────────┴───┘
import { bound } from "../../../build/generated/cpu";
import { mmioRead32, mmioRead8 } from "../../../build/generated/guestRiscv64";

const MAGIC: u32 = 0xd00dfeed;
const OFF_DT_STRUCT: u64 = 8;
const OFF_DT_STRINGS: u64 = 12;
const WORD: u64 = 4;

const FDT_BEGIN_NODE: u32 = 1;
const FDT_PROP: u32 = 3;
const FDT_END: u32 = 9;

/** Words of a structure, and characters of a name, that are looked at: far more than a board's tree has. */
const WORDS_MAX: u32 = 1 << 16;
const NAME_MAX: u32 = 64;

const TIMEBASE = "timebase-frequency";

function word(address: u64): u32 {
  return bswap(mmioRead32(address));
}

/** Whether the string that ends with 0 there is TIMEBASE. */
function isTimebase(address: u64): bool {
  const length = <u32>TIMEBASE.length;
  for (let i: u32 = 0; i < NAME_MAX; i++) {
    bound(i, NAME_MAX);
    const wanted: u32 = i < length ? load<u16>(changetype<usize>(TIMEBASE) + (<usize>i << 1)) : 0;
    if (mmioRead8(address + i) != wanted) return false;
    if (wanted == 0) return true;
  }
  return false;
}

/** Ticks a second, of 32 bits or (where there are eight bytes) of 64; 0 where nothing says so. */
export function timebase(tree: u64): u64 {
  if (tree == 0 || word(tree) != MAGIC) return 0;
  const strings = tree + word(tree + OFF_DT_STRINGS);
  let at = tree + word(tree + OFF_DT_STRUCT);
  for (let i: u32 = 0; i < WORDS_MAX; i++) {
    bound(i, WORDS_MAX);
    const token = word(at);
    at += WORD;
    if (token == FDT_END) return 0;
    // What else there is between two properties, names of nodes too, is gone over word by word: none begins with a zero byte, so
    // that none is taken for a token.
    if (token != FDT_PROP) continue;
    const length = word(at);
    const value = at + 2 * WORD;
    if (isTimebase(strings + word(at + WORD))) return length == 8 ? (<u64>word(value) << 32) | word(value + WORD) : word(value);
    at = value + ((<u64>length + WORD - 1) & ~(WORD - 1));
  }
  return 0;
}
