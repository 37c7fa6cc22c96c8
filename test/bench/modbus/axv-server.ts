// Our Modbus server, over tables in memory, in a process of its own.   usage: node axv-server.ts   (prints its port)
import { ModbusTcpServer } from "../../../industrial/modbus/tcp.ts";
import { MemoryTarget } from "../../modbus/memory-target.ts";

const target = new MemoryTarget();
for (let i = 0; i < 2000; i++) target.registers["holding registers"].writeUInt16BE(i, 2 * i);
const server = await ModbusTcpServer.listen(target, { host: "127.0.0.1", port: 0, unit: 1, maxConnections: 250 });
console.log(server.port);
