// What a call of SBI gives back in a0 (RISC-V SBI 2.0, "Binary Encoding").

export const SUCCESS: i64 = 0;
export const NOT_SUPPORTED: i64 = -2;
export const INVALID_PARAM: i64 = -3;
export const INVALID_ADDRESS: i64 = -5;
export const ALREADY_AVAILABLE: i64 = -6;
