// The JSON Schemas of a board.yaml and of a guest profile, with which an editor completes and checks them while they are written.
import * as z from "zod";
import type { BoardIsa } from "../boards/isa.ts";
import { BOARD_FILES } from "../boards/schema.ts";
import { PROFILES } from "../rtos-guests/profiles/schema.ts";

export const BOARD_SCHEMA_FILE = "boards/board.schema.json";
export const PROFILE_SCHEMA_FILE = "rtos-guests/profiles/profile.schema.json";

/** Its name is that of its file, whatever it says; and one that extends another one has only what differs. */
function descriptionSchema(schema: z.ZodType): object {
  const { properties = {}, required = [], ...rest } = z.toJSONSchema(schema, { io: "input" });
  const extended = {
    type: "string",
    description: "Another one: this file holds only the keys in which it differs from that one.",
  } as const;
  return {
    ...rest,
    properties: { ...properties, name: { description: "Its name is what its file is called." }, extends: extended },
    anyOf: [{ required: ["extends"] }, { required: required.filter((key) => key !== "name") }],
  };
}

/** A file that says `isa: riscv64` is RISC-V's, each other one AArch64's. */
function byIsa(title: string, { aarch64, riscv64 }: Readonly<Record<BoardIsa, z.ZodType>>): string {
  const isRiscv = { required: ["isa"], properties: { isa: { const: "riscv64" } } };
  const whole = { title, if: isRiscv, then: descriptionSchema(riscv64), else: descriptionSchema(aarch64) };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

export const boardJsonSchema = (): string => byIsa("axv-part board.yaml", BOARD_FILES);
export const profileJsonSchema = (): string => byIsa("axv-part guest profile", PROFILES);
