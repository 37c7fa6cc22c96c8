// The live page. All that it shows comes from the machine that serves it, over one WebSocket.
import { showSlot } from "../../live/show.ts";
import type { SessionShown, SlotShown, Welcome } from "../protocol.ts";
import { askSession, command, RefusedError, type } from "./asking.ts";
import { Connection } from "./connection.ts";
import { consolesPanel } from "./consoles.ts";
import { byId, setText } from "./dom.ts";
import { exitsPanel } from "./exits.ts";
import { boardTime, eventsPanel, overrunsPanel } from "./logs.ts";
import { mapPanel } from "./map.ts";
import type { Deeds, MakePanel, Panel } from "./panel.ts";
import { partitionsPanel } from "./partitions.ts";
import { showLink } from "./states.ts";
import { Store } from "./store.ts";
import { timingPanel } from "./timing.ts";
import { trendsPanel } from "./trends.ts";
import { askLogin, showWho } from "./who.ts";

const PANELS: Readonly<Record<string, MakePanel>> = {
  partitions: partitionsPanel,
  timing: timingPanel,
  events: eventsPanel,
  trends: trendsPanel,
  overruns: overrunsPanel,
  consoles: consolesPanel,
  exits: exitsPanel,
  map: mapPanel,
};
/** What changes oftener is shown at the next of these. */
const FRAME_MS = 100;

class Page {
  readonly #store = new Store();
  readonly #connection: Connection;
  #panels: Panel[] = [];
  #session: SessionShown | undefined;
  #isOpen = false;
  #isAsked = false;
  #shownAt = 0;
  #server: string | undefined;

  constructor() {
    this.#connection = new Connection({
      heard: (message) => {
        this.#store.take(message);
        if (message.type === "welcome") this.#make(message);
        this.#ask();
      },
      changed: (isOpen) => {
        this.#isOpen = isOpen;
        this.#ask();
      },
      mayConnect: async () => {
        this.#allow(await askSession());
        return this.#session?.mayLook === true;
      },
    });
  }

  async start(): Promise<void> {
    this.#showLink();
    try {
      this.#allow(await askSession());
    } catch {
      setText(byId("said"), "the server does not answer: load this page again");
      return;
    }
    if (this.#session?.mayLook === true) this.#connection.open();
    else await askLogin(this.#who);
  }

  readonly #who = {
    changed: (session: SessionShown): void => {
      const couldLook = this.#session?.mayLook === true;
      this.#allow(session);
      if (session.mayLook && !couldLook) this.#connection.open();
    },
    said: (text: string): void => setText(byId("said"), text),
  };

  readonly #deeds: Deeds = {
    command: (partition, name) => {
      setText(byId("said"), `${name} ${partition} …`);
      void this.#told(command(partition, name), `${name} ${partition}: done`);
    },
    type: (partition, text) => this.#told(type(partition, text), ""),
    watch: (names) => this.#connection.watch(names),
  };

  /** Whether it was done. */
  async #told(asked: Promise<unknown>, done: string): Promise<boolean> {
    try {
      await asked;
      setText(byId("said"), done);
      return true;
    } catch (error) {
      setText(byId("said"), error instanceof RefusedError ? error.message : "the server does not answer");
      await askSession().then(
        (session) => this.#allow(session),
        () => {},
      ); // the login may be over
      return false;
    }
  }

  #allow(session: SessionShown): void {
    this.#session = session;
    showWho(byId("who"), session, this.#who);
    for (const panel of this.#panels) panel.allow?.(session);
    byId("main").hidden = !session.mayLook || this.#panels.length === 0;
    this.#ask();
  }

  /** Another server than before counts from 0, and may show another system: then nothing of the old one stays. */
  #make(welcome: Welcome): void {
    if (welcome.server === this.#server) return;
    if (this.#server !== undefined) {
      location.reload();
      return;
    }
    this.#server = welcome.server;
    document.title = `${welcome.title} – axv-part`;
    setText(byId("title"), welcome.title);
    const { map, systemVersion } = welcome;
    const planned = [map && `on ${map.board}`, systemVersion !== null && `planned: version ${systemVersion}`];
    setText(byId("board"), planned.filter(Boolean).join(", "));
    setText(byId("version"), `axv-part ${welcome.version}`);
    byId("main").hidden = false;
    this.#panels = Object.entries(PANELS).map(([id, make]) => make(byId(id), welcome, this.#deeds));
    if (this.#session !== undefined) this.#allow(this.#session);
  }

  #showLink(): void {
    const lost = this.#store.cells.get("link");
    showLink(byId("link"), this.#isOpen, typeof lost === "string" ? lost : null);
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    window.setTimeout(() => requestAnimationFrame(() => this.#show()), Math.max(0, this.#shownAt + FRAME_MS - performance.now()));
  }

  #show(): void {
    this.#isAsked = false;
    this.#shownAt = performance.now();
    this.#showLink();
    const time = this.#store.cells.get("time");
    const system = this.#store.cells.get("system") as SlotShown | null | undefined;
    setText(byId("slot"), system === null || system === undefined ? "" : showSlot(system));
    setText(byId("clock"), typeof time === "number" ? `board up ${boardTime(time)}` : "");
    for (const panel of this.#panels) panel.show(this.#store);
  }
}

void new Page().start();
