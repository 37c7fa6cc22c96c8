// Priorities of SPIs, as guests have set them: the physical one orders nothing, since every interrupt goes into a list register
// at once. This file imports nothing, and is compiled first: what every interrupt looks up has a low address in linear memory, an
// instruction less.

const INTIDS: u32 = 1024;

/** The bits of a priority that the interrupt controller has, and waiting.ts has levels for; the others read 0. */
let implemented: u32 = 0xf8;

/** `bits`: how many upper bits of the eight are implemented. */
export function setPriorityBits(bits: u32): void { implemented = (0xff00 >> bits) & 0xf8; }
@inline export function implementedPriority(priority: u8): u8 { return priority & <u8>implemented; }

/** At a multiple of its size: an INTID's place is found by one instruction less. */
const priorities: usize = memory.data(INTIDS, INTIDS);

/** Priority of an SPI; 0 is the highest. intid < 1024. */
@inline export function spiPriority(intid: u32): u8 { return load<u8>(priorities + intid); }
@inline export function spiPriorities(first: u32): u32 { return load<u32>(priorities + first); }
@inline export function setSpiPriority(intid: u32, priority: u8): void {
  store<u8>(priorities + intid, implementedPriority(priority));
}
