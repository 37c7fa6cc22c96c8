// The systems that are attacked on the simulated machine: an attacker of two harts, a bystander like the PLC guest of one, a
// spare hart; the interrupts of both direct, and of one or the other injected; on both models of QEMU.
import { qemuVirt, qemuVirt7 } from "../../../../tools/machine/riscv64/board.ts";
import type { Board } from "../../../../tools/machine/riscv64/board.ts";
import { GUEST_IMSIC } from "../../../../tools/machine/riscv64/guest.ts";
import { GUEST_APLIC, GUEST_PLIC, GUEST_UART, IPA } from "../../../../tools/machine/riscv64/system.ts";
import type { SystemSpec } from "../../../../tools/machine/riscv64/system.ts";
import { device, edge, level, ram } from "../../../../tools/machine/system.ts";
import type { PartitionSpec } from "../../../../tools/machine/system.ts";
import type { Target } from "../../riscv64/target.ts";
import { ATTACKER, BYSTANDER } from "../attack.ts";
import type { Field } from "../attack.ts";

const MIB = 0x10_0000;
const PAGE = 0x1000;
const HART_FILES = 2 * PAGE;
const [ATTACKER_PA, BYSTANDER_PA] = [0x8800_0000, 0x9000_0000];
/** Sources: wires, and their consoles'. */
export const [ATTACKERS_EDGE, ATTACKERS_LEVEL, ATTACKERS_CONSOLE, BYSTANDERS_EDGE, BYSTANDERS_CONSOLE] = [41, 42, 43, 40, 44];

const attacker: PartitionSpec = {
  name: ATTACKER, cpus: [1, 2], regions: [ram(IPA, ATTACKER_PA, 2 * MIB)],
  interrupts: [edge(ATTACKERS_EDGE), level(ATTACKERS_LEVEL), edge(ATTACKERS_CONSOLE)], consoleInterrupt: ATTACKERS_CONSOLE,
  onFailure: "restart", image: Uint8Array.from({ length: 64 }, (_, n) => (n * 7 + 1) & 0xff),
};
/** On hart 0: whoever takes a number out of range for the first one, hits it. */
const bystander: PartitionSpec = {
  name: BYSTANDER, cpus: [0], regions: [ram(IPA, BYSTANDER_PA, 2 * MIB)],
  interrupts: [edge(BYSTANDERS_EDGE), edge(BYSTANDERS_CONSOLE)], consoleInterrupt: BYSTANDERS_CONSOLE, onFailure: "stop",
  image: Uint8Array.from({ length: 64 }, (_, n) => (n * 13 + 5) & 0xff),
};

/** Its own interrupt files, if its interrupts are direct. */
const made = (partition: PartitionSpec, direct: boolean, { imsic }: Board): PartitionSpec => {
  const file = (hart: number, n: number) =>
    ({ ...device(imsic + hart * HART_FILES + PAGE, PAGE), ipa: GUEST_IMSIC + n * PAGE });
  return { ...partition, direct, regions: [...partition.regions, ...(direct ? partition.cpus.map(file) : [])] };
};
const system = (board: Board, attackerDirect: boolean, bystanderDirect: boolean): SystemSpec => ({
  board, housekeeper: 3, partitions: [made(attacker, attackerDirect, board), made(bystander, bystanderDirect, board)],
});

export const FIELDS: readonly Field<SystemSpec>[] = [
  { name: "both direct", spec: system(qemuVirt, true, true) },
  { name: "both injected", spec: system(qemuVirt, false, false) },
  { name: "the attacker direct", spec: system(qemuVirt, true, false) },
  { name: "QEMU 7.2's harts, both direct", spec: system(qemuVirt7, true, true) },
];

/** What the attacker sees there. */
export const targetOn = (direct: boolean): Target => {
  const files = (harts: readonly number[]) => harts.flatMap((hart) => [0, PAGE].map((file) => ({
    what: `an interrupt file of hart ${hart}`, at: qemuVirt.imsic + hart * HART_FILES + file,
  })));
  const own = direct ? [GUEST_IMSIC, GUEST_IMSIC + PAGE] : [];
  const foreign = [
    ...files([0, 1, 2, 3]), { what: "the hypervisor's image", at: qemuVirt.imageBase },
    { what: "its neighbour's memory", at: BYSTANDER_PA }, { what: "its own memory's place", at: ATTACKER_PA },
    { what: "behind its memory", at: IPA + 2 * MIB }, { what: "before its memory", at: IPA - PAGE },
    { what: "firmware's interrupt file", at: 0x2400_0000 },
  ];
  return {
    direct, vcpus: 2, ram: { at: IPA, size: 2 * MIB }, files: own, channel: 0, mailbox: 0, aplic: direct ? GUEST_APLIC : 0,
    plic: direct ? 0 : GUEST_PLIC,
    console: GUEST_UART, rtc: 0, sources: [ATTACKERS_EDGE, ATTACKERS_LEVEL, ATTACKERS_CONSOLE],
    foreignSources: [BYSTANDERS_EDGE, BYSTANDERS_CONSOLE], neighbour: BYSTANDER_PA,
    foreign: foreign.filter(({ at }) => !own.includes(at) && !(at >= IPA && at < IPA + 2 * MIB)),
  };
};
