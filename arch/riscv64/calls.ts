// Hypercalls on RISC-V: SBI's calling convention ("Binary Encoding"), by an extension of our own. What the numbers mean:
// core/abi.ts. Plain constants only, so that the very same file is AssemblyScript for the core and for guests, and TypeScript
// for the tools and the tests.
//
//   a7: extension │ a6: CALL_* │ a0…a5: arguments 0…5 │ t0: argument 6, which SBI has no register for
//   on return:      a0: 0, or a negative error │ a1: the result; no other register has changed

/** In the range that SBI leaves to firmware (0x0a000000 to 0x0affffff): "axv". */
export const CALL_EXTENSION: u32 = 0x0a617876;
