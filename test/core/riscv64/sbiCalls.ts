// Calls of SBI that the hypervisor does not have: extension and function (RISC-V SBI 2.0).

export const NEVER_CALLED: readonly (readonly [extension: number, fn: number])[] = [
  [0x00, 0], [0x01, 0], [0x02, 0], [0x03, 0], [0x04, 0], [0x05, 0], [0x06, 0], [0x07, 0], [0x08, 0], // legacy
  [0x50_4d55, 0], // PMU: num_counters
  [0x5355_5350, 0], // SUSP
  [0x4350_5043, 0], // CPPC
  [0x4e41_434c, 0], // NACL
  [0x53_5441, 0], // STA
  [0x0a00_0000, 0], // OpenSBI's own
];
