// States and qualities: each has a word, a shape and a colour, so that nobody needs the colour.
import type { PartitionState } from "../../link/telemetry.ts";
import type { Quality } from "../../tags/plant.ts";
import { decoration, el, setAttribute } from "./dom.ts";
import { UNKNOWN } from "./panel.ts";

type Tone = "good" | "calm" | "warn" | "bad";

const STATES: Readonly<Record<PartitionState, readonly [shape: string, tone: Tone]>> = {
  running: ["●", "good"],
  off: ["○", "calm"],
  stopping: ["◐", "warn"],
  paused: ["❚❚", "warn"],
  failed: ["✕", "bad"],
  inspect: ["✕", "bad"],
};

const QUALITIES: Readonly<Record<Quality, readonly [shape: string, tone: Tone]>> = {
  good: ["●", "good"],
  waiting: ["○", "calm"],
  stopped: ["○", "calm"],
  stale: ["▲", "warn"],
  silent: ["▲", "bad"],
  mismatch: ["✕", "bad"],
};

function chip(place: HTMLElement, word: string, shape: string, tone: Tone): void {
  if (place.dataset["word"] === word) return;
  place.dataset["word"] = word;
  place.replaceChildren(el("span", { class: `chip ${tone}` }, decoration("shape", shape), word));
}

export function showState(place: HTMLElement, state: PartitionState | null | undefined): void {
  const [shape, tone] = state === null || state === undefined ? ["○", "calm" as const] : STATES[state];
  chip(place, state ?? UNKNOWN, shape, tone);
}

export function showQuality(place: HTMLElement, quality: Quality | null | undefined): void {
  if (quality === null || quality === undefined) return;
  chip(place, quality, ...QUALITIES[quality]);
}

/** The chip of the whole page. */
export function showLink(place: HTMLElement, isOpen: boolean, lost: string | null): void {
  const [word, shape, tone]: readonly [string, string, Tone] = !isOpen
    ? ["not connected: trying again", "✕", "bad"]
    : lost === null
      ? ["live", "●", "good"]
      : [`no link: ${lost}`, "▲", "bad"];
  if (place.dataset["word"] === word) return;
  place.dataset["word"] = word;
  setAttribute(place, "class", `chip ${tone}`);
  place.replaceChildren(decoration("shape", shape), el("span", {}, word));
}
