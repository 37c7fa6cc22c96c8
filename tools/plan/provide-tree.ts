// A process of its own that fetches a board's device tree: whoever plans waits for it.
import { provideTree } from "./provide.ts";

const files = process.argv.slice(2);
await Promise.all(files.map((file) => provideTree(file, (line) => console.error(line)))).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
