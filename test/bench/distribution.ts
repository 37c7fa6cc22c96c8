// How often each count came, among the samples of one path.
export type Distribution = ReadonlyMap<number, number>;

export const least = (samples: Distribution): number => Math.min(...samples.keys());
export const most = (samples: Distribution): number => Math.max(...samples.keys());
export const size = (samples: Distribution): number => [...samples.values()].reduce((sum, count) => sum + count, 0);

export const exactly = (value: number): Distribution => new Map([[value, 1]]);

/** The highest value that all but the highest `share` of the samples have at most. */
export function quantile(samples: Distribution, share: number): number {
  let left = size(samples) * share;
  const descending = [...samples].sort(([a], [b]) => b - a);
  for (const [value, count] of descending) {
    left -= count;
    if (left < 0) return value;
  }
  return least(samples);
}
