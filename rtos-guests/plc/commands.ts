// The peer's commands (rtos-guests/channel/commands.ts), at most one a scan, so that no peer can load a scan by sending many.
import {
  ANSWER_BYTES, ANSWER_CORRUPT, ANSWER_DONE, ANSWER_MALFORMED, ANSWER_OUT_OF_RANGE, ANSWER_UNKNOWN, ANSWERS_RING, COMMAND_BYTES,
  COMMANDS_CAPACITY, COMMANDS_RING, PLC_COMMAND_NONE, PLC_COMMAND_SETPOINT,
} from "../channel/commands";
import { CHANNEL_IPA } from "../../build/generated/plcIsa";
import { openConsumer, openProducer, receive, Ring, send } from "../channel/ring";
import { RING_CORRUPT, RING_EMPTY } from "../channel/ringLayout";
import { setWorkingSetpoint } from "./logic/program";

@unmanaged
class Command {
  kind: u32;
  value: i32;
}

@unmanaged
class Answer {
  kind: u32;
  result: u32;
  scan: u32;
}

const commands = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const answers = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const command = changetype<Command>(memory.data(COMMAND_BYTES, 4));
const answer = changetype<Answer>(memory.data(ANSWER_BYTES, 4));

export function openCommands(): void {
  openConsumer(commands, CHANNEL_IPA + COMMANDS_RING, COMMANDS_CAPACITY);
  openProducer(answers, CHANNEL_IPA + ANSWERS_RING, COMMANDS_CAPACITY);
}

/** Carries out the next command, if there is one, in scan number `scan`. */
export function obey(scan: u64): void {
  const length = receive(commands, changetype<usize>(command), COMMAND_BYTES);
  if (length == RING_EMPTY) return;
  const isCommand = length == <i32>COMMAND_BYTES;
  answer.kind = isCommand ? command.kind : PLC_COMMAND_NONE;
  answer.result = isCommand ? carryOut() : length == RING_CORRUPT ? ANSWER_CORRUPT : ANSWER_MALFORMED;
  answer.scan = <u32>scan;
  send(answers, changetype<usize>(answer), ANSWER_BYTES);
}

function carryOut(): u32 {
  if (command.kind != PLC_COMMAND_SETPOINT) return ANSWER_UNKNOWN;
  return setWorkingSetpoint(command.value) ? ANSWER_DONE : ANSWER_OUT_OF_RANGE;
}
