// What the library says of packets is kept as words, without what was in them, and so many of them in a while.
import { expect, test } from "vitest";
import { Ration, sentenceOf } from "../../industrial/opcua/libraryLog.ts";

test.each([
  [
    "words stay",
    ["Decode message error :", new Error("array length 7 exceeds 3").message],
    "OPC UA: Decode message error : array length 7 exceeds 3",
  ],
  [
    "a request is not shown: its token stands for a session",
    ["cannot be done { /*ReadRequest*/\n authenticationToken : ns=1;b=c2VjcmV0 }"],
    "OPC UA: cannot be done",
  ],
  [
    "nor is a header that was read in part, as the library prints an object",
    ["cannot decode", { requestHeader: { authenticationToken: "ns=1;g=72962B91-FA75-4AE6-8D28-B404DC7DAF63" } }],
    "OPC UA: cannot decode {",
  ],
  ["nor a session's node ID among words", ["no session ns=1;b=c2Vj/mV0= here"], "OPC UA: no session … here"],
  ["nor by itself", ["{ /*PublishRequest*/\n requestHeader"], undefined],
  [
    "nor bytes",
    ["Nonce has already been used", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"],
    "OPC UA: Nonce has already been used …",
  ],
  ["nor as a dump", ["found 00 11 22 33 44 55 66 77 88 99 aa here"], "OPC UA: found … here"],
  ["what is long is cut", ["x ".repeat(500)], `OPC UA: ${"x ".repeat(100)}…`],
  ["what is known to be no matter is left out", ["[NODE-OPCUA-W26] hostname"], undefined],
])("%s", (_, parts, said) => expect(sentenceOf(["where it is said", ...parts])).toBe(said));

test("a flood of them is cut off; the next while begins with how many there were", () => {
  let now = 0;
  const ration = new Ration(() => now);
  const said: string[] = [];
  const take = (message: string): void => ration.take((text) => void said.push(text), message);
  for (let k = 0; k < 1000; k++) take(`${k}`);
  expect(said).toEqual(Array.from({ length: 20 }, (_, k) => `${k}`));
  now = 10_000;
  said.length = 0;
  take("next");
  expect(said).toEqual(["OPC UA: 980 more of that kind were left out", "next"]);
});
