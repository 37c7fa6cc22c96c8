// Bytes that go into an image. Those of a large file stay in it until they are copied to where they belong: a plan
// needs their number alone.
import { LOAD_ALIGN } from "../plan/plan.ts";
import { displayPath } from "../project.ts";
import { withFile } from "../source/file.ts";
import { alignUp } from "../units.ts";

/** So many bytes of a file, from an offset on. */
export interface FilePart {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

export type Contents = Uint8Array | FilePart;

/** The file is shorter now than it was when the plan was made, or gone. */
export class FileChangedError extends Error {
  readonly code = "AXV-P102";

  constructor(path: string) {
    super(`${displayPath(path)} has changed while it was put into the image: try again`);
    this.name = "FileChangedError";
  }
}

function copy(contents: Contents, target: Uint8Array): void {
  if (contents instanceof Uint8Array) {
    target.set(contents);
    return;
  }
  const { path, offset, length } = contents;
  const read = withFile(path, (file) => file.fill(target.subarray(0, length), offset));
  if (read !== length) throw new FileChangedError(path);
}

/** What is copied into a partition's memory when it starts, as the image holds it: a multiple of LOAD_ALIGN bytes. */
export class Load {
  readonly length: number;
  readonly #parts: readonly { readonly at: number; readonly contents: Contents }[];

  /** `at`: an offset in the load; where there is no part, there are zeros. */
  constructor(size: number, parts: readonly { readonly at: number; readonly contents: Contents }[]) {
    this.length = alignUp(size, LOAD_ALIGN);
    this.#parts = parts;
  }

  /** `target`: `length` bytes, zeros. */
  copyTo(target: Uint8Array): void {
    for (const { at, contents } of this.#parts) copy(contents, target.subarray(at, at + contents.length));
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.length);
    this.copyTo(whole);
    return whole;
  }
}
