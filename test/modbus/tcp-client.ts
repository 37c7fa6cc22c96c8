// A client on a bare socket, which sends whatever bytes a test wants; and the frames around requests.
import { connect, type Socket } from "node:net";
import { HEADER, LENGTH_AT, UNCOUNTED } from "../../industrial/modbus/mbap.ts";

/** A request, given in hexadecimal, behind its header. */
export function frame(
  request: string,
  { transaction = 1, unit = 1, protocol = 0 }: { transaction?: number; unit?: number; protocol?: number } = {},
): Buffer {
  const pdu = Buffer.from(request.replaceAll(" ", ""), "hex");
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(transaction, 0);
  header.writeUInt16BE(protocol, 2);
  header.writeUInt16BE(pdu.length + 1, LENGTH_AT);
  header[HEADER - 1] = unit;
  return Buffer.concat([header, pdu]);
}

export interface Answer {
  readonly transaction: number;
  readonly unit: number;
  readonly pdu: string;
}

export class TcpClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    this.socket.once("close", () => this.#wake());
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The next answer; undefined when the connection has ended before. */
  async next(): Promise<Answer | undefined> {
    while (this.#received.length < HEADER || this.#received.length < UNCOUNTED + this.#received.readUInt16BE(LENGTH_AT)) {
      if (this.socket.destroyed) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const end = UNCOUNTED + this.#received.readUInt16BE(LENGTH_AT);
    const answer = {
      transaction: this.#received.readUInt16BE(0),
      unit: this.#received[HEADER - 1] ?? 0,
      pdu: this.#received.toString("hex", HEADER, end),
    };
    this.#received = this.#received.subarray(end);
    return answer;
  }

  async ask(request: Buffer): Promise<Answer | undefined> {
    this.send(request);
    return this.next();
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}
