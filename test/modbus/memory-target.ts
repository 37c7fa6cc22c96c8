// A target that is four tables in memory, with limits and refusals as a test wants them. It remembers every write.
import { ILLEGAL_DATA_ADDRESS, type Outcome, SUCCESS } from "../../industrial/modbus/exceptions.ts";
import {
  type BitTable, type Identification, type ModbusChange, type ModbusClient, type ModbusTarget, type RegisterTable,
  TABLE_SIZE,
} from "../../industrial/modbus/target.ts";

const REGISTER_BYTES = 2;

export class MemoryTarget implements ModbusTarget {
  identification: Identification = new Map([
    [0, "axv-part"],
    [1, "test"],
    [2, "1.0"],
  ]);
  readonly bits: Readonly<Record<BitTable, Uint8Array>> = {
    coils: new Uint8Array(TABLE_SIZE),
    "discrete inputs": new Uint8Array(TABLE_SIZE),
  };
  readonly registers: Readonly<Record<RegisterTable, Buffer>> = {
    "holding registers": Buffer.alloc(TABLE_SIZE * REGISTER_BYTES),
    "input registers": Buffer.alloc(TABLE_SIZE * REGISTER_BYTES),
  };
  readonly writes: { readonly change: ModbusChange; readonly client: ModbusClient }[] = [];
  /** Addresses from here on are not there. */
  end = TABLE_SIZE;
  /** What a write waits for, and what becomes of it. */
  decide: (change: ModbusChange, client: ModbusClient) => Promise<Outcome> | Outcome = () => SUCCESS;
  /** What every read says. */
  reads: () => Outcome = () => SUCCESS;

  readBits(table: BitTable, first: number, count: number, into: Buffer, at: number): Outcome {
    if (first + count > this.end) return ILLEGAL_DATA_ADDRESS;
    const bits = this.bits[table];
    into.fill(0, at, at + ((count + 7) >> 3));
    for (let i = 0; i < count; i++) into[at + (i >> 3)] = (into[at + (i >> 3)] ?? 0) | ((bits[first + i] ?? 0) << (i & 7));
    return this.reads();
  }

  readRegisters(table: RegisterTable, first: number, count: number, into: Buffer, at: number): Outcome {
    if (first + count > this.end) return ILLEGAL_DATA_ADDRESS;
    this.registers[table].copy(into, at, first * REGISTER_BYTES, (first + count) * REGISTER_BYTES);
    return this.reads();
  }

  async write(change: ModbusChange, client: ModbusClient): Promise<Outcome> {
    const count = change.kind === "mask" ? 1 : change.count;
    if (change.first + count > this.end) return ILLEGAL_DATA_ADDRESS;
    const outcome = await this.decide(change, client);
    if (outcome !== SUCCESS) return outcome;
    this.writes.push({ change, client });
    this.#apply(change);
    return SUCCESS;
  }

  #apply(change: ModbusChange): void {
    const { first } = change;
    const registers = this.registers["holding registers"];
    if (change.kind === "registers") change.bytes.copy(registers, first * REGISTER_BYTES);
    else if (change.kind === "bits") {
      for (let i = 0; i < change.count; i++) this.bits.coils[first + i] = ((change.bits[i >> 3] ?? 0) >> (i & 7)) & 1;
    } else {
      const old = registers.readUInt16BE(first * REGISTER_BYTES);
      registers.writeUInt16BE((old & change.and) | (change.or & ~change.and & 0xffff), first * REGISTER_BYTES);
    }
  }
}
