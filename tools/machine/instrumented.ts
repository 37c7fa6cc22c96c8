// The core with its stores to linear memory made known: the same wasm, but each store calls the machine with its address first
// (binaryen's pass instrument-memory). Only for who explores the order of stores: it takes several times as long.
import binaryen from "binaryen";

export function instrument(wasm: Uint8Array): WebAssembly.Module {
  const module = binaryen.readBinary(wasm);
  try {
    module.setFeatures(binaryen.Features.All);
    module.runPasses(["instrument-memory"]);
    return new WebAssembly.Module(new Uint8Array(module.emitBinary()));
  } finally {
    module.dispose();
  }
}
