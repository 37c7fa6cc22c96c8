// node tools/verify/main.ts [--isa ISA] [--json] [--explain ENTRY]: proves the core that tools/build has made, and prints the
// table.
import { command } from "./command.ts";

const { lines, errors } = command(process.argv.slice(2));
for (const line of lines) console.log(line);
for (const line of errors) console.error(line);
if (errors.length > 0) process.exitCode = 1;
