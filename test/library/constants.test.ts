// axv.h repeats constants of core/abi.ts, of AArch64's calls, of the PLC guest's and of the ring's layout, for it is one file
// for people who have nothing else of ours.
import { expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import * as plc from "../../rtos-guests/plc/abi.ts";
import * as layout from "../../rtos-guests/channel/ringLayout.ts";
import * as tags from "../../rtos-guests/channel/tagImageLayout.ts";
import * as writes from "../../rtos-guests/channel/tagWritesLayout.ts";
import { CLANG, runTool } from "../../tools/build/native.ts";
import { HEADER } from "./header.ts";

const ours: Readonly<Record<string, unknown>> = { ...abi, ...calls, ...plc, ...layout, ...tags, ...writes };

/** The interface's version is no ISA's: there it is called by another name. */
const ourValue = (name: string): unknown => ours[name] ?? ours[name.replace("HYPERCALL_", "CALL_")];

/** The header's own constants and macros, which are nobody else's. */
const OWN = new Set(["AXV_OK", "AXV_NO_HYPERVISOR", "AXV_NO_MAILBOX", "AXV_IMAGE_NONE", "AXV_IMAGE_BUSY", "AXV_H"]);

/** Name → value, as the compiler sees them; macros with parameters or of code are not constants. */
function constants(): Map<string, number> {
  const macros = runTool(CLANG, ["--target=aarch64-none-elf", "-ffreestanding", "-dM", "-E", "-x", "c", HEADER]);
  const found = [...macros.matchAll(/^#define (AXV_\w+) \(?(-?(?:0x)?[0-9a-f]+)u?\)?$/gm)].map(
    ([, name = "", value = ""]) => [name, Number(value)] as const,
  );
  return new Map(found);
}

test("every constant of the header is that of core/abi.ts, or of a layout, by its name", () => {
  const header = constants();
  for (const [name, value] of header) {
    if (!OWN.has(name)) expect({ name, value }).toEqual({ name, value: ourValue(name.replace("AXV_", "")) });
  }
  expect(header.size).toBeGreaterThan(40);
});

test("nothing of the interface is missing: hypercalls, mailbox, ring, tag image, writes", () => {
  const header = constants();
  const wanted = Object.keys(ours).filter(
    (name) => /^(HYPERCALL|MAILBOX|RING|TAG_IMAGE|TAG_WRITES)_/.test(name) && name !== "CALL_VERSION_MINOR",
  );
  expect(wanted.length).toBeGreaterThan(25);
  expect(wanted.filter((name) => !header.has(`AXV_${name}`))).toEqual([]);
});

test("the header's own results are none of the ring's or of SMCCC's", () => {
  const header = constants();
  const results = [...header].filter(([, value]) => value < 0).map(([, value]) => value);
  const own = results.filter((value) => value < -10);
  expect(own).toHaveLength(OWN.size - 2);
  expect(new Set(own).size).toBe(own.length);
});
