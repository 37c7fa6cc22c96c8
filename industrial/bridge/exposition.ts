// Prometheus' text format (exposition formats, version 0.0.4). Not by prom-client: it keeps a copy of every sample between
// scrapes, by strings of their labels; here all of them are in the plant already, and are written out when somebody asks.
export type Labels = Readonly<Record<string, string | number>>;

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export class Exposition {
  readonly #lines: string[] = [];

  /** A family: its samples follow. */
  family(name: string, type: "gauge" | "counter", help: string): void {
    this.#lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
  }

  sample(name: string, labels: Labels, value: number | bigint): void {
    const written = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(String(text))}"`);
    this.#lines.push(`${name}${written.length === 0 ? "" : `{${written.join(",")}}`} ${numberOf(value)}`);
  }

  get text(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

/** A 64-bit integer is written whole; Prometheus itself keeps 53 bits of it. */
function numberOf(value: number | bigint): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value); // NaN is NaN
}
