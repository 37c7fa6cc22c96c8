// Refused: an import that is no intrinsic, so a power that nobody has granted.
// @ts-ignore: decorator
@external("cpu", "halt")
declare function halt(): void;

export function stop(): void {
  halt();
}
