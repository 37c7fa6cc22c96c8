// From where a tag may be written: `clients` of its entry, addresses and networks.
import { BlockList } from "node:net";

const familyOf = (address: string): "ipv4" | "ipv6" => (address.includes(":") ? "ipv6" : "ipv4");

export function blockList(clients: readonly string[]): BlockList {
  const list = new BlockList();
  for (const client of clients) {
    const [address = "", prefix] = client.split("/");
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

/** Of an IP address; what is none is not listed. */
export const isListed = (list: BlockList, address: string): boolean => address !== "" && list.check(address, familyOf(address));
