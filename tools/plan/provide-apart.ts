// node tools/plan/provide-apart.ts FILE…: what provide.ts starts beside itself. Ends with 1 when something is wrong.
import { provide } from "./provide.ts";

await provide(process.argv.slice(2), (line) => console.error(line)).catch(() => {
  process.exitCode = 1;
});
