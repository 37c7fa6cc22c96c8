// The JSON Schemas of a board.yaml and of a guest profile, with which an editor completes and checks them while they are written.
import { z } from "zod";
import { BOARD_FILES } from "../boards/schema.ts";
import { PROFILES } from "../rtos-guests/profiles/schema.ts";

export const BOARD_SCHEMA_FILE = "boards/board.schema.json";
export const PROFILE_SCHEMA_FILE = "rtos-guests/profiles/profile.schema.json";

/** Its name is that of its file, whatever it says; and one that extends another one has only what differs. */
function descriptionSchema(title: string, schema: z.ZodType): string {
  const { properties = {}, required = [], ...rest } = z.toJSONSchema(schema, { io: "input" });
  const extended = {
    type: "string",
    description: "Another one: this file holds only the keys in which it differs from that one.",
  } as const;
  const whole = {
    title,
    ...rest,
    properties: { ...properties, name: { description: "Its name is what its file is called." }, extends: extended },
    anyOf: [{ required: ["extends"] }, { required: required.filter((key) => key !== "name") }],
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

export const boardJsonSchema = (): string => descriptionSchema("axv-part board.yaml", BOARD_FILES.aarch64);
export const profileJsonSchema = (): string => descriptionSchema("axv-part guest profile", PROFILES.aarch64);
