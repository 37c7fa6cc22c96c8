// Systems that several tests boot.

/** Two PLC guests, nothing else: boots in a second. `failure` is on_failure of the first. */
export const twoPlcs = (failure: "stop" | "restart" | "inspect"): string => `
board: qemu-aarch64
partitions:
  first:
    guest: plc
    cpus: [1]
    memory: 16M
    on_failure: ${failure}
  second:
    guest: plc
    cpus: [3]
    memory: 16M
channels:
  process-image: { between: [first, second] }
`;
