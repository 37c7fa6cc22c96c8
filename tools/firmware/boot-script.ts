// boot.scr: what stock U-Boot runs by itself from the boot partition (distro boot and standard boot both). It does what
// `bootSteps` of slots.ts says; a test runs both on the same disks.
//
// From a copy of the slot state only the variables of STATE_NAMES are taken, whatever else stands there: nothing in it can set,
// say, `bootcmd`. Each of them stands in quotes, or is compared before it is used. How much is read of a slot the script says.
import type { Layout } from "../../boards/layout.ts";
import type { DiskPlan } from "../../partitions/plan/disk.ts";
import { SECTOR } from "./disk/sectors.ts";
import { COPIES, STATE_BYTES, STATE_NAMES, TRIES } from "./slots.ts";

/** bootm: a FIT, whose signature U-Boot checks where it has a key; booti: an Image as it is, which nobody checks. */
export type Start = "bootm" | "booti";

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Of the device tree that is handed over: as much as Linux, and so the hypervisor, reads of one. It lies behind a slot. */
export const TREE_ROOM = 0x20_0000;
/** For what is added to it. */
const TREE_MORE = 0x1000;

/** What core/slot.ts reads: strings "a" or "b", and "good" or "pending". */
const SLOT_IN_TREE = `fdt resize ${hex(TREE_MORE)} && fdt chosen && fdt set /chosen axv,slot \${axv_slot} \${axv_is}`;

/** `image`: where an Image runs. `fit`: which configuration, where it has to be named. */
export function bootScript(
  plan: DiskPlan, load: Layout["load"], image: number, { start, fit = "" }: { readonly start: Start; readonly fit?: string },
): string {
  const slotAt = start === "bootm" ? load : image;
  const system = `${hex(slotAt)}${fit}`;
  const buffers = [load, load + STATE_BYTES, load + 2 * STATE_BYTES].map(hex);
  const [first, second, written] = buffers as [string, string, string];
  const [place0, place1] = COPIES.map((copy) => hex(plan.state.base + copy)) as [string, string];
  const tree = hex(load + plan.a.size * SECTOR);
  const size = STATE_BYTES.toString(16);
  const names = STATE_NAMES.join(" ");
  const copy = (buffer: string, place: string, generation: string): string[] => [
    "setenv axv_gen",
    `if \${devtype} read ${buffer} ${place} 1 && env import -c ${buffer} ${size} axv_gen; then`,
    `  setenv ${generation} "\${axv_gen}"`,
    "fi",
  ];
  /** A digit, so that nothing is to be calculated. */
  const left = Array.from({ length: TRIES }, (_, n) => String(TRIES - n));
  const fewer = left.map((tries, n) => {
    const test = `${n === 0 ? "if" : "elif"} test "\${axv_tries}" = ${tries}`;
    return `    ${test}; then setenv axv_go 1; setenv axv_tries ${left[n + 1] ?? ""}`.trimEnd();
  });
  return `${[
    "# Written by axv-part: it starts one of two slots.",
    "${devtype} dev ${devnum}",
    "setenv axv_g0",
    "setenv axv_g1",
    ...copy(first, place0, "axv_g0"),
    ...copy(second, place1, "axv_g1"),
    "# The copy with the larger generation holds; the other one is written next.",
    `setenv axv_from ${first}`,
    `setenv axv_to ${place1}`,
    'if test -z "${axv_g0}"; then',
    `  setenv axv_from ${second}`,
    `  setenv axv_to ${place0}`,
    'elif test -n "${axv_g1}"; then',
    '  if test "0x${axv_g1}" -gt "0x${axv_g0}"; then',
    `    setenv axv_from ${second}`,
    `    setenv axv_to ${place0}`,
    "  fi",
    "fi",
    `for axv_name in ${names}; do setenv \${axv_name}; done`,
    'if test -n "${axv_g0}${axv_g1}"; then',
    `  env import -c \${axv_from} ${size} ${names}`,
    "else",
    '  echo "axv: no slot state can be read: slot a is tried, then slot b"',
    "  setenv axv_gen 0",
    "  setenv axv_a good",
    "  setenv axv_b good",
    "fi",
    'if test "${axv_order}" != "b a"; then setenv axv_order "a b"; fi',
    `if ${left.map((tries) => `test "\${axv_tries}" != ${tries}`).join(" && ")}; then setenv axv_tries; fi`,
    "# A device tree that somebody has loaded before goes before U-Boot's own.",
    'if test -z "${axv_fdt}"; then setenv axv_fdt ${fdtcontroladdr}; fi',
    "for axv_slot in ${axv_order}; do",
    '  setenv axv_is "${axv_a}"',
    `  setenv axv_at ${hex(plan.a.base)}`,
    "  if test ${axv_slot} = b; then",
    '    setenv axv_is "${axv_b}"',
    `    setenv axv_at ${hex(plan.b.base)}`,
    "  fi",
    "  setenv axv_go",
    "  setenv axv_save",
    '  if test "${axv_is}" = good; then',
    "    setenv axv_go 1",
    '    if test "${axv_booted}" != ${axv_slot}; then setenv axv_save 1; fi',
    '  elif test "${axv_is}" = pending; then',
    "    setenv axv_save 1",
    ...fewer,
    "    fi",
    "  fi",
    '  if test -n "${axv_go}" && test -n "${axv_save}"; then',
    "    setenv axv_booted ${axv_slot}",
    '    setexpr axv_gen "0x${axv_gen}" + 1',
    `    if env export -c -s ${size} ${written} ${names} && \${devtype} write ${written} \${axv_to} 1; then`,
    `      if test \${axv_to} = ${place0}; then setenv axv_to ${place1}; else setenv axv_to ${place0}; fi`,
    "    else",
    '      echo "axv: the slot state cannot be written"',
    '      if test "${axv_is}" = pending; then setenv axv_go; fi',
    "    fi",
    "  fi",
    '  if test -n "${axv_go}"; then',
    '    echo "axv: slot ${axv_slot} (${axv_is})"',
    "    setenv axv_tree ${axv_fdt}",
    "    # The hypervisor is told: one that does not know that it is on trial would not give up by itself.",
    `    if fdt addr \${axv_fdt} && fdt move \${axv_fdt} ${tree} && ${SLOT_IN_TREE}; then`,
    `      setenv axv_tree ${tree}`,
    "    else",
    '      echo "axv: the device tree takes no slot"',
    '      if test "${axv_is}" = pending; then setenv axv_go; fi',
    "    fi",
    "  fi",
    '  if test -n "${axv_go}"; then',
    `    if \${devtype} read ${hex(slotAt)} \${axv_at} ${hex(plan.a.size)}; then ${start} ${system} - \${axv_tree}; fi`,
    '    echo "axv: slot ${axv_slot} does not start"',
    "  fi",
    "done",
    'echo "axv: neither slot starts: write the disk anew (README: Recovery)"',
  ].join("\n")}\n`;
}
