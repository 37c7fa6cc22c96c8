// Makes an accepted connection read into one buffer that is there. By itself Node takes a new buffer of 64 KiB for every read,
// which for a request of 12 bytes costs more than to answer it. net.Socket can do better (`onread`), but net.Server has no way
// to say so: the connection's handle is moved into a socket that was made so. Handles are Node's own affair; where it
// keeps them in another way, the connection stays as it came, slower and just as right.
import { Socket, type SocketConstructorOpts } from "node:net";

/** Takes bytes[0 … length), of which nothing may be kept; false: no more, until resume(). */
export type Receive = (bytes: Buffer, length: number) => boolean;

/** Of a socket: null when it has no connection. */
const HANDLE = "_handle";

function handleOf(socket: Socket): object | undefined {
  const handle: unknown = Reflect.get(socket, HANDLE);
  return typeof handle === "object" && handle !== null && "readStart" in handle ? handle : undefined;
}

/** The socket to go on with. `accepted` was made with pauseOnConnect, so nothing of it has been read. */
export function readInto(buffer: Buffer, accepted: Socket, receive: Receive): Socket {
  const handle = handleOf(accepted);
  if (handle === undefined) return asItIs(accepted, receive);
  const options: SocketConstructorOpts & { readonly handle: object } = {
    handle,
    allowHalfOpen: true,
    onread: { buffer, callback: (length) => receive(buffer, length) },
  };
  const socket = new Socket(options);
  if (handleOf(socket) !== handle) return asItIs(accepted, receive);
  Reflect.set(accepted, HANDLE, null);
  socket.once("close", () => accepted.destroy()); // the server counts those that it made
  socket.resume();
  return socket;
}

function asItIs(socket: Socket, receive: Receive): Socket {
  socket.on("data", (bytes: Buffer) => {
    if (!receive(bytes, bytes.length)) socket.pause();
  });
  socket.resume();
  return socket;
}
