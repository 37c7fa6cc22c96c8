// Function 43/14, Read Device Identification (MODBUS Application Protocol Specification V1.1b3, section 6.21).
//
//   request   43 │ 14 │ code │ object id
//   answer    43 │ 14 │ code │ conformity │ more follows │ next object id │ number │ { id │ length │ text } …
import { type Exception, ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE, ILLEGAL_FUNCTION } from "./exceptions.ts";
import { ENCAPSULATED_INTERFACE, EXCEPTION_BIT, PDU_MAX, READ_DEVICE_IDENTIFICATION } from "./functions.ts";
import type { Identification } from "./target.ts";

const REQUEST_LENGTH = 4;
const OBJECTS_AT = 7;
const OBJECT_HEADER = 2;
const TEXT_MAX = PDU_MAX - OBJECTS_AT - OBJECT_HEADER;

/** Read device id codes: three categories as a stream, each with those before it; and one object alone. */
const BASIC = 1;
const EXTENDED = 3;
const INDIVIDUAL = 4;
/** The last object of each category, by its code. */
const LAST_OF = [0, 0x02, 0x7f, 0xff] as const;
/** Of the conformity level: single objects can be asked for as well. */
const INDIVIDUAL_TOO = 0x80;
const MORE_FOLLOWS = 0xff;

/** The highest category of which there is an object. */
function conformity(objects: Identification): number {
  const highest = Math.max(...objects.keys());
  return LAST_OF.findIndex((last, code) => code >= BASIC && highest <= last);
}

export function answerIdentification(
  objects: Identification,
  from: Buffer,
  start: number,
  end: number,
  into: Buffer,
  at: number,
): number {
  if (end - start > 1 && from[start + 1] !== READ_DEVICE_IDENTIFICATION) return refused(ILLEGAL_FUNCTION, into, at);
  if (end - start !== REQUEST_LENGTH) return refused(ILLEGAL_DATA_VALUE, into, at);
  const code = from[start + 2] ?? 0;
  const asked = from[start + 3] ?? 0;
  if (code < BASIC || code > INDIVIDUAL) return refused(ILLEGAL_DATA_VALUE, into, at);
  if (code === INDIVIDUAL && !objects.has(asked)) return refused(ILLEGAL_DATA_ADDRESS, into, at);
  const level = conformity(objects);
  into.set([ENCAPSULATED_INTERFACE, READ_DEVICE_IDENTIFICATION, code, level | INDIVIDUAL_TOO, 0, 0, 0], at);
  return (
    OBJECTS_AT +
    (code === INDIVIDUAL ? one(objects, asked, into, at) : stream(objects, Math.min(code, level, EXTENDED), asked, into, at))
  );
}

function refused(exception: Exception, into: Buffer, at: number): number {
  into[at] = ENCAPSULATED_INTERFACE | EXCEPTION_BIT;
  into[at + 1] = exception;
  return 2;
}

/** An object's header and its text at `to`; its length. */
function put(id: number, text: Buffer, into: Buffer, to: number): number {
  into[to] = id;
  into[to + 1] = text.length;
  return OBJECT_HEADER + text.copy(into, to + OBJECT_HEADER);
}

/** Too long a text is cut. */
const textOf = (objects: Identification, id: number): Buffer => Buffer.from(objects.get(id) ?? "", "utf8").subarray(0, TEXT_MAX);

function one(objects: Identification, id: number, into: Buffer, at: number): number {
  into[at + OBJECTS_AT - 1] = 1;
  return put(id, textOf(objects, id), into, at + OBJECTS_AT);
}

/** As many objects as fit, from the one that is asked for; from the first where there is no such object. */
function stream(objects: Identification, category: number, asked: number, into: Buffer, at: number): number {
  const ids = [...objects.keys()].filter((id) => id <= (LAST_OF[category] ?? 0)).sort((a, b) => a - b);
  let length = 0;
  let number = 0;
  for (const id of ids.slice(Math.max(0, ids.indexOf(asked)))) {
    const text = textOf(objects, id);
    if (OBJECTS_AT + length + OBJECT_HEADER + text.length > PDU_MAX) {
      into[at + 4] = MORE_FOLLOWS;
      into[at + 5] = id;
      break;
    }
    length += put(id, text, into, at + OBJECTS_AT + length);
    number++;
  }
  into[at + OBJECTS_AT - 1] = number;
  return length;
}
