/**
 * What a guest's second stage of translation says of a stretch of guest-physical addresses: one entry of its tables, or several
 * joined.
 */
export interface Mapping {
  readonly ipa: number;
  readonly pa: number;
  readonly size: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}
