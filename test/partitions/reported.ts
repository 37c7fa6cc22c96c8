// Checks one by one, on what they take: requests and boards as they are, without files; and all that is said, with its place.
import type { Aarch64Board } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { ChannelRequest, PartitionRequest } from "../../partitions/request.ts";
import { boards, profiles } from "../../partitions/shelf.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";
import { aarch64Board } from "../aarch64.ts";

/** "partitions.a.cpus.0 AXV-P014 what is wrong: what to do" of each, in the order in which it is found; `(key)`: at the key. */
export function reported(check: (findings: Findings) => unknown): string[] {
  const places: string[] = [];
  const findings = new Findings({
    file: "a file",
    locate: (path, part) => {
      places.push(`${path.join(".")}${part === "key" ? " (key)" : ""}`);
      return { line: places.length, column: 1 };
    },
  });
  check(findings);
  return findings.sorted.map(({ line, code, message, remedy }) => `${places[line - 1] ?? ""} ${code} ${message}: ${remedy}`);
}

const nowhere = new Findings({ file: "", locate: () => ({ line: 1, column: 1 }) });
const found = <Item>(item: Item | undefined): Item => {
  if (item === undefined) throw new Error(JSON.stringify(nowhere.sorted));
  return item;
};

export const qemu: Aarch64Board = aarch64Board(boards().get("qemu-aarch64", nowhere));
export const gicv2: Aarch64Board = aarch64Board(boards().get("qemu-aarch64-gicv2", nowhere));
export const profile = (name: string, isa: Profile["isa"] = "aarch64"): Profile => found(profiles(isa).get(name, nowhere));

export const request = (
  name: string, fields: PartitionRequest["fields"], more: Partial<PartitionRequest> = {},
): PartitionRequest => ({
  name, path: ["partitions", name], fields, profile: undefined, memoryBroken: false, tagsBroken: false, ...more,
});

export const channel = (name: string, fields: ChannelRequest["fields"]): ChannelRequest =>
  ({ name, path: ["channels", name], fields });
