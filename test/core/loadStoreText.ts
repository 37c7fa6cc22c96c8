// Loads and stores as LLVM writes them, and what the architecture says that each does (Arm ARM C6.2, C7.2): the reference for
// arch/aarch64/loadStore.ts, made from the text alone.

export interface LoadStore {
  readonly store: boolean;
  readonly bytes: number;
  /** What a load is extended to, by its sign: bits of the register. */
  readonly signedTo: 32 | 64 | undefined;
  /** Rt is a SIMD&FP register. */
  readonly vector: boolean;
  readonly rt: number;
  readonly rt2: number | undefined;
  readonly rn: number;
  /** Status register of a store-exclusive. */
  readonly rs: number | undefined;
  readonly writeBack: "none" | "pre" | "post";
  readonly offset: number;
  readonly index: { readonly rm: number; readonly extend: "uxtw" | "lsl" | "sxtw" | "sxtx"; readonly shift: number } | undefined;
}

const SP = 31;
const DOUBLE_WORD = 8;
const REGISTER_BYTES: Readonly<Record<string, number>> = { b: 1, h: 2, s: 4, d: DOUBLE_WORD, q: 16, w: 4, x: DOUBLE_WORD };
const SUFFIX_BYTES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4 };
const MNEMONIC = /^(?:(ld|st)(r|ur|tr|ar|lr|lar|llr|xr|axr|lxr)(s?)(b|h|w)?|(ld|st)(p|np)(sw)?)$/;
const ADDRESS = /^\[(\w+)(?:, #(-?\w+)|, ([wx]\w+)(?:, (lsl|uxtw|sxtw|sxtx)(?: #(\d))?)?)?\](!)?(?:, #(-?\w+))?$/;

const number = (register: string): number => (/^(sp|wsp|xzr|wzr)$/.test(register) ? SP : Number(register.slice(1)));

/** undefined: nothing that the hypervisor carries out, because it is something else, too large for a device, or unpredictable. */
export function parseLoadStore(text: string): LoadStore | undefined {
  const [, mnemonic = "", operands = ""] = /^(\S+) (.*)$/.exec(text) ?? [];
  const match = MNEMONIC.exec(mnemonic);
  const open = operands.indexOf("[");
  if (match === null || open < 0) return undefined;
  const [, , kind, sign, suffix, , pairKind, pairSign] = match;
  const registers = operands.slice(0, open).split(", ").filter((name) => name !== "");
  const address = ADDRESS.exec(operands.slice(open));
  if (address === null || registers.some((name) => !/^[bhsdqwx](\d+|zr)$/.test(name))) return undefined;
  const exclusiveStore = kind !== undefined && mnemonic.startsWith("st") && kind.endsWith("xr");
  const expected = (exclusiveStore ? 2 : 1) + (pairKind === undefined ? 0 : 1);
  if (registers.length !== expected) return undefined;
  const first = registers[exclusiveStore ? 1 : 0] ?? "";
  const type = first.charAt(0);
  const bytes = (pairSign !== undefined ? SUFFIX_BYTES.w : SUFFIX_BYTES[suffix ?? ""]) ?? REGISTER_BYTES[type] ?? 0;
  if (bytes > DOUBLE_WORD) return undefined;
  const [, base = "", immediate, indexName, extend, shift, exclamation, after] = address;
  const form: LoadStore = {
    store: mnemonic.startsWith("st"),
    bytes,
    signedTo: (sign ?? "") === "s" || pairSign !== undefined ? (type === "x" ? 64 : 32) : undefined,
    vector: "bhsd".includes(type),
    rt: number(first),
    rt2: pairKind === undefined ? undefined : number(registers[1] ?? ""),
    rn: number(base),
    rs: exclusiveStore ? number(registers[0] ?? "") : undefined,
    writeBack: exclamation !== undefined ? "pre" : after !== undefined ? "post" : "none",
    offset: Number(immediate ?? after ?? 0),
    index:
      indexName === undefined
        ? undefined
        : { rm: number(indexName), extend: (extend ?? "lsl") as "lsl", shift: Number(shift ?? 0) },
  };
  // FEAT_LRCPC3 has STLR with write-back: not taken.
  return isUnpredictable(form) || (kind === "lr" && form.writeBack !== "none") ? undefined : form;
}

/**
 * CONSTRAINED UNPREDICTABLE (Arm ARM K1.2): write-back into a register that is transferred, a pair loaded
 * into one, a status among its operands.
 */
function isUnpredictable({ store, vector, rt, rt2, rn, rs, writeBack }: LoadStore): boolean {
  if (!store && rt === rt2) return true;
  if (rs !== undefined && (rs === rt || (rs === rn && rn !== SP))) return true;
  return writeBack !== "none" && !vector && rn !== SP && (rn === rt || rn === rt2);
}

/** What is added to the base. */
export function offsetOf({ offset, index }: LoadStore, register: (n: number) => bigint): bigint {
  if (index === undefined) return BigInt(offset);
  const value = index.rm === SP ? 0n : register(index.rm);
  const extended =
    index.extend === "uxtw" ? BigInt.asUintN(32, value) : index.extend === "sxtw" ? BigInt.asIntN(32, value) : value;
  return extended << BigInt(index.shift);
}
