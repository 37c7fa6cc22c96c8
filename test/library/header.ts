// The library under test, and a program that uses all of it.
export const HEADER = "rtos-guests/library/axv.h";

/** Every function of the header is used, so that a compiler looks at each of them. */
export const USER = `
#include "${HEADER}"

int use(void *channel, void *mailbox, char *text, size_t size);

int use(void *channel, void *mailbox, char *text, size_t size)
{
    axv_t axv;
    axv_ring_t to, from;
    axv_image_t image;
    axv_tags_t tags;
    int result;
    if (axv_open(&axv) != AXV_OK || axv_mailbox_ipa() == 0) return 1;
    if (axv_use_mailbox(&axv, mailbox) != AXV_OK) return 2;
    if (axv_ring_open_producer(&to, channel, 512) != AXV_OK) return 3;
    if (axv_ring_open_consumer(&from, (char *)channel + 1024, 512) != AXV_OK) return 3;
    result = axv_feed_watchdog(&axv) + axv_publish_tag(&axv, 1, 2) + axv_doorbell(&axv, 0);
    result += (int)axv_write_console(&axv, text, size);
    result += axv_ring_send(&to, text, (uint32_t)size) + axv_ring_receive(&from, text, (uint32_t)size);
    axv_tags_open(&tags, (char *)channel + 2048, 1, 128);
    axv_tags_begin(&tags);
    axv_tag_set8(&tags, 64, 1);
    axv_tag_set16(&tags, 66, 1);
    axv_tag_set32(&tags, 68, 1);
    axv_tag_set64(&tags, 72, 1);
    axv_tag_set_text(&tags, 80, text, 7);
    axv_tags_end(&tags, 1);
    if (axv_image_read(channel, &image) != AXV_OK) return 4;
    return result + (int)axv_image_write(channel, &image, axv_image_open(channel));
}
`;
