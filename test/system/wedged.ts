// Images of a guest that wedges itself: assembly/wedged.S, for the machine that the profile of the PLC guest has.
import { guestImage } from "./guestImage.ts";
import type { Interrupts } from "./systems.ts";

/** As wedged.S names them. */
export const WEDGES = ["SPINNING", "ASLEEP", "ASLEEP_IN_WFE", "NEVER_ENABLED", "DEAF", "MASKED", "BUSY"] as const;
export type Wedge = (typeof WEDGES)[number];

/**
 * A direct guest whose CPU interface signals nothing any more, and that sleeps: nothing on the core can wake it
 * (no interrupt, and there is no other way from one core to another), and that it never wakes cannot be known
 * before. It is contained: it can execute nothing, touches nothing, and holds up nobody but itself. Arm trusts the
 * owner of a CPU interface with that much.
 */
const UNWAKEABLE: Readonly<Record<string, readonly Wedge[]>> = {
  "qemu-aarch64": ["DEAF", "BUSY"], // the priority mask is trapped, so MASKED is not one of them
  "qemu-aarch64-gicv2": ["DEAF", "MASKED", "BUSY"],
};

export const canBeWoken = (board: string, interrupts: Interrupts, wedge: Wedge): boolean =>
  interrupts === "injected" || UNWAKEABLE[board]?.includes(wedge) !== true;

/** What it says before. */
export const WEDGED = "wedged for good";

/** Path of the image; its files are in `folder`. */
export const wedgedImage = (folder: string, wedge: Wedge, board: string): string =>
  guestImage(folder, "wedged", board, { WEDGE: wedge });
