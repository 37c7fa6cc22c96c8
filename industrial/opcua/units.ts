// Units of tags as EUInformation (OPC 10000-8, 5.6.4.3): the number of a unit is the code that UNECE Recommendation 20 gives it,
// its characters one after the other as bytes. A unit that is none of these is shown by its text alone.
import { EUInformation } from "node-opcua-types";

export const UNIT_URI = "http://www.opcfoundation.org/UA/units/un/cefact";
const UNKNOWN_UNIT = -1;
const BYTE = 256;

export const UNIT_CODES: Readonly<Record<string, string>> = {
  "%": "P1",
  "°C": "CEL",
  "°F": "FAH",
  K: "KEL",
  "°": "DD",
  rad: "C81",
  Pa: "PAL",
  kPa: "KPA",
  MPa: "MPA",
  bar: "BAR",
  mbar: "MBR",
  psi: "PS",
  V: "VLT",
  mV: "2Z",
  kV: "KVT",
  A: "AMP",
  mA: "4K",
  W: "WTT",
  kW: "KWT",
  MW: "MAW",
  kWh: "KWH",
  VA: "D46",
  Hz: "HTZ",
  kHz: "KHZ",
  Ω: "OHM",
  m: "MTR",
  cm: "CMT",
  mm: "MMT",
  µm: "4H",
  "m/s": "MTS",
  "m/s²": "MSK",
  "mm/s": "C16",
  "m²": "MTK",
  "m³": "MTQ",
  l: "LTR",
  L: "LTR",
  ml: "MLT",
  "m³/h": "MQH",
  "l/min": "L2",
  "l/s": "G51",
  rpm: "RPM",
  "1/min": "RPM",
  "1/s": "C97",
  N: "NEW",
  kN: "B47",
  Nm: "NU",
  "N·m": "NU",
  J: "JOU",
  kg: "KGM",
  g: "GRM",
  t: "TNE",
  s: "SEC",
  ms: "C26",
  µs: "B98",
  ns: "C47",
  min: "MIN",
  h: "HUR",
  d: "DAY",
  lx: "LUX",
  dB: "2N",
};

export function unitIdOf(unit: string): number {
  const code = UNIT_CODES[unit];
  return code === undefined ? UNKNOWN_UNIT : [...code].reduce((id, character) => id * BYTE + character.charCodeAt(0), 0);
}

export const euInformation = (unit: string): EUInformation =>
  new EUInformation({ namespaceUri: UNIT_URI, unitId: unitIdOf(unit), displayName: { text: unit }, description: { text: unit } });
