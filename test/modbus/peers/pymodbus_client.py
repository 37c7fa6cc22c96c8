# pymodbus as a client of our server: one line of JSON about each thing that it did.   usage: pymodbus_client.py PORT
import json
import sys

from pymodbus.client import ModbusTcpClient

client = ModbusTcpClient("127.0.0.1", port=int(sys.argv[1]), timeout=3)
assert client.connect()
UNIT = {"slave": 1}


def show(name, answer, bits=0):
    if answer.isError():
        said = {"exception": getattr(answer, "exception_code", str(answer))}
    elif hasattr(answer, "registers") and answer.registers:
        said = {"registers": answer.registers}
    elif bits:
        said = {"bits": [int(bit) for bit in answer.bits[:bits]]}
    else:
        said = {"done": True}
    print(json.dumps({"name": name, **said}))


show("write coils", client.write_coils(0, [True, False, True, True], **UNIT))
show("read coils", client.read_coils(0, count=10, **UNIT), bits=10)
show("read discrete inputs", client.read_discrete_inputs(2, count=3, **UNIT), bits=3)
show("write coil", client.write_coil(9, True, **UNIT))
show("write registers", client.write_registers(10, [1, 2, 3], **UNIT))
show("write register", client.write_register(13, 0xBEEF, **UNIT))
show("read holding registers", client.read_holding_registers(10, count=4, **UNIT))
show("read input registers", client.read_input_registers(5, count=2, **UNIT))
show("mask", client.mask_write_register(address=10, and_mask=0xF0, or_mask=0x0C, **UNIT))
show("beyond the end", client.read_holding_registers(999, count=2, **UNIT))
client.close()
