/* warm_msg.c -- see warm_msg.h. */
#include "lane/warm_msg.h"

void warm_msg_write(const struct warm_msg *msg, struct buffer *out)
{
    put_u8(out, (uint8_t)msg->kind);
    put_u64(out, msg->term);
    switch (msg->kind) {
    case WARM_MSG_KEYS:
        put_u64(out, msg->offset);
        put_u8(out, msg->last);
        buffer_append(out, msg->keys);
        return;
    case WARM_MSG_TAKEN: put_u64(out, msg->offset); return;
    case WARM_MSG_ASK:
    case WARM_MSG_ENOUGH: return;
    }
}

bool warm_msg_read(struct slice bytes, struct warm_msg *msg)
{
    struct cursor in = cursor_of(bytes);
    uint8_t kind = cursor_u8(&in), last = 0;
    *msg = (struct warm_msg){.term = cursor_u64(&in)};
    if (kind < WARM_MSG_ASK || kind > WARM_MSG_ENOUGH) return false;
    msg->kind = (enum warm_kind)kind;
    if (msg->kind == WARM_MSG_KEYS || msg->kind == WARM_MSG_TAKEN) msg->offset = cursor_u64(&in);
    if (msg->kind == WARM_MSG_KEYS) {
        last = cursor_u8(&in);
        msg->last = last == 1;
        if (!in.bad) msg->keys = slice_of(in.at, cursor_left(&in));
    } else if (cursor_left(&in) > 0) {
        return false;
    }
    return !in.bad && last <= 1;
}
