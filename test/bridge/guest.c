// A guest on this machine, with a file in the place of its channel: it shows its tags every ms, and takes what is written.
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "tags.h"

int main(int argc, char **argv) {
    static unsigned char values[AXV_TAGS_SIZE];
    static axv_writes_t writes;
    static axv_tags_t tags;
    const struct timespec ms = { 0, 1000000 };
    const int file = argc == 2 ? open(argv[1], O_RDWR) : -1;
    void *channel = mmap(NULL, AXV_TAGS_CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    uint64_t scan = 0;
    if (channel == MAP_FAILED) return 1;
    axv_tags_open(&tags, channel, AXV_TAGS_TABLE, AXV_TAGS_SIZE);
    axv_writes_open(&writes, channel, values);
    axv_preset_Setpoint(&writes, 20);
    for (;;) {
        axv_take_writes(&writes);
        axv_tags_begin(&tags);
        axv_set_Scans(&tags, (uint32_t)++scan);
        axv_set_Level(&tags, 1.5f);
        axv_set_Setpoint(&tags, axv_get_Setpoint(&writes));
        axv_set_Mode(&tags, axv_get_Mode(&writes));
        axv_set_Pumps(&tags, 0, axv_get_Pumps(&writes, 0));
        axv_set_Pumps(&tags, 1, axv_get_Pumps(&writes, 1));
        axv_tags_end(&tags, scan);
        nanosleep(&ms, NULL);
    }
}
