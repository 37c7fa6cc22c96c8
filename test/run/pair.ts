// A line without a wire: two ends, each gets what the other writes.
import { Duplex } from "node:stream";

export function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read: () => {},
        write: (chunk: Buffer, _, done) => {
          ends[other]?.push(chunk);
          done();
        },
      }),
    );
  }
  const [a, b] = ends;
  if (a === undefined || b === undefined) throw new Error("no pair");
  return [a, b];
}
