// A stretch of a partition's address space that the hypervisor emulates, in words and by its place.

export interface Emulated {
  readonly what: string;
  readonly base: number;
  readonly size: number;
}
