// asc's library functions mean nothing to whoever reads an error: it also names the function of ours that needs them.
import { sourceName } from "./names.ts";
import { atoms, head, lists, type List } from "./text.ts";

const LIBRARY = "~lib/";

/** `id`, or the first function outside asc's library found on the way up through its callers. */
export function nearestOwnFunction(definitions: ReadonlyMap<string, List>, id: string): string {
  const seen = new Set([id]);
  for (const candidate of seen) {
    if (!sourceName(candidate).startsWith(LIBRARY)) return candidate;
    for (const [caller, body] of definitions) if (calls(body, candidate)) seen.add(caller);
  }
  return id;
}

function calls(list: List, id: string): boolean {
  return (head(list) === "call" && atoms(list)[0] === id) || lists(list).some((item) => calls(item, id));
}
