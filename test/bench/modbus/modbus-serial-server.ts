// modbus-serial's server, with the vector that it is fastest with, in a process of its own. (prints its port)
import { createServer } from "node:net";
import { ServerTCP } from "modbus-serial";

const registers = Array.from({ length: 2000 }, (_, i) => i);
/** It cannot say which port it was given. */
const port = await new Promise<number>((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const address = probe.address();
    probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
});
const vector = {
  getHoldingRegister: (address: number): number => registers[address] ?? 0,
  getMultipleHoldingRegisters: (address: number, length: number): number[] => registers.slice(address, address + length),
};
const server = new ServerTCP(vector, { host: "127.0.0.1", port, unitID: 1 });
server.on("initialized", () => console.log(port));
