// Questions that have to be answered before anything goes on.
import { el } from "./dom.ts";

/** Settles when it is closed; true: it was confirmed. Cancel has the focus: a key too many does nothing. */
export function confirmed(question: string, because: string, yes: string): Promise<boolean> {
  const title = el("h2", { id: "h-confirm" }, question);
  const cancel = el("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "cancel");
  const go = el("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, yes);
  const dialog = el(
    "dialog",
    { "aria-labelledby": "h-confirm" },
    title,
    el("p", {}, because),
    el("div", { class: "buttons" }, cancel, go),
  );
  return shown(dialog).then((answer) => answer === "yes");
}

/** Back to where the focus was when it closes. */
export function shown(dialog: HTMLDialogElement): Promise<string> {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      resolve(dialog.returnValue);
    });
  });
}
