// Debugging the core in QEMU: where gdb attaches, and what a person types for it.
import { type AddressInfo, createServer } from "node:net";

const HOST = "127.0.0.1";
const PREFERRED_PORT = 1234; // QEMU's own for -s

/** The usual port, or a free one when somebody else has that. */
export async function gdbPort(preferred = PREFERRED_PORT): Promise<number> {
  return (await free(preferred)) ?? (await free(0)) ?? preferred;
}

function free(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(undefined));
    server.listen(port, HOST, () => {
      const address = server.address() as AddressInfo; // as those of TCP are
      server.close(() => resolve(address.port));
    });
  });
}

/** QEMU waits for a debugger before its first instruction. */
export const gdbArguments = (port: number): string[] => ["-S", "-gdb", `tcp:${HOST}:${port}`];

/** `elf` is linked at 0 and runs at `base`; `sources`: the project, for #line leads gdb back to AssemblyScript there. */
export function gdbCommand(elf: string, sources: string, base: number, port: number): string {
  return `gdb-multiarch -d ${sources} -ex 'add-symbol-file ${elf} -o 0x${base.toString(16)}' -ex 'target remote ${HOST}:${port}'`;
}
