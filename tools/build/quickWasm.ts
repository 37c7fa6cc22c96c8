// How Node is started where it runs binaryen (by itself, and inside asc): V8 compiles each of its functions once, quickly,
// and does not do it again better. A build is over before that pays: it takes two thirds of the time without.

/** Node's options. tools/axv-part has them, too. */
export const QUICK_WASM: readonly string[] = ["--liftoff-only"];
