// Paths of Unix sockets: the system has 108 bytes for one, the last of them NUL (unix(7), sun_path). Node cuts off what is too
// much without a word, and makes or opens a socket by another name.
const SOCKET_PATH_MAX = 107;

/** Why there is no socket of this path; undefined: there can be. */
export function socketPathProblem(path: string): string | undefined {
  const bytes = new TextEncoder().encode(path).length;
  return bytes > SOCKET_PATH_MAX ? `the path of a socket has at most ${SOCKET_PATH_MAX} bytes, and this has ${bytes}` : undefined;
}
