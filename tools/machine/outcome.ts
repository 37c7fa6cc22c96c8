/** What became of an instruction of a guest. */
export type Outcome =
  /** It is done; its result, if it has one. */
  | { readonly kind: "done"; readonly value: bigint }
  /** The guest is in its own exception vector instead. */
  | { readonly kind: "exception"; readonly vector: number; readonly esr: bigint }
  /** The guest does not run any more; its pCPU is parked. */
  | { readonly kind: "parked" }
  /** It runs, but somewhere else: its partition was started anew. */
  | { readonly kind: "entered"; readonly pc: bigint };
