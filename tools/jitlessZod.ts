// zod otherwise writes a function for each schema, and has it compiled. A command reads one file by most of them, and that takes
// longer: `check` of the demo and `plan` of the largest board need a sixth to a quarter less without. To be imported before
// schemas are made.
import { config } from "zod";

config({ jitless: true });
