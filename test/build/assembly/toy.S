// Entry of the toy program: enough of an Image header for the packer, and the calls into the translated C.
    .section .text.head, "ax"
    .global _start
_start:
    b       1f
    .word   0
    .quad   0                       // text_offset
    .quad   0                       // image_size, patched by the packer
    .quad   0xa                     // flags: little endian, 4 KiB pages, any 2 MiB-aligned base
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0
1:  adrp    x0, stack_end
    add     x0, x0, :lo12:stack_end
    mov     sp, x0
    bl      axv_init_linear
    bl      boot
2:  mov     w0, wzr
    bl      trapSync
    b       2b

    .section .bss, "aw", %nobits
    .balign 16
    .skip   4096
stack_end:
