// Who uses the page: logs in and out.
import type { SessionShown } from "../protocol.ts";
import { CREDENTIAL_MAX } from "../protocol.ts";
import { logIn, logOut, RefusedError } from "./asking.ts";
import { shown } from "./dialogs.ts";
import { el, setText } from "./dom.ts";

export interface WhoListener {
  changed(session: SessionShown): void;
  said(text: string): void;
}

/** Shows in `place` who it is. */
export function showWho(place: HTMLElement, session: SessionShown, listener: WhoListener): void {
  if (session.user !== null) {
    const leave = el(
      "button",
      { type: "button", onclick: () => void logOut().then(listener.changed, (error: Error) => listener.said(error.message)) },
      "log out",
    );
    place.replaceChildren(el("span", { class: "dim" }, `${session.user} (${session.role ?? ""})`), leave);
  } else if (session.hasUsers) {
    place.replaceChildren(el("button", { type: "button", onclick: () => void askLogin(listener) }, "log in"));
  } else place.replaceChildren();
}

export async function askLogin(listener: WhoListener): Promise<void> {
  const said = el("p", { role: "alert", class: "bad" });
  const user = el("input", {
    id: "user",
    name: "user",
    autocomplete: "username",
    autofocus: true,
    required: true,
    maxlength: CREDENTIAL_MAX,
    spellcheck: "false",
  });
  const password = el("input", {
    id: "password",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    maxlength: CREDENTIAL_MAX,
  });
  const enter = el("button", { type: "submit" }, "log in");
  const form = el(
    "form",
    { onsubmit: (event) => void submit(event) },
    el("label", { for: "user" }, "Name"),
    user,
    el("label", { for: "password" }, "Password"),
    password,
    said,
    el("div", { class: "buttons" }, el("button", { type: "button", onclick: () => dialog.close() }, "cancel"), enter),
  );
  const dialog = el("dialog", { "aria-labelledby": "h-login" }, el("h2", { id: "h-login" }, "Log in"), form);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    enter.disabled = true;
    try {
      const session = await logIn(user.value, password.value);
      dialog.close();
      listener.changed(session);
      listener.said(`logged in as ${session.user ?? ""}`);
    } catch (error) {
      setText(said, error instanceof RefusedError ? error.message : "the server does not answer");
      password.value = "";
      password.focus();
    } finally {
      enter.disabled = false;
    }
  };
  await shown(dialog);
}
