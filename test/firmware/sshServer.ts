// An OpenSSH server of a test's own: a port, host key, users' keys and known hosts of its own, and an `ssh` that takes these; and
// a line to it that can be cut.
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";

const SSHD = "/usr/sbin/sshd";
/** Where sshd leaves its privileges, if it has any: Debian's is compiled in. */
const PRIVILEGE_SEPARATION = "/run/sshd";

export class SshServer {
  readonly port: number;
  /** A folder for PATH, in which `ssh` is. */
  readonly programs: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
    this.programs = join(folder, "bin");
    this.#process = spawn(SSHD, ["-D", "-e", "-f", join(folder, "sshd_config")], { stdio: ["ignore", "ignore", "pipe"] });
  }

  /** `path`: where its users find programs. */
  static async start(folder: string, path?: string): Promise<SshServer> {
    const key = (name: string): void => {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(folder, name)]);
    };
    for (const name of ["host", "user", "stranger", "other-host"]) key(name);
    writeFileSync(join(folder, "authorized"), readFileSync(join(folder, "user.pub")));
    const port = await freePort();
    const lines = [
      "ListenAddress 127.0.0.1", `Port ${port}`, `HostKey ${join(folder, "host")}`, "PidFile none", "StrictModes no", "UsePAM no",
      `AuthorizedKeysFile ${join(folder, "authorized")}`, "PermitRootLogin prohibit-password", "PasswordAuthentication no",
      // What a user's own shell does as it begins takes seconds on some machines.
      `SetEnv HOME=${folder} ${path === undefined ? "" : `PATH=${path}`}`,
    ];
    writeFileSync(join(folder, "sshd_config"), `${lines.join("\n")}\n`);
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F '${join(folder, "config")}' "$@"\n`);
    chmodSync(join(folder, "bin/ssh"), 0o700);
    if (userInfo().uid === 0) mkdirSync(PRIVILEGE_SEPARATION, { recursive: true, mode: 0o755 });
    const server = new SshServer(folder, port);
    server.knows("host", "user");
    await new Promise<void>((resolve, reject) => {
      let said = "";
      server.#process.stderr?.on("data", (text: Buffer) => {
        said += text.toString("utf8");
        if (said.includes("Server listening")) resolve();
      });
      server.#process.once("exit", () => reject(new Error(`sshd does not start: ${said}`)));
    });
    return server;
  }

  /** Which host's key the user takes for this server's, and with which one of his own he comes. */
  knows(host: string, user: string): void {
    const [type = "", key = ""] = readFileSync(join(this.#folder, `${host}.pub`), "utf8").split(" ");
    writeFileSync(join(this.#folder, "known"), `* ${type} ${key}\n`);
    const lines = [
      "Host *", `IdentityFile ${join(this.#folder, user)}`, "IdentitiesOnly yes",
      `UserKnownHostsFile ${join(this.#folder, "known")}`, "GlobalKnownHostsFile /dev/null", "StrictHostKeyChecking yes",
    ];
    writeFileSync(join(this.#folder, "config"), `${lines.join("\n  ")}\n`);
  }

  /** `other`'s user goes to this one from now on. */
  alsoFor(other: SshServer): void {
    for (const name of ["known", "config"]) writeFileSync(join(other.#folder, name), readFileSync(join(this.#folder, name)));
  }

  address(path: string, port = this.port): string {
    return `ssh://${userInfo().username}@127.0.0.1:${port}${path}`;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** To a port: it counts what goes there, and is cut after so many bytes. */
export class Line {
  sent = 0;
  connections = 0;
  cutAfter = Infinity;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((near) => {
      this.connections += 1;
      const far = connect(port, "127.0.0.1");
      for (const [socket, peer] of [[near, far], [far, near]] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => peer.destroy());
      }
      far.pipe(near);
      near.on("data", (bytes: Buffer) => {
        this.sent += bytes.length;
        if (this.sent > this.cutAfter) near.destroy();
        else if (!far.write(bytes)) {
          near.pause();
          far.once("drain", () => near.resume());
        }
      });
    });
  }

  static async to(port: number): Promise<Line> {
    const line = new Line(port);
    line.#server.listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
