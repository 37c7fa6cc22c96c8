// An image in a FIT: what U-Boot would make of it, besides the image itself. Who has signed it is U-Boot's to check.
import { createHash } from "node:crypto";
import type { Isa } from "../../boards/isa.ts";
import type { Board } from "../../boards/schema.ts";
import { recognise } from "../../partitions/images/recognise.ts";
import { planMatch } from "../../partitions/plan/match.ts";
import { hex } from "../../partitions/units.ts";
import { readFit } from "../firmware/fit/read.ts";
import type { Fit, FitImage } from "../firmware/fit/read.ts";
import { ofMemory } from "../firmware/fit/source.ts";
import { ARCHITECTURES, compatibleIn } from "../firmware/fit/system.ts";
import { sha256 } from "./core.ts";
import { ProveError } from "./errors.ts";

export interface PackedFit {
  readonly sha256: string;
  readonly fit: Fit;
  readonly kernel: FitImage;
  readonly isa: Isa;
  readonly bytes: Uint8Array;
}

export interface Unpacked {
  readonly image: Uint8Array;
  /** By its header. */
  readonly isa: Isa;
  /** Undefined: the file is the image. */
  readonly packed: PackedFit | undefined;
}

/** Throws ProveError, FitError: there is no image in it. */
export function unpack(file: string, bytes: Uint8Array): Unpacked {
  if (!recognise(bytes).what.startsWith("it is a FIT")) return { ...checked(file, bytes), packed: undefined };
  const fit = readFit(ofMemory(bytes));
  const kernels = [...new Set([...fit.configurations.values()].map(({ kernel }) => kernel))];
  const kernel = fit.images.get(kernels[0] ?? "");
  if (kernels.length !== 1 || kernel === undefined)
    throw new ProveError("AXV_PROVE_KIND", file, `it is a FIT whose configurations have ${kernels.length} kernels`);
  const { base, size } = kernel.data;
  const found = checked(file, bytes.subarray(base, base + size));
  return { ...found, packed: { sha256: sha256(bytes), fit, kernel, isa: found.isa, bytes } };
}

function checked(file: string, image: Uint8Array): Omit<Unpacked, "packed"> {
  const { format, what } = recognise(image);
  const isa = ISA_OF.get(format);
  if (isa === undefined) throw new ProveError("AXV_PROVE_KIND", file, what);
  return { image, isa };
}

const ISA_OF = new Map<string, Isa>([["arm64-image", "aarch64"], ["riscv-image", "riscv64"]]);

export const FIT_SENTENCE = "the FIT holds this image alone, with its hash, loaded and entered where it has to be, on this board";

const SHA256 = "sha256";

export function fitFindings({ fit, kernel, bytes, isa }: PackedFit, board: Board | undefined): string[] {
  const { base, size } = kernel.data;
  const hash = createHash(SHA256).update(bytes.subarray(base, base + size)).digest();
  const others = [...fit.images.keys()].filter((name) => name !== kernel.name);
  const hashes = kernel.hashes.filter(({ algorithm }) => algorithm === SHA256);
  const isHash = hashes.length > 0 && hashes.every(({ value }) => hash.equals(value));
  const wanted = (field: "type" | "arch" | "compression", value: string): string[] =>
    (kernel[field] === value ? [] : [`${field} of ${kernel.name} is ${kernel[field] ?? "not there"}, not ${value}`]);
  const placed = (field: "load" | "entry"): string[] =>
    (board === undefined || kernel[field] === board.boot.image
      ? [] : [`${field} of ${kernel.name} is ${hex(kernel[field] ?? 0)}, and the image is for ${hex(board.boot.image)}`]);
  return [
    ...(bytes.length === fit.total ? [] : [`${bytes.length - fit.total} bytes are behind it`]),
    ...(others.length === 0 ? [] : [`it holds ${others.join(", ")}, too`]),
    ...(isHash ? [] : [`the SHA-256 of ${kernel.name} is another one`]),
    ...wanted("type", "kernel"), ...wanted("arch", ARCHITECTURES[isa]), ...wanted("compression", "none"),
    ...placed("load"), ...placed("entry"),
    ...(board === undefined ? [] : [...fit.configurations.values()].flatMap((one) => foreign(one, board))),
  ];
}

/** Boards that U-Boot would take a configuration for, but by their device tree's compatible strings are others. */
function foreign({ name, compatible }: { name: string; compatible: readonly string[] }, { match }: Board): string[] {
  const own = compatibleIn(match.map(planMatch));
  if (compatible.length === 0) return [`${name} is for every board`];
  return compatible.filter((one) => !own.includes(one)).map((one) => `${name} is for ${one}, too`);
}
