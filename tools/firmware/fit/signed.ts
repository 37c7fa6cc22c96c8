// What the signature of a configuration covers: U-Boot hashes pieces of the FIT as it lies in memory, one after another
// (boot/image-fit-sig.c, boot/fdt_region.c).
//
//   /                          a node that is listed: its begin, name and end, all its properties but `data` and what says
//   +- images                  where data lies, and begin, name and end of each child. The children's properties, and what is
//   |  +- kernel-1       *     below them, are not covered unless they are listed too
//   |     +- hash-1      *
//   +- configurations          Listed (*, and the root) are: the configuration, each image that it names, and the image's
//      +- conf-1         *     hash nodes. So a signature holds an image's bytes by their hash
//         +- signature-1
//
// Behind these come the word END and so many bytes of the block of strings as `hashed-strings` says: what properties are called.
//
// U-Boot before 2026.04 takes the list from `hashed-nodes`, which is not covered itself. Here it is always made from the
// configuration, as newer ones do: images that a forged list leads past do not count.
import {
  BEGIN_NODE, END, END_NODE, HEADER, PROPERTY, WORD, type FdtNode,
} from "../../../partitions/devicetree/fdt.ts";
import { stringsOf } from "../../../partitions/devicetree/properties.ts";
import { alignUp } from "../../../partitions/units.ts";

export const IMAGES = "/images";
export const CONFIGURATIONS = "/configurations";
const LEFT_OUT: ReadonlySet<string> = new Set(["data", "data-size", "data-position", "data-offset"]);
/** Properties of a configuration that name no images. */
const NO_IMAGES: ReadonlySet<string> = new Set(["description", "compatible", "default"]);

/** Names of images: what a configuration says in any property that could name some, and /images has. */
export function imagesOf(images: FdtNode, configuration: FdtNode): string[] {
  const there = new Set(images.children.map(({ name }) => name));
  const named = [...configuration.properties.keys()]
    .filter((property) => !NO_IMAGES.has(property))
    .flatMap((property) => stringsOf(configuration, property));
  return [...new Set(named)].filter((name) => there.has(name));
}

export const isHash = ({ name }: FdtNode): boolean => name.startsWith("hash");

/** In the order in which mkimage writes them. */
export function signedNodes(images: FdtNode, configuration: FdtNode): string[] {
  const byName = new Map(images.children.map((image) => [image.name, image]));
  const named = imagesOf(images, configuration).flatMap((name) => byName.get(name) ?? []);
  const covered = [configuration, ...named.flatMap((image) => [image, ...image.children.filter(isHash)])];
  return ["/", ...covered.map(({ path }) => path)];
}

/** Of a blob that readFdt has taken; payloads may have been left out of it, for they are not covered. */
export function signedBytes(fdt: Uint8Array, nodes: readonly string[], stringsSize: number): Buffer {
  const blob = Buffer.from(fdt.buffer, fdt.byteOffset, fdt.byteLength);
  const word = (at: number): number => blob.readUInt32BE(at);
  const strings = word(HEADER.strings);
  const text = (at: number): string => blob.toString("latin1", at, blob.indexOf(0, at));
  const listed = new Set(nodes);
  const covered: Uint8Array[] = [];
  /** Of the node that is open, and of those around it. */
  const open: { readonly path: string; readonly isListed: boolean; readonly isNamed: boolean }[] = [];
  for (let at = word(HEADER.structure); ; ) {
    const start = at;
    const token = word(at);
    const node = open.at(-1);
    let isCovered = node?.isListed === true;
    at += WORD;
    if (token === BEGIN_NODE) {
      const name = text(at);
      at += alignUp(name.length + 1, WORD);
      const path = node === undefined ? "/" : `${node.path === "/" ? "" : node.path}/${name}`;
      const isListed = listed.has(path);
      isCovered ||= isListed;
      open.push({ path, isListed, isNamed: isCovered });
    } else if (token === END_NODE) {
      isCovered = node?.isNamed === true;
      open.pop();
    } else if (token === PROPERTY) {
      isCovered &&= !LEFT_OUT.has(text(strings + word(at + WORD)));
      at += 2 * WORD + alignUp(word(at), WORD);
    } else if (token === END) isCovered = true;
    if (isCovered) covered.push(blob.subarray(start, at));
    if (token === END) return Buffer.concat([...covered, blob.subarray(strings, strings + stringsSize)]);
  }
}
