// The consoles of the partitions, one at a time; whoever may act types into them.
import { TYPED_MAX } from "../protocol.ts";
import { el, setAttribute } from "./dom.ts";
import { Tail } from "./logs.ts";
import type { MakePanel } from "./panel.ts";

const ENTER = "\r";
const CONTROL_C = "\u0003";
const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };

export const consolesPanel: MakePanel = (place, { partitions, hasCommands }, deeds) => {
  const parts = partitions.map(({ name }, index) => {
    const lines = el("div", {
      class: "log console",
      role: "log",
      "aria-live": "off",
      "aria-label": `Console of ${name}`,
      tabindex: 0,
    });
    const tail = new Tail<string>(lines, (line) => el("div", {}, line));
    const tab = el(
      "button",
      { type: "button", role: "tab", id: `tab-${index}`, "aria-controls": `console-${index}`, onclick: () => choose(index) },
      name,
    );
    const input = el("input", {
      id: `type-${index}`,
      autocomplete: "off",
      spellcheck: "false",
      autocapitalize: "off",
      maxlength: TYPED_MAX - 1,
    });
    const type = (text: string): void =>
      void deeds.type(name, text).then((isDone) => {
        if (isDone) input.value = "";
        input.focus();
      });
    const form = el(
      "form",
      { class: "line", hidden: true, onsubmit: (event) => (event.preventDefault(), type(`${input.value}${ENTER}`)) },
      el("label", { for: `type-${index}` }, `Type to ${name}`),
      input,
      el("button", { type: "submit" }, "send"),
      el("button", { type: "button", "aria-label": `send Control-C to ${name}`, onclick: () => type(CONTROL_C) }, "^C"),
    );
    const panel = el("div", { id: `console-${index}`, role: "tabpanel", "aria-labelledby": `tab-${index}` }, lines, form);
    return { tab, panel, tail, form, lines };
  });
  const tabs = el(
    "div",
    { role: "tablist", "aria-label": "Consoles", onkeydown: (event) => step(event as KeyboardEvent) },
    ...parts.map(({ tab }) => tab),
  );
  let chosen = 0;
  const choose = (index: number): void => {
    chosen = index;
    for (const [at, { tab, panel, lines }] of parts.entries()) {
      setAttribute(tab, "aria-selected", String(at === index));
      setAttribute(tab, "tabindex", at === index ? "0" : "-1");
      panel.hidden = at !== index;
      if (at === index) lines.scrollTop = lines.scrollHeight;
    }
  };
  const step = (event: KeyboardEvent): void => {
    const next = (chosen + (STEPS[event.key] ?? 0) + parts.length) % parts.length;
    if (next === chosen) return;
    event.preventDefault();
    choose(next);
    parts[next]?.tab.focus();
  };
  place.append(tabs, ...parts.map(({ panel }) => panel));
  choose(0);
  return {
    show(store) {
      for (const [index, { tail }] of parts.entries()) tail.show(store.logs.get(`console.${index}`));
    },
    allow(session) {
      for (const { form } of parts) form.hidden = !(session.mayAct && hasCommands);
    },
  };
};
