// The core: what a partition, a vCPU, an interrupt, a channel is here, and every decision about them. It knows no ISA and no
// board; arch/<isa> asks it, and does what it answers.
//
// Four principles:
//  1. Nothing is decided at run time that the planner could decide. The blob says who owns what; the core checks it once
//     (blob.ts) and then only looks it up.
//  2. A vCPU never moves and is never switched (vcpu.ts): there is no scheduler, no lock and no allocation.
//  3. Whatever comes from a guest is an allegation: an INTID, a channel index, a tag, a count. It is compared with what the
//     partition owns before it is used, and it is read once.
//  4. Partitions stop and start by their own pCPUs (partition.ts): one that resets, halts or dies makes nobody else wait.
//
// Start reading at partition.ts and vcpu.ts, then hypercall.ts, interrupts.ts and uplink.ts.
