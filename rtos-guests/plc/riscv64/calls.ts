// How this guest calls the hypervisor, and where it prints without one.
import { bound } from "../../../build/generated/cpu";
import { ecall, mmioRead8, mmioWrite8 } from "../../../build/generated/guestRiscv64";
import { CALL_EXTENSION } from "../../../arch/riscv64/calls";
import { CONSOLE_WRITE_MAX } from "../../../core/abi";
import { UART_PA } from "./map";

/** `call`: CALL_* of core/abi.ts. A negative result is an error: also firmware's, which knows no such extension. */
export function hypercall(call: u32, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64, a6: u64): u64 {
  return ecall(CALL_EXTENSION, call, a0, a1, a2, a3, a4, a5, a6);
}

// 16550: transmitter holding register, line status register.
const THR: u64 = 0;
const LSR: u64 = 5;
const LSR_THRE: u32 = 1 << 5; // the holding register is empty

/** Prints while the UART takes it at once, and gives back how much it took. */
export function writeBareConsole(from: usize, count: u32): u32 {
  for (let i: u32 = 0; i < CONSOLE_WRITE_MAX; i++) {
    bound(i, CONSOLE_WRITE_MAX);
    if (i >= count || (mmioRead8(UART_PA + LSR) & LSR_THRE) == 0) return i;
    mmioWrite8(UART_PA + THR, load<u8>(from + i));
  }
  return count;
}
