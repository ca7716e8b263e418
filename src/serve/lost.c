/* lost.c -- see lost.h. */
#include "serve/lost.h"

#include "core/resp/reply_length.h"

/* An array whose first element is one of these words is a message, or says who listens. */
static bool is_message(struct slice reply)
{
    static const char *const words[] = {"message",     "pmessage",     "smessage",
                                        "subscribe",   "psubscribe",   "ssubscribe",
                                        "unsubscribe", "punsubscribe", "sunsubscribe"};
    const uint8_t *first = reply.data[0] == '*' ? memchr(reply.data, '\n', reply.len) : NULL;
    if (first == NULL) return false;
    struct slice rest = slice_from(reply, (size_t)(first - reply.data) + 1);
    const uint8_t *text = memchr(rest.data, '\n', rest.len);
    if (text == NULL || rest.data[0] != '$') return false;
    rest = slice_from(rest, (size_t)(text - rest.data) + 1);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t len = strlen(words[i]);
        if (rest.len > len && memcmp(rest.data, words[i], len) == 0 && rest.data[len] == '\r')
            return true;
    }
    return false;
}

static bool is_unasked(struct slice reply, const struct lost_manner *manner)
{
    if (reply.data[0] == '>') return true;
    if (manner->subscriber && is_message(reply)) return true;
    return manner->monitor && reply.data[0] == '+' && reply.data[1] >= '0' && reply.data[1] <= '9';
}

uint64_t lost_replace(struct buffer *out, struct slice waiting, const struct lost_manner *manner,
                      struct slice error)
{
    uint64_t count = 0;
    while (waiting.len > 0) {
        size_t len = reply_length(waiting);
        ASSERT(len > 0); /* only whole replies of ours are there */
        struct slice reply = slice_of(waiting.data, len);
        bool kept = is_unasked(reply, manner);
        buffer_append(out, kept ? reply : error);
        count += !kept;
        waiting = slice_from(waiting, len);
    }
    return count;
}
