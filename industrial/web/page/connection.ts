// The WebSocket, opened again whenever it is lost.
import { PATHS } from "../protocol.ts";
import type { FromPage, ToPage } from "../protocol.ts";

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 10_000;

export interface ConnectionListener {
  heard(message: ToPage): void;
  /** Whether it is open. */
  changed(isOpen: boolean): void;
  /** Whether this page may be connected at all: asked before each attempt. */
  mayConnect(): Promise<boolean>;
}

export class Connection {
  readonly #listener: ConnectionListener;
  #socket: WebSocket | undefined;
  #retryMs = RETRY_FIRST_MS;
  #wish: FromPage = { watch: [] };
  #timer: number | undefined;

  constructor(listener: ConnectionListener) {
    this.#listener = listener;
  }

  /** At once, whatever was waited for. */
  open(): void {
    window.clearTimeout(this.#timer);
    this.#socket?.close();
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${PATHS.live}`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#retryMs = RETRY_FIRST_MS;
      this.#listener.changed(true);
      this.watch(this.#wish.watch);
    });
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => this.#listener.heard(JSON.parse(data) as ToPage));
    socket.addEventListener("close", () => {
      if (this.#socket !== socket) return; // another one has taken its place
      this.#listener.changed(false);
      this.#later();
    });
  }

  watch(names: readonly string[]): void {
    this.#wish = { watch: names };
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(this.#wish));
  }

  #later(): void {
    this.#timer = window.setTimeout(() => {
      void this.#listener.mayConnect().then(
        (may) => {
          if (may) this.open();
        },
        () => this.#later(),
      );
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
  }
}
