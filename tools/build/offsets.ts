// Constants that a program exports → a header for its assembly: where AssemblyScript puts a field, nobody counts by hand.

const GLOBAL = /^ *\(global \$(\S+) i32 \(i32\.const (-?\d+)\)\)/gm;
const EXPORT = /^ *\(export "([A-Z][A-Z0-9_]*)" \(global \$(\S+)\)\)/gm;

/** `text`: the program as disassembled. A line for each exported constant: #define NAME value. */
export function offsetsHeader(text: string): string {
  const values = new Map([...text.matchAll(GLOBAL)].map(([, id = "", value = ""]) => [id, value]));
  const lines = [...text.matchAll(EXPORT)].map(([, name = "", id = ""]) => `#define ${name} ${values.get(id) ?? ""}\n`);
  return lines.join("");
}
