// npm run schema: writes the published JSON Schemas anew, from what the tool checks by.
import { BRIDGE_SCHEMA_FILE, bridgeJsonSchema } from "../../industrial/bridge/schema.ts";
import { BOARD_SCHEMA_FILE, boardJsonSchema, PROFILE_SCHEMA_FILE, profileJsonSchema } from "../../partitions/descriptions.ts";
import { inProject } from "../../partitions/project.ts";
import { systemJsonSchema } from "../../partitions/schema.ts";
import { writeAtomically } from "../build/files.ts";

writeAtomically(inProject("partitions/system.schema.json"), systemJsonSchema());
writeAtomically(inProject(BOARD_SCHEMA_FILE), boardJsonSchema());
writeAtomically(inProject(PROFILE_SCHEMA_FILE), profileJsonSchema());
writeAtomically(inProject(BRIDGE_SCHEMA_FILE), bridgeJsonSchema());
