// Replays on translated C what was recorded in V8 (recording.ts): the same calls in the same order, imports nested in calls
// and calls nested in imports. Each import must come as recorded, with the recorded arguments, and is then answered as it was;
// each result must be the recorded one. The recording is a row of 64-bit words on stdin; the first difference goes to stdout.
#include <stdio.h>
#include <string.h>
#include "linear.h"

enum { END = 0, ENTER = 1, LEAVE = 2, IMPORT = 3, ANSWER = 4, PATCH = 5 };
#define NOT_HASHED 0xfffffffffffffffful

static u64 *record;
static u64 event;

static void differ(const char *what, u64 expected, u64 actual) {
  printf("event %lu: %s: V8 %#lx, native %#lx\n", event, what, expected, actual);
  exit(0);
}

static u64 next(void) { return *record++; }

static void check_bound(u32 iteration, u32 limit) {
  if (iteration >= limit) differ("bound", limit, iteration);
}

static void must_be(u64 kind) {
  event++;
  u64 recorded = next();
  if (recorded != kind) differ("kind of event (1 enter, 2 leave, 3 import, 4 answer, 5 patch)", recorded, kind);
}

// What the machine wrote into linear memory: offset, bytes, and the bytes in whole words.
static void patch(void) {
  u64 offset = next(), bytes = next();
  memcpy(axv_linear + offset, record, bytes);
  record += (bytes + 7) / 8;
}

static void enter(void) {
  u64 function = next(), arguments = next();
  const u64 *values = record;
  record += arguments;
  u64 result = axv_exports[function].call(values);
  must_be(LEAVE);
  u64 expected = next(), memory = next();
  if (result != expected) differ("result", expected, result);
  if (memory != NOT_HASHED && memory != hash_memory()) differ("memory", memory, hash_memory());
}

static u64 answer(u32 import, u32 count, const u64 *arguments) {
  must_be(IMPORT);
  u64 expected = next();
  if (expected != import) differ("import called", expected, import);
  for (u32 i = 0; i < count; i++) {
    expected = next();
    if (expected != arguments[i]) differ("argument of an import", expected, arguments[i]);
  }
  for (;;) {
    event++;
    switch (next()) {
    case PATCH: patch(); break;
    case ENTER: enter(); break;
    case ANSWER: return next();
    default: differ("kind of event in an import", record[-1], ANSWER);
    }
  }
}

int main(void) {
  map_linear();
  axv_init_linear();
  u64 words = 0, room = 1 << 20;
  u64 *all = malloc(room * 8);
  for (size_t got; (got = fread(all + words, 8, room - words, stdin)) > 0;) {
    words += got;
    if (words == room) all = realloc(all, (room *= 2) * 8);
  }
  record = all;
  for (;;) {
    event++;
    switch (next()) {
    case PATCH: patch(); break;
    case ENTER: enter(); break;
    case END: printf("%lu events\n", event); return 0;
    default: differ("kind of event outside calls", record[-1], ENTER);
    }
  }
}
