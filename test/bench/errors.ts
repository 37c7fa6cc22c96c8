// What can go wrong with a measurement.

export class BenchError extends Error {
  override readonly name = "BenchError";
  readonly code: "guest-failed" | "guest-silent" | "figure-missing" | "tool-failed";

  constructor(code: BenchError["code"], what: string) {
    super(`${what} [${code}]`);
    this.code = code;
  }
}
