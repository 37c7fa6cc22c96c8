// Device tree source, written from data: nodes, properties and the few kinds of values they have
// (Devicetree Specification v0.4, section 6).

/** A list of strings, cells written as they are, or a flag. */
export type Value = readonly string[] | readonly number[] | true;

export interface TreeNode {
  readonly name: string;
  readonly properties: Readonly<Record<string, Value>>;
  readonly children?: readonly TreeNode[];
}

/**
 * Of what the hypervisor itself shows: interrupt controller, clock of the emulated UARTs, and each vCPU (on RISC-V its interrupt
 * controller); and, on RISC-V, the interrupt files.
 */
export interface OwnPhandles {
  readonly controller: number;
  readonly clock: number;
  readonly cpus: readonly number[];
  readonly messages?: number;
}

/** A 64-bit value as two cells. */
export const cells64 = (value: number): number[] => [Math.floor(value / 2 ** 32), value % 2 ** 32];
/** `reg` with #address-cells = #size-cells = 2. */
export const reg = (base: number, size: number): number[] => [...cells64(base), ...cells64(size)];
/** Unit addresses are hexadecimal without leading zeros. */
export const unit = (name: string, address: number): string => `${name}@${address.toString(16)}`;

/** What may stand between quotes. A tab or newline in a command line would be a mistake elsewhere. */
const quoted = (text: string): string =>
  `"${text.replace(/[\\"]/g, "\\$&").replace(/\t/g, "\\t").replace(/\n/g, "\\n")}"`;
const cell = (value: number): string => (value < 10 ? String(value) : `0x${value.toString(16)}`);

function property(name: string, value: Value): string {
  if (value === true) return `${name};`;
  const items = value.map((item) => (typeof item === "string" ? quoted(item) : cell(item)));
  return typeof value[0] === "string" ? `${name} = ${items.join(", ")};` : `${name} = <${items.join(" ")}>;`;
}

function node({ name, properties, children = [] }: TreeNode, indent: string): string {
  const inner = `${indent}\t`;
  const lines = Object.entries(properties).map(([key, value]) => `${inner}${property(key, value)}`);
  const nested = children.map((child) => node(child, inner));
  return [`${indent}${name} {`, ...lines, ...nested.flatMap((child) => ["", child]), `${indent}};`].join("\n");
}

export const writeDts = (root: TreeNode): string => `/dts-v1/;\n\n${node(root, "")}\n`;
