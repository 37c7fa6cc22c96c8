// What C cannot say of RISC-V (tools/build/targets/target.ts).

// gp holds the address of linear memory, for nothing else wants it (the linker is not to relax to it): so each access is one
// add.uw and a load. A constant address would have to be made anew, from two instructions, for each offset. Assembly loads it
// (LINEAR_BASE).
register char *axv_window __asm__("gp");
#define LINEAR(pointer) (axv_window + (u32)(pointer))

// A loop's bound, for verify: address of an instruction in the loop's body, bound, source line. No instruction is added.
#define BOUND_AT(limit, line)                                                                                            \
  __asm__ volatile("0: .pushsection .axv.bounds,\"\",%%progbits; .quad 0b; .word %c0; .word %c1; .popsection"            \
                   :                                                                                                     \
                   : "i"(limit), "i"(line))
