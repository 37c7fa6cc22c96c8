// Errors that have a stable code, which programs may test for, and a message for people that says what to do. The messages of a
// kind of errors are one table, so that a code is never used twice and a message is never written twice.

/** Messages by their codes; each takes some strings. */
type Messages = Readonly<Record<string, (...parts: never[]) => string>>;

export abstract class CodedError<M extends Messages, C extends keyof M> extends Error {
  readonly code: C;

  protected constructor(name: string, messages: M, code: C, parameters: Parameters<M[C]>) {
    super(messages[code]?.(...parameters));
    this.name = name;
    this.code = code;
  }
}
