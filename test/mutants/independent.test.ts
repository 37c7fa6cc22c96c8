// Which steps may change places because of their form alone.
import { expect, test } from "vitest";
import { whyIndependent } from "./independent.ts";
import { mutantsOf } from "./mutations.ts";

const isIndependent = (first: string, next: string): boolean =>
  mutantsOf("core/a.ts", `  ${first}\n  ${next}`).some(
    (mutant) => mutant.change.startsWith("changes places") && whyIndependent(mutant) !== undefined,
  );

test("plain stores to different places, neither of which the other's value is made of", () => {
  expect(isIndependent("vcpu.a = 0;", "vcpu.b = c | 1; // why")).toBe(true);
  expect(isIndependent("a = b;", "c = d;")).toBe(true);
  expect(isIndependent("vcpu.a = 0;", "vcpu.b = mrs_A_EL2();")).toBe(true);
  expect(isIndependent("vcpu.a = 0;", "vcpu.b = mrs_ICC_IAR1_EL1();")).toBe(false);
  expect(isIndependent("vcpu.a++;", "vcpu.b = 0;")).toBe(true);
  expect(isIndependent("vcpu.a++;", "vcpu.b = vcpu.a;")).toBe(false);
  expect(isIndependent("a += c;", "b = min<u32>(header().d, c);")).toBe(true);
  expect(isIndependent("w += rotr<T>(e, 14) ^ rotr<T>(e, 18);", "h = g;")).toBe(true);
  expect(isIndependent("a = c;", "b = f(min(c, d));")).toBe(false);
  for (const [first, next] of [
    ["vcpu.a = 0;", "other.a = 1;"],
    ["vcpu.a = 0;", "vcpu.b = vcpu.a;"],
    ["a = b;", "b = c;"],
    ["a += c;", "b = min(a, c);"],
    ["a = c;", "a += b;"],
    ["a = b;", "b |= c;"],
    ["p = q;", "p.x = 1;"],
  ] as const)
    expect(isIndependent(first, next), `${first} ${next}`).toBe(false);
});

test("not what is called, released, or written to a device", () => {
  for (const next of [
    "vcpu.b = f();",
    "storeRelease32(at, 1);",
    "mmioWrite32(at, 1);",
    "store<u32>(at, 1);",
    "dsbSy();",
    "vcpu.b = load<u32>(at);",
  ])
    expect(isIndependent("vcpu.a = 0;", next), next).toBe(false);
});

test("a plain store and an ISB, but for what is read from a System register behind it", () => {
  expect(isIndependent("isb();", "vcpu.a = b | 1;")).toBe(true);
  for (const next of ["vcpu.a = mrs_A_EL2();", "msr_A_EL2(0);", "vcpu.a = f();", "dsbSy();"])
    expect(isIndependent("isb();", next), next).toBe(false);
});

test("a plain store and a System register, neither of which is in the other's value", () => {
  expect(isIndependent("msr_A_EL2(0);", "vcpu.a = 1;")).toBe(true);
  expect(isIndependent("vcpu.a = 1;", "msr_A_EL2(b);")).toBe(true);
  for (const [first, next] of [
    ["vcpu.a = 1;", "msr_A_EL2(vcpu.a);"],
    ["vcpu.a = mrs_A_EL2();", "msr_A_EL2(0);"],
    ["vcpu.a = 1;", "msr_ICC_SGI1R_EL1(0);"],
    ["vcpu.a = f();", "msr_A_EL2(0);"],
  ] as const) {
    expect(isIndependent(first, next), `${first} ${next}`).toBe(false);
  }
});

test("two System registers, but for those of the GIC, and those that select what another one is", () => {
  expect(isIndependent("msr_A_EL2(0);", "msr_B_EL2(mrs_C_EL2() | 1);")).toBe(true);
  for (const [first, next] of [
    ["msr_ICC_A_EL1(0);", "msr_ICC_B_EL1(0);"],
    ["msr_PMSELR_EL0(0);", "msr_PMXEVTYPER_EL0(0);"],
    ["msr_A_EL2(0);", "msr_A_EL2(1);"],
    ["msr_A_EL2(0);", "msr_B_EL2(mrs_A_EL2());"],
    ["msr_A_EL2(0);", "isb();"],
    ["msr_A_EL2(0);", "msr_B_EL2(f(1));"],
  ] as const)
    expect(isIndependent(first, next), `${first} ${next}`).toBe(false);
});
