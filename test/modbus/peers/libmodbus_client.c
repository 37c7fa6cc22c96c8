// libmodbus as a client of our server: every function that it has, each with a line about what came of it.   usage: client PORT
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>

static void show(const char *name, int result) {
  if (result >= 0) printf("%s: %d\n", name, result);
  else printf("%s: exception %d\n", name, errno - MODBUS_ENOBASE);
}

int main(int count, char **words) {
  if (count != 2) return 2;
  modbus_t *modbus = modbus_new_tcp("127.0.0.1", atoi(words[1]));
  modbus_set_slave(modbus, 1);
  if (modbus_connect(modbus) != 0) {
    perror("connect");
    return 1;
  }
  uint8_t bits[2000] = {1, 0, 1, 1};
  uint16_t registers[125] = {1, 2, 3};
  show("write coils", modbus_write_bits(modbus, 0, 4, bits));
  show("write coil", modbus_write_bit(modbus, 9, 1));
  show("read coils", modbus_read_bits(modbus, 0, 10, bits));
  for (int i = 0; i < 10; i++) printf("%d", bits[i]);
  printf("\n");
  show("read 1000 discrete inputs", modbus_read_input_bits(modbus, 0, 1000, bits));
  show("write registers", modbus_write_registers(modbus, 10, 3, registers));
  show("write register", modbus_write_register(modbus, 13, 0xbeef));
  show("mask", modbus_mask_write_register(modbus, 10, 0xf0, 0x0c));
  const uint16_t seven = 7;
  show("write and read", modbus_write_and_read_registers(modbus, 11, 1, &seven, 10, 4, registers));
  for (int i = 0; i < 4; i++) printf("%x ", registers[i]);
  printf("\n");
  show("read 125 registers", modbus_read_registers(modbus, 0, 125, registers));
  show("read input registers", modbus_read_input_registers(modbus, 5, 2, registers));
  printf("%x %x\n", registers[0], registers[1]);
  show("beyond the end", modbus_read_registers(modbus, 999, 2, registers));
  modbus_set_slave(modbus, 9);
  show("another unit", modbus_read_registers(modbus, 0, 1, registers));
  modbus_close(modbus);
  modbus_free(modbus);
  return 0;
}
