// axv-part modbus: reads and writes a Modbus server, ours or any other, on TCP or on a serial line.
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { decode, type RegisterValue, registersOf } from "../../industrial/modbus/registers.ts";
import { type Client, connect } from "../modbus/client.ts";
import { type Options, type ReadRequest, readRequest, TABLES, writeRequest } from "../modbus/request.ts";
import { parseDuration } from "../run/duration.ts";

interface ReadOptions extends Options {
  readonly count: string;
  readonly json?: true;
  readonly watch?: string;
}

const SERVER = "HOST, HOST:PORT or [IPV6]:PORT (port 502 by default); or a serial port: /dev/ttyUSB0";
const ADDRESS = "the first, counted from 0 as on the wire";

export function register(program: Command): void {
  const modbus = program.command("modbus").description("read or write a Modbus server, on TCP or on a serial line");
  modbus.addCommand(
    withOptions(new Command("read").description("read values: all of one moment, by one request"), TABLES.join(", "))
      .option("-c, --count <number>", "how many values; of a string, how many registers", "1")
      .option("--json", "print them as JSON; integers of 64 bits as text, for a JSON number would lose bits")
      .option("--watch <duration>", "again and again, with so much time between: 1s")
      .action(async (server: string, table: string, address: string, options: ReadOptions) => {
        await readAll(readRequest(server, table, address, options.count, options), options);
      }),
  );
  modbus.addCommand(
    withOptions(new Command("write").description("write values, by one request"), "coils or holding")
      .argument("<values...>", "numbers, text, or for coils on or off (behind -- if the first is negative)")
      .option("--json", "print what was written as JSON")
      .action(
        async (
          server: string,
          table: string,
          address: string,
          values: readonly string[],
          options: Options & { readonly json?: true },
        ) => {
          const request = writeRequest(server, table, address, values, options);
          await using_(await connect(request), (client) => client.write(request));
          const { name, unit, type } = request;
          if (options.json === true)
            console.log(JSON.stringify({ server: name, unit, table, address: request.address, type, values }, null, 2));
          else console.log(`${table} ${request.address}: written`);
        },
      ),
  );
}

function withOptions(command: Command, tables: string): Command {
  return command
    .exitOverride()
    .argument("<server>", SERVER)
    .argument("<table>", tables)
    .argument("<address>", ADDRESS)
    .option("-t, --type <type>", "of registers: u16, i16, u32, i32, u64, i64, f32, f64 or string", "u16")
    .option("--words <order>", "which register of a value is first: high-first or low-first", "high-first")
    .option("-u, --unit <number>", "of the device", "1")
    .option("--timeout <duration>", "how long an answer is waited for", "2s")
    .option("--baud <rate>", "of a serial port", "19200")
    .option("--parity <parity>", "of a serial port: even, odd, or none (with two stop bits)", "even");
}

async function using_(client: Client, work: (client: Client) => Promise<void>): Promise<void> {
  try {
    await work(client);
  } finally {
    client.close();
  }
}

async function readAll(request: ReadRequest, { json, watch }: ReadOptions): Promise<void> {
  const pause = watch === undefined ? undefined : parseDuration(watch);
  await using_(await connect(request), async (client) => {
    for (;;) {
      show(request, await client.read(request), json === true, pause !== undefined);
      if (pause === undefined) return;
      await sleep(pause);
    }
  });
}

function show(request: ReadRequest, data: boolean[] | Buffer, json: boolean, again: boolean): void {
  const values = Buffer.isBuffer(data) ? decode(data, request.type === "bit" ? "u16" : request.type, request.words) : data;
  const { name, unit, table, address, type } = request;
  if (json) {
    const time = again ? { time: new Date().toISOString() } : {};
    console.log(
      JSON.stringify({ ...time, server: name, unit, table, address, type, values: values.map(forJson) }, null, again ? 0 : 2),
    );
    return;
  }
  const step = type === "bit" || type === "string" ? 1 : registersOf(type);
  if (again) console.log(`${new Date().toISOString()}  ${values.map(forPeople).join(" ")}`);
  else for (const [index, value] of values.entries()) console.log(`${table} ${address + index * step}: ${forPeople(value)}`);
}

const forPeople = (value: RegisterValue | boolean): string =>
  typeof value === "boolean" ? (value ? "on" : "off") : String(value);

/** JSON has no bigint, no infinity and no NaN. */
const forJson = (value: RegisterValue | boolean): string | number | boolean =>
  typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)) ? String(value) : value;
