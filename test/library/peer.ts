// What the tests ask of an end of a channel, whether it is axv.h or its AssemblyScript twin.

/**
 * The values of a process image, in the order of core/abi.ts: scans, inputs, outputs, setpoint,
 * measured, actuator, counter, timer.
 */
export type Image = readonly [bigint, number, number, number, number, number, number, number];

export interface Received {
  /** Length, or one of RING_*. */
  readonly result: number;
  readonly bytes: Uint8Array;
}

/** A hostile partner's store to the channel, made when the end next turns to it. */
export interface Strike {
  readonly offset: number;
  readonly value: number;
}

export interface Peer {
  /** A new life: its cache is as the channel is now, and will not follow it by itself. */
  begin(): void;
  producer(ring: number, offset: number, capacity: number): number;
  consumer(ring: number, offset: number, capacity: number): number;
  send(ring: number, bytes: Uint8Array): number;
  receive(ring: number, size: number): Received;
  /** Each is made once, the first one first; those of an earlier call of this are forgotten. */
  strike(strikes: readonly Strike[]): void;
  /** Gives back the new sequence number. */
  writeImage(sequence: number, image: Image): number;
  /** An image; or "none", or "busy". */
  readImage(): Image | "none" | "busy";
  stop(): void;
}

export const CHANNEL_BYTES = 4096;
