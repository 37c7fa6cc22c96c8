// SVG, written as text: elements with attributes, and the look that all pictures of the project share.

type Attributes = Readonly<Record<string, string | number>>;

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);

const attributesText = (attributes: Attributes): string =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escape(String(value))}"`)
    .join("");

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const rectangle = ({ x, y, width, height }: Box, style: string, radius = 6): string =>
  `<rect${attributesText({ class: style, x, y, width, height, rx: radius })}/>`;

export const text = (x: number, y: number, content: string, style = ""): string =>
  `<text${attributesText({ ...(style === "" ? {} : { class: style }), x, y })}>${escape(content)}</text>`;

export const path = (d: string, style: string): string => `<path${attributesText({ class: style, d })}/>`;

/** Hues of partitions, in turn: told apart by people with any kind of colour vision, in light and in dark. */
const HUES = ["#3b82d6", "#e08a1e", "#2aa37a", "#a866c9", "#c9503c", "#5aa9c9", "#a3963b", "#8a8f98"] as const;
export const hue = (partition: number): string => `p${partition % HUES.length}`;

const hueStyle = (colour: string, index: number): string =>
  `  .p${index} { fill: ${colour}; fill-opacity: .14; stroke: ${colour} }\n  .p${index}.line { fill: none }`;

/** Own colours for a dark page; a viewer that does not know the query shows the light card, legible on any page. */
const STYLE = `
  .card { fill: #ffffff; stroke: #d0d7de }
  .line { fill: none; stroke-width: 2 }
  .neutral { fill: #f3f5f7; stroke: #b6bec7 }
  .free { fill: none; stroke: #b6bec7; stroke-dasharray: 3 3 }
  .core { fill: #e4e8ec; stroke: #8b95a1 }
  text { fill: #1f2328; font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
  .title { font-size: 17px; font-weight: 600 }
  .name { font-size: 16px; font-weight: 600 }
  .dim { fill: #59636e; font-size: 12px }
  .mono { fill: #59636e; font: 11px ui-monospace, "DejaVu Sans Mono", monospace }
  .halo { stroke: #ffffff; stroke-width: 6; stroke-linejoin: round; paint-order: stroke }
  .middle { text-anchor: middle }
  .end { text-anchor: end }
${HUES.map(hueStyle).join("\n")}
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #30363d }
    .halo { stroke: #0d1117 }
    .neutral { fill: #161b22; stroke: #484f58 }
    .free { stroke: #484f58 }
    .core { fill: #21262d; stroke: #6e7681 }
    text { fill: #e6edf3 }
    .dim, .mono { fill: #9198a1 }
  }
`;

/** `title` is what a screen reader says. */
export function drawing(width: number, height: number, title: string, elements: readonly string[]): string {
  const size = attributesText({ width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
  const card = rectangle({ x: 0.5, y: 0.5, width: width - 1, height: height - 1 }, "card", 10);
  const lines = [`<title>${escape(title)}</title>`, `<style>${STYLE}</style>`, card, ...elements];
  return `<svg xmlns="http://www.w3.org/2000/svg"${size}>\n${lines.join("\n")}\n</svg>\n`;
}
