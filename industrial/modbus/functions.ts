// Function codes and their limits (MODBUS Application Protocol Specification V1.1b3, section 6).

export const READ_COILS = 0x01;
export const READ_DISCRETE_INPUTS = 0x02;
export const READ_HOLDING_REGISTERS = 0x03;
export const READ_INPUT_REGISTERS = 0x04;
export const WRITE_SINGLE_COIL = 0x05;
export const WRITE_SINGLE_REGISTER = 0x06;
export const WRITE_MULTIPLE_COILS = 0x0f;
export const WRITE_MULTIPLE_REGISTERS = 0x10;
export const MASK_WRITE_REGISTER = 0x16;
export const READ_WRITE_MULTIPLE_REGISTERS = 0x17;
export const ENCAPSULATED_INTERFACE = 0x2b;
/** Behind it, in the second byte: the only interface that we have. */
export const READ_DEVICE_IDENTIFICATION = 0x0e;

/** Of an answer that is an exception: set in the function code. */
export const EXCEPTION_BIT = 0x80;

export const READ_BITS_MAX = 2000;
export const READ_REGISTERS_MAX = 125;
export const WRITE_BITS_MAX = 1968;
export const WRITE_REGISTERS_MAX = 123;
/** What function 23 writes; it reads as many as function 3. */
export const READ_WRITE_REGISTERS_MAX = 121;

/** Values of function 5. */
export const COIL_ON = 0xff00;
export const COIL_OFF = 0x0000;

/** A request or an answer without what a transport puts around it. */
export const PDU_MAX = 253;
