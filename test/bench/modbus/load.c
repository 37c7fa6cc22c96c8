// Asks a Modbus server on TCP as fast as it answers: so many connections, each with so many requests under way, function 3
// with 100
// registers.   usage: load PORT CONNECTIONS DEPTH SECONDS   (prints the number of answers and the seconds)
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, QUANTITY = 100, ANSWER = 9 + 2 * QUANTITY, EVENTS = 64, DEPTH_MAX = 32 };
static const uint8_t REQUEST[] = {0x12, 0x34, 0, 0, 0, 6, 1, 3, 0, 0, 0, QUANTITY};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void ask(int socket, int requests) {
  uint8_t bytes[DEPTH_MAX * sizeof REQUEST];
  for (int i = 0; i < requests; i++) memcpy(bytes + (size_t)i * sizeof REQUEST, REQUEST, sizeof REQUEST);
  ssize_t length = (ssize_t)sizeof REQUEST * requests;
  if (write(socket, bytes, (size_t)length) != length) fail("write");
}

int main(int count, char **words) {
  if (count != 5) return 2;
  int connections = atoi(words[2]);
  int depth = atoi(words[3]);
  double duration = atof(words[4]);
  if (depth < 1 || depth > DEPTH_MAX || connections < 1 || connections > CONNECTIONS_MAX) return 2;
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons((uint16_t)atoi(words[1])),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  static int have[CONNECTIONS_MAX * 4];
  int poll = epoll_create1(0);
  double began = now();
  for (int i = 0; i < connections; i++) {
    int made = socket(AF_INET, SOCK_STREAM, 0);
    if (made < 0 || made >= CONNECTIONS_MAX * 4) fail("socket");
    if (connect(made, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    int on = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = made};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, made, &event) != 0) fail("epoll_ctl");
    ask(made, depth);
  }
  long answers = 0;
  double time = now();
  while (time - began < duration) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poll, events, EVENTS, 1000);
    if (ready <= 0) fail("no answer");
    for (int i = 0; i < ready; i++) {
      uint8_t answer[DEPTH_MAX * ANSWER];
      int socket = events[i].data.fd;
      ssize_t got = read(socket, answer, sizeof answer);
      if (got <= 0) fail("read");
      if (have[socket] == 0 && got > 8 && (answer[7] != 3 || answer[8] != 2 * QUANTITY)) {
        fprintf(stderr, "a wrong answer: function %d\n", answer[7]);
        return 1;
      }
      have[socket] += (int)got;
      int whole = have[socket] / ANSWER;
      have[socket] %= ANSWER;
      answers += whole;
      if (whole > 0) ask(socket, whole);
    }
    time = now();
  }
  printf("%ld %.6f\n", answers, time - began);
  return 0;
}
