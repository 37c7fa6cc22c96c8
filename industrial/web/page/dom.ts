// Elements, made and changed without HTML: text stays text.
import { visible } from "./text.ts";

type Attributes = Readonly<Record<string, string | number | boolean | ((event: Event) => void)>>;
type Child = Node | string;

/** `on…`: a listener; true: an attribute without a value; false: none. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) element.append(typeof child === "string" ? visible(child) : child);
  return element;
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`there is no #${id}`);
  return found;
}

/** Touches the page only where something is different: so that a selection stays, and nothing is read out twice. */
export function setText(element: Node, text: string): void {
  const seen = visible(text);
  if (element.textContent !== seen) element.textContent = seen;
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** What only shows again what is told in words. */
export const decoration = (className: string, text = ""): HTMLElement =>
  el("span", { class: className, "aria-hidden": "true" }, text);

/** A place that scrolls by itself, also by keys. */
export const scroller = (label: string, ...children: readonly Child[]): HTMLElement =>
  el("div", { class: "scroller", role: "group", "aria-label": label, tabindex: 0 }, ...children);
