/*
 * gossip_msg.c -- see gossip_msg.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   I1  what is read has a known kind, members with a number, and texts within their limits.
 *   I2  what is written is read back the same.
 */
#include "core/gossip/gossip_msg.h"

enum { INCARNATION_BITS = 62, HEAD_BYTES_MAX = 5 * VARINT_BYTES_MAX + GOSSIP_HOST_BYTES_MAX };

/* --- writing --------------------------------------------------------------------------------- */

static uint8_t *write_bytes(uint8_t *at, const void *data, size_t len)
{
    at = varint_write(at, len);
    if (len > 0) memcpy(at, data, len);
    return at + len;
}

static uint8_t *write_address(uint8_t *at, const struct gossip_address *address)
{
    at = write_bytes(at, address->host, strlen(address->host));
    return varint_write(at, address->port);
}

static uint8_t *write_load(uint8_t *at, uint32_t stamp, const struct gossip_load *load)
{
    at = varint_write(at, stamp);
    at = varint_write(at, load->load_permille);
    at = varint_write(at, load->memory_free_mib);
    return varint_write(at, load->disk_free_mib);
}

static uint8_t *write_sums(uint8_t *at, const struct gossip_msg *msg)
{
    *at++ = msg->answer;
    for (uint32_t i = 0; i < GOSSIP_BUCKETS; i++) at = u32_write(at, msg->sums[i]);
    return at;
}

void gossip_msg_write(const struct gossip_msg *msg, struct gossip_writer *out)
{
    ASSERT(out->end - out->at >= HEAD_BYTES_MAX + 4 * GOSSIP_BUCKETS);
    uint8_t *at = out->at;
    *at++ = (uint8_t)msg->kind;
    at = varint_write(at, msg->from.n);
    switch (msg->kind) {
    case GOSSIP_PING:
        at = varint_write(at, msg->target.n);
        at = u32_write(at, msg->number);
        break;
    case GOSSIP_PING_ASK:
        at = varint_write(at, msg->target.n);
        at = u32_write(at, msg->number);
        at = write_address(at, &msg->address);
        break;
    case GOSSIP_ACK:
    case GOSSIP_NACK: at = u32_write(at, msg->number); break;
    case GOSSIP_COMPARE: at = write_sums(at, msg); break;
    case GOSSIP_TELL:
    case GOSSIP_RECORDS: break;
    }
    out->at = at;
}

bool gossip_news_write(const struct gossip_news *news, struct gossip_writer *out)
{
    uint8_t bytes[GOSSIP_NEWS_BYTES_MAX], *at = bytes;
    *at++ = (uint8_t)news->kind;
    at = varint_write(at, news->node.n);
    at = varint_write(at, news->incarnation);
    switch (news->kind) {
    case GOSSIP_NEWS_ALIVE:
        at = write_load(at, news->stamp, &news->load);
        at = write_address(at, &news->address);
        at = write_bytes(at, news->facts.data, news->facts.len);
        break;
    case GOSSIP_NEWS_SUSPECT:
    case GOSSIP_NEWS_DEAD: at = varint_write(at, news->accuser.n); break;
    case GOSSIP_NEWS_LOAD: at = write_load(at, news->stamp, &news->load); break;
    case GOSSIP_NEWS_LEFT: break;
    }
    size_t len = (size_t)(at - bytes);
    if ((size_t)(out->end - out->at) < len) return false;
    memcpy(out->at, bytes, len);
    out->at += len;
    return true;
}

/* --- reading --------------------------------------------------------------------------------- */

static uint32_t take_u32(struct cursor *cursor)
{
    uint64_t value = cursor_varint(cursor);
    if (value > UINT32_MAX) cursor->bad = true;
    return (uint32_t)value;
}

static node_id take_node(struct cursor *cursor)
{
    node_id node = {take_u32(cursor)};
    if (node.n == 0) cursor->bad = true; /* [I1] */
    return node;
}

static void take_address(struct cursor *cursor, struct gossip_address *address)
{
    struct slice host = cursor_sized(cursor);
    uint32_t port = take_u32(cursor);
    bool good = host.len > 0 && host.len < sizeof address->host && port <= UINT16_MAX;
    if (cursor->bad || !good || memchr(host.data, 0, host.len) != NULL) {
        cursor->bad = true; /* [I1] */
        return;
    }
    memcpy(address->host, host.data, host.len);
    address->host[host.len] = '\0';
    address->port = (uint16_t)port;
}

static void take_load(struct cursor *cursor, struct gossip_news *news)
{
    news->stamp = take_u32(cursor);
    news->load.load_permille = take_u32(cursor);
    news->load.memory_free_mib = take_u32(cursor);
    news->load.disk_free_mib = take_u32(cursor);
}

static bool read_news(struct cursor *cursor, struct gossip_news *news)
{
    news->kind = (enum gossip_news_kind)cursor_u8(cursor);
    news->node = take_node(cursor);
    news->incarnation = cursor_varint(cursor);
    if (news->incarnation >> INCARNATION_BITS != 0) cursor->bad = true; /* [I1] */
    switch (news->kind) {
    case GOSSIP_NEWS_ALIVE:
        take_load(cursor, news);
        take_address(cursor, &news->address);
        news->facts = cursor_sized(cursor);
        return !cursor->bad && news->facts.len <= GOSSIP_FACTS_BYTES_MAX;
    case GOSSIP_NEWS_SUSPECT:
    case GOSSIP_NEWS_DEAD: news->accuser = take_node(cursor); return !cursor->bad;
    case GOSSIP_NEWS_LOAD: take_load(cursor, news); return !cursor->bad;
    case GOSSIP_NEWS_LEFT: return !cursor->bad;
    }
    return false; /* a stranger's kind is no kind */
}

static void read_sums(struct cursor *cursor, struct gossip_msg *msg)
{
    uint8_t answer = cursor_u8(cursor);
    if (answer > 1) cursor->bad = true;
    msg->answer = answer != 0;
    for (uint32_t i = 0; i < GOSSIP_BUCKETS; i++) msg->sums[i] = cursor_u32(cursor);
}

static bool read_head(struct cursor *cursor, struct gossip_msg *msg)
{
    msg->kind = (enum gossip_kind)cursor_u8(cursor);
    msg->from = take_node(cursor);
    switch (msg->kind) {
    case GOSSIP_PING:
        msg->target = take_node(cursor);
        msg->number = cursor_u32(cursor);
        return true;
    case GOSSIP_PING_ASK:
        msg->target = take_node(cursor);
        msg->number = cursor_u32(cursor);
        take_address(cursor, &msg->address);
        return true;
    case GOSSIP_ACK:
    case GOSSIP_NACK: msg->number = cursor_u32(cursor); return true;
    case GOSSIP_COMPARE: read_sums(cursor, msg); return true;
    case GOSSIP_TELL:
    case GOSSIP_RECORDS: return true;
    }
    return false;
}

bool gossip_msg_read(struct slice bytes, struct gossip_msg *msg)
{
    struct cursor cursor = cursor_of(bytes);
    msg->news_count = 0;
    if (bytes.len > GOSSIP_BODY_BYTES_MAX || !read_head(&cursor, msg) || cursor.bad) return false;
    while (cursor_left(&cursor) > 0) { /* ends: each takes some, or is refused */
        if (msg->news_count == GOSSIP_NEWS_MAX) return false;
        if (!read_news(&cursor, &msg->news[msg->news_count])) return false;
        msg->news_count++;
    }
    return true;
}
