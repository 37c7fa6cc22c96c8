// libmodbus's server, as its own example for several connections has it: select(), one receive, one reply. The bar that the
// bridge's
// server is measured against.   usage: libmodbus-server   (prints its port)
#include <arpa/inet.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REGISTERS = 2000, BACKLOG = 300 };

int main(void) {
  modbus_t *modbus = modbus_new_tcp("127.0.0.1", 0);
  modbus_mapping_t *mapping = modbus_mapping_new(REGISTERS, REGISTERS, REGISTERS, REGISTERS);
  int listener = modbus == NULL || mapping == NULL ? -1 : modbus_tcp_listen(modbus, BACKLOG);
  if (listener < 0) {
    perror("libmodbus-server");
    return 1;
  }
  for (int i = 0; i < REGISTERS; i++) mapping->tab_registers[i] = (uint16_t)i;
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  fd_set known;
  FD_ZERO(&known);
  FD_SET(listener, &known);
  int highest = listener;
  for (;;) {
    fd_set ready = known;
    if (select(highest + 1, &ready, NULL, NULL, NULL) < 0) return 1;
    for (int socket = 0; socket <= highest; socket++) {
      if (!FD_ISSET(socket, &ready)) continue;
      if (socket == listener) {
        int made = accept(listener, NULL, NULL);
        if (made < 0) continue;
        FD_SET(made, &known);
        if (made > highest) highest = made;
        continue;
      }
      uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
      modbus_set_socket(modbus, socket);
      int received = modbus_receive(modbus, request);
      if (received > 0) modbus_reply(modbus, request, received, mapping);
      else if (received < 0) {
        close(socket);
        FD_CLR(socket, &known);
      }
    }
  }
}
