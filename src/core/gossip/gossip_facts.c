/* gossip_facts.c -- see gossip_facts.h. */
#include "core/gossip/gossip_facts.h"

_Static_assert(5 * VARINT_BYTES_MAX + 2 * GOSSIP_LABEL_BYTES_MAX + GOSSIP_VERSION_BYTES_MAX +
                       GOSSIP_HOST_BYTES_MAX <
                   GOSSIP_FACTS_BYTES_MAX,
               "they fit");

void gossip_facts_write(const struct gossip_facts *facts, struct buffer *out)
{
    put_varint(out, facts->lanes_count);
    put_varint(out, facts->memory_mib);
    put_varint(out, facts->disk_mib);
    put_sized(out, slice_text(facts->version));
    put_sized(out, slice_text(facts->host));
    put_sized(out, slice_text(facts->zone));
    put_sized(out, slice_text(facts->client.host));
    put_varint(out, facts->client.port);
}

static uint32_t take_u32(struct cursor *cursor)
{
    uint64_t value = cursor_varint(cursor);
    if (value > UINT32_MAX) cursor->bad = true;
    return (uint32_t)value;
}

static void take_text(struct cursor *cursor, char *to, size_t size)
{
    struct slice text = cursor_sized(cursor);
    to[0] = '\0';
    if (text.len == 0) return;
    if (text.len >= size || memchr(text.data, 0, text.len) != NULL) {
        cursor->bad = true;
        return;
    }
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
}

bool gossip_facts_read(struct slice bytes, struct gossip_facts *facts)
{
    struct cursor cursor = cursor_of(bytes);
    facts->lanes_count = take_u32(&cursor);
    facts->memory_mib = take_u32(&cursor);
    facts->disk_mib = take_u32(&cursor);
    take_text(&cursor, facts->version, sizeof facts->version);
    take_text(&cursor, facts->host, sizeof facts->host);
    take_text(&cursor, facts->zone, sizeof facts->zone);
    take_text(&cursor, facts->client.host, sizeof facts->client.host);
    uint32_t port = take_u32(&cursor);
    facts->client.port = (uint16_t)port;
    return !cursor.bad && port <= UINT16_MAX;
}
