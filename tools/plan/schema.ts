// npm run schema: writes partitions/system.schema.json anew from partitions/schema.ts.
import { inProject } from "../../partitions/project.ts";
import { systemJsonSchema } from "../../partitions/schema.ts";
import { writeAtomically } from "../build/files.ts";

writeAtomically(inProject("partitions/system.schema.json"), systemJsonSchema());
