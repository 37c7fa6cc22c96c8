#!/bin/sh
# modbus-serial 8.0.25 as a server: a write of several registers, of which the vector refuses one, is answered as a success.
#
# Its ServerTCP calls `setRegister` of the vector for each register of a function 16 (Write Multiple Registers). Where it throws an error with
# `modbusErrorCode`, or its promise rejects with one, a single write (function 6) is answered by that exception. A good guess is that function
# 16 is, too. It is when the FIRST register is refused by a throw; when a later one is, or any by a promise, the client reads a success.
# With `setRegisterArray` in the vector, which gets the whole request, the refusal is answered.
# Why it matters: a gateway that checks ranges or rights in `setRegister` tells an operator that a setpoint is in force which it has refused.
# Valid requests only. Output seen:
#   function 6, refused: Modbus exception 2
#   function 16, its first register refused: Modbus exception 2
#   function 16, its first register refused by a promise: success
#   function 16, its second register refused: success
#   function 16 with setRegisterArray, refused: Modbus exception 2
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts modbus-serial@8.0.25 >/dev/null
cat >refuses.cjs <<'JS'
const ModbusRTU = require("modbus-serial");
const refusal = () => Object.assign(new Error("not that one"), { modbusErrorCode: 2 });
const refuse = (address) => { if (address === 5) throw refusal(); };
async function ask(port, vector, act) {
  const server = new ModbusRTU.ServerTCP(vector, { host: "127.0.0.1", port, unitID: 1 });
  await new Promise((resolve) => server.on("initialized", resolve));
  const client = new ModbusRTU();
  await client.connectTCP("127.0.0.1", { port });
  client.setID(1);
  client.setTimeout(2000);
  let outcome = "success";
  try { await act(client); } catch (error) { outcome = error.modbusCode === undefined ? error.message : `Modbus exception ${error.modbusCode}`; }
  await new Promise((resolve) => client.close(resolve));
  await new Promise((resolve) => server.close(resolve));
  return outcome;
}
(async () => {
  const each = { setRegister: (address) => refuse(address) };
  const promise = { setRegister: async (address) => refuse(address) };
  const whole = { setRegisterArray: async (address, values) => values.forEach((_, n) => refuse(address + n)) };
  const outcomes = [
    ["function 6, refused", await ask(15021, each, (client) => client.writeRegister(5, 1))],
    ["function 16, its first register refused", await ask(15022, each, (client) => client.writeRegisters(5, [1, 2]))],
    ["function 16, its first register refused by a promise", await ask(15025, promise, (client) => client.writeRegisters(5, [1, 2]))],
    ["function 16, its second register refused", await ask(15023, each, (client) => client.writeRegisters(4, [1, 2]))],
    ["function 16 with setRegisterArray, refused", await ask(15024, whole, (client) => client.writeRegisters(4, [1, 2]))],
  ];
  for (const [what, outcome] of outcomes) console.log(`${what}: ${outcome}`);
  process.exit(outcomes.map(([, outcome]) => outcome === "success").join() === "false,false,true,true,false" ? 0 : 1);
})();
JS
node refuses.cjs || { echo "changed: modbus-serial answers refused writes otherwise now"; exit 1; }
