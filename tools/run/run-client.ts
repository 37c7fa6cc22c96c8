// The other end of the run socket: finds the run that is meant, asks it, attaches to a console.
import { connect, type Socket } from "node:net";
import { socketPathProblem } from "../../industrial/link/socket-path.ts";
import { RunError } from "./errors.ts";
import { type Description, MESSAGE_MAX, Reply, type Request, socketPaths } from "./run-socket.ts";

const NEWLINE = 0x0a;
/** A run on a busy machine may take its time, also for a command that the hypervisor must answer (5 s). */
const ANSWER_TIMEOUT_MS = 10_000;

/** What the run at the other end said it cannot do: its own code and message. */
export class RemoteError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "RemoteError";
    this.code = code;
  }
}

interface Answer {
  readonly run: Description;
  /** Open after `attach`; its first bytes are the console's. */
  readonly socket: Socket;
}

/** Asks the run on `path`. A run that refuses is a RemoteError. */
export async function ask(path: string, request: Request): Promise<Answer> {
  const socket = await dial(path);
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    const answer = parseReply(await firstLine(socket, path), path);
    if (!answer.ok) throw new RemoteError(answer.code, answer.message);
    if (request.do !== "attach") socket.destroy();
    return { run: answer.run, socket };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The socket of the one run that has this partition; of the one run that there is. Several: an error that lists them. */
export async function findRun(partition?: string): Promise<string> {
  const found = await Promise.all(
    socketPaths().map(async (path) => {
      try {
        return { path, run: (await ask(path, { do: "describe" })).run };
      } catch (error) {
        if (error instanceof RunError && error.code === "AXV_RUN_GONE") return undefined;
        throw error;
      }
    }),
  );
  const runs = found.filter((run) => run !== undefined);
  if (runs.length === 0) throw new RunError("AXV_RUN_NONE");
  const fitting = partition === undefined ? runs : runs.filter(({ run }) => run.partitions.includes(partition));
  const [only, ...others] = fitting;
  if (only === undefined) {
    const known = [...new Set(runs.flatMap(({ run }) => run.partitions))];
    throw new RunError("AXV_PARTITION_UNKNOWN", partition ?? "", known.join(", "));
  }
  if (others.length > 0) {
    const lines = fitting.map(({ path, run }) => `  ${path}  (${run.system}, process ${run.pid})`);
    throw new RunError("AXV_RUN_SEVERAL", lines.join("\n"));
  }
  return only.path;
}

function dial(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (socketPathProblem(path) !== undefined) throw new RunError("AXV_RUN_GONE", path);
    const socket = connect({ path });
    socket.once("error", () => reject(new RunError("AXV_RUN_GONE", path)));
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      socket.on("error", () => {}); // the run has ended: it closes
      resolve(socket);
    });
  });
}

/** Leaves what comes behind the line in the socket. */
function firstLine(socket: Socket, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.off("readable", onReadable);
      socket.off("close", onClose);
      settle();
    };
    const onClose = (): void => finish(() => reject(new RunError("AXV_RUN_GONE", path)));
    const timer = setTimeout(() => finish(() => reject(new RunError("AXV_RUN_PROTOCOL", path))), ANSWER_TIMEOUT_MS);
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf(NEWLINE);
      if (end >= 0) {
        finish(() => {
          if (end + 1 < bytes.length) socket.unshift(bytes.subarray(end + 1));
          resolve(bytes.subarray(0, end).toString());
        });
      } else if (bytes.length > MESSAGE_MAX) {
        finish(() => reject(new RunError("AXV_RUN_PROTOCOL", path)));
      }
    };
    socket.on("readable", onReadable);
    socket.on("close", onClose);
  });
}

function parseReply(text: string, path: string): Reply {
  try {
    return Reply.parse(JSON.parse(text));
  } catch {
    throw new RunError("AXV_RUN_PROTOCOL", path);
  }
}
