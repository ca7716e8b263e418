/* crossing_codec.c -- see crossing_codec.h. */
#include "serve/crossing_codec.h"

#include "core/store/store.h"

/* Varints and a byte: with so many bytes there, what cannot be read is bad, not short. */
enum { HEAD_BYTES_MAX = 8 * VARINT_BYTES_MAX + 1 };

static enum crossing_read unread(struct slice bytes, size_t enough)
{
    return bytes.len >= enough ? CROSSING_BAD : CROSSING_SHORT;
}

/* Past a length and its bytes. */
static enum crossing_read sized_skip(struct cursor *in)
{
    struct slice rest = slice_of(in->at, cursor_left(in));
    uint64_t len = cursor_varint(in);
    if (in->bad) return unread(rest, VARINT_BYTES_MAX);
    if (len > CROSSING_BYTES_MAX) return CROSSING_BAD;
    if (len > cursor_left(in)) return CROSSING_SHORT;
    (void)cursor_bytes(in, (size_t)len);
    return CROSSING_WHOLE;
}

static bool ask_is_good(const struct ask *ask, uint64_t shard, uint64_t database, uint64_t argc)
{
    if (shard > SHARD_ROOT.n + 1) return false;
    bool bye = (ask->flags & ASK_BYE) != 0;
    return database < STORE_DATABASES && argc <= CROSSING_BYTES_MAX && (bye ? argc == 0 : argc > 0);
}

enum crossing_read ask_read(struct slice *bytes, struct ask *ask)
{
    struct cursor in = cursor_of(*bytes);
    *ask = (struct ask){.slot = cursor_varint(&in)};
    ask->id = cursor_varint(&in);
    ask->entry = cursor_varint(&in);
    uint64_t shard = cursor_varint(&in);
    ask->flags = cursor_u8(&in);
    uint64_t database = cursor_varint(&in), argc = cursor_varint(&in);
    uint64_t node = ask->flags & ASK_AT_NODE ? cursor_varint(&in) : 0;
    if (in.bad) return unread(*bytes, HEAD_BYTES_MAX);
    if (!ask_is_good(ask, shard, database, argc) || node > UINT32_MAX) return CROSSING_BAD;
    ask->node.n = (uint32_t)node;
    ask->shard.n = (uint32_t)shard - 1; /* 0 becomes SHARD_NONE */
    ask->database = (uint32_t)database;
    ask->argc = (uint32_t)argc;
    const uint8_t *first = in.at;
    for (uint32_t i = 0; i < ask->argc; i++) {
        enum crossing_read read = sized_skip(&in);
        if (read != CROSSING_WHOLE) return read;
    }
    ask->arguments = slice_of(first, (size_t)(in.at - first));
    *bytes = slice_from(*bytes, (size_t)(in.at - bytes->data));
    return CROSSING_WHOLE;
}

void ask_arguments(const struct ask *ask, struct slice *argv)
{
    struct cursor in = cursor_of(ask->arguments);
    for (uint32_t i = 0; i < ask->argc; i++) argv[i] = cursor_sized(&in);
    ASSERT(!in.bad); /* it was read */
}

enum crossing_read answer_read(struct slice *bytes, struct answer_told *answer)
{
    struct cursor in = cursor_of(*bytes);
    *answer = (struct answer_told){.slot = cursor_varint(&in)};
    answer->id = cursor_varint(&in);
    answer->entry = cursor_varint(&in);
    uint64_t shard = cursor_varint(&in);
    uint8_t kind = cursor_u8(&in);
    if (in.bad) return unread(*bytes, HEAD_BYTES_MAX);
    if (kind >= ANSWER_KINDS || shard > SHARD_ROOT.n + 1) return CROSSING_BAD;
    answer->shard.n = (uint32_t)shard - 1; /* 0 becomes SHARD_NONE */
    answer->kind = (enum answer_kind)kind;
    struct cursor start = in;
    enum crossing_read read = sized_skip(&in);
    if (read != CROSSING_WHOLE) return read;
    answer->reply = cursor_sized(&start);
    *bytes = slice_from(*bytes, (size_t)(in.at - bytes->data));
    return CROSSING_WHOLE;
}

static void ask_write_head(struct buffer *out, const struct ask *ask)
{
    put_varint(out, ask->slot);
    put_varint(out, ask->id);
    put_varint(out, ask->entry);
    put_varint(out, (uint32_t)(ask->shard.n + 1));
    put_u8(out, ask->flags);
    put_varint(out, ask->database);
    put_varint(out, ask->argc);
    if (ask->flags & ASK_AT_NODE) put_varint(out, ask->node.n);
}

void ask_write(struct buffer *out, const struct ask *ask, const struct slice *argv)
{
    ask_write_head(out, ask);
    for (uint32_t i = 0; i < ask->argc; i++) put_sized(out, argv[i]);
}

void ask_copy(struct buffer *out, const struct ask *ask)
{
    ask_write_head(out, ask);
    buffer_append(out, ask->arguments);
}

void answer_write(struct buffer *out, const struct answer_told *answer)
{
    put_varint(out, answer->slot);
    put_varint(out, answer->id);
    put_varint(out, answer->entry);
    put_varint(out, (uint32_t)(answer->shard.n + 1));
    put_u8(out, (uint8_t)answer->kind);
    put_sized(out, answer->reply);
}

void refusal_write(struct buffer *out, node_id leader, uint64_t term)
{
    put_varint(out, leader.n);
    put_varint(out, term);
}

bool refusal_read(struct slice bytes, node_id *leader, uint64_t *term)
{
    struct cursor in = cursor_of(bytes);
    uint64_t node = cursor_varint(&in);
    *term = cursor_varint(&in);
    *leader = (node_id){(uint32_t)node};
    return !in.bad && cursor_left(&in) == 0 && node <= UINT32_MAX;
}
