#!/bin/sh
# QEMU 7.2 with EL3: a write of ICC_AP1R0_EL1 from Non-secure state is ignored; without EL3 it is taken.
#
# Seen with qemu-system-aarch64 7.2.22 (Debian 12), -M virt,gic-version=3, with secure=on. The model keeps Non-secure software from
# claiming Secure priorities as if the register held 7 bits of priority; its CPUs have five, all of them in this one register.
# Why it matters: writing 0 is how an operating system or a hypervisor forgets interrupts that whoever ran before has acknowledged and not
# ended (IHI 0069, ICC_AP1Rn_EL1). Here they stay active, and nothing as urgent comes any more; ICC_EOIR1_EL1 drops them one by one.
# Output seen:  without EL3: 0    with EL3: 1
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq 'qemu-system-arm=1:7.2+dfsg-7+deb12u18+b3' >/dev/null # its libraries: those of an installed qemu-system-arm
dpkg -x *.deb .
# To Non-secure EL2; there an SGI to itself is acknowledged, and AP1R0 is written 0 and read.
cat >ap1r0.S <<'S'
        .globl _start
_start: mov     x0, #0xf
        mov     x7, #0x08000000                 // GICD; GICR at 0x080a0000, its SGI frame 64 KiB on
        mov     x1, #0x080a0000
        add     x5, x1, #0x10000
        mov     w2, #-1
        mov     w4, #0x37
        str     w4, [x7]                        // GICD_CTLR: ARE, all groups
        str     wzr, [x1, #0x14]                // GICR_WAKER
        str     w2, [x5, #0x80]                 // GICR_IGROUPR0: group 1, Non-secure
        mrs     x3, CurrentEL
        cmp     x3, #(3 << 2)
        b.ne    1f
        msr     S3_6_C12_C12_5, x0              // ICC_SRE_EL3
        mov     x4, #0x531                      // RW, HCE, NS
        msr     scr_el3, x4
        adr     x4, 1f
        msr     elr_el3, x4
        mov     x4, #0x3c9                      // EL2h
        msr     spsr_el3, x4
        eret
1:      msr     S3_4_C12_C9_5, x0               // ICC_SRE_EL2
        mov     x4, #1
        str     w4, [x5, #0x100]                // GICR_ISENABLER0: SGI 0
        msr     S3_0_C4_C6_0, x2                // ICC_PMR_EL1
        msr     S3_0_C12_C12_7, x4              // ICC_IGRPEN1_EL1
        msr     S3_0_C12_C11_5, x4              // ICC_SGI1R_EL1: SGI 0 to CPU 0
        mrs     x5, S3_0_C12_C12_0              // ICC_IAR1_EL1
        msr     S3_0_C12_C9_0, xzr              // ICC_AP1R0_EL1
        mrs     x8, S3_0_C12_C9_0
        cmp     x8, #0
        cset    w4, ne
        add     w4, w4, #'0'
        mov     x3, #0x09000000                 // UARTDR
        str     w4, [x3]
        b       .
S
clang-19 --target=aarch64-none-elf -march=armv8-a -nostdlib -static -Wl,-Ttext=0x41000000 -fuse-ld=lld-19 ap1r0.S -o ap1r0.elf
./usr/bin/qemu-system-aarch64 --version | head -n 1
look() { timeout 3 ./usr/bin/qemu-system-aarch64 -M "virt,virtualization=on,gic-version=3,secure=$1" -cpu cortex-a53 -nic none -display none -monitor none -serial stdio -device loader,file=ap1r0.elf,cpu-num=0 </dev/null | tr -d '\0' || true; }
without=$(look off) with=$(look on)
echo "0: AP1R0 took the write, 1: it did not.    without EL3: $without    with EL3: $with"
[ "$without" = 0 ] && [ "$with" = 1 ] || { echo "changed"; exit 1; }
