/*
 * raft_msg.c -- see raft_msg.h. A head: kind u8, flags u8, from u32, to u32, term u64, then the
 * kind's own fields, u64 each. A payload is all behind it.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   I1  no number is so large that adding to it wraps.
 *   I2  an append's entries are the neighbours of `previous`, and of no later term than the sender.
 *   I3  a snapshot's part lies inside the snapshot.
 */
#include "core/raft/raft_msg.h"
#include "core/raft/raft_batch_impl.h"

enum { RAFT_NUMBER_BITS = 62 };

enum raft_msg_flag { FLAG_1 = 1 << 0, FLAG_2 = 1 << 1, FLAG_3 = 1 << 2 };

static uint8_t flags_of(bool first, bool second, bool third)
{
    return (uint8_t)((first ? FLAG_1 : 0) | (second ? FLAG_2 : 0) | (third ? FLAG_3 : 0));
}

static uint8_t msg_flags(const struct raft_msg *msg)
{
    switch (msg->kind) {
    case RAFT_MSG_VOTE_ASK: return flags_of(msg->vote_ask.pre, msg->vote_ask.transfer, false);
    case RAFT_MSG_VOTE_ANSWER:
        return flags_of(msg->vote_answer.granted, msg->vote_answer.pre, false);
    case RAFT_MSG_APPEND_ASK: return flags_of(msg->append_ask.hibernate, false, false);
    case RAFT_MSG_APPEND_ANSWER:
        return flags_of(msg->append_answer.matched, msg->append_answer.recovering,
                        msg->append_answer.no_room);
    case RAFT_MSG_SNAPSHOT_ANSWER:
        return flags_of(msg->snapshot_answer.recovering, msg->snapshot_answer.failed, false);
    case RAFT_MSG_SNAPSHOT_ASK:
    case RAFT_MSG_TIMEOUT_NOW:
    case RAFT_MSG_READ_ASK:
    case RAFT_MSG_READ_ANSWER: return 0;
    }
    UNREACHABLE("a message's kind");
}

static void put_pos(struct buffer *out, struct raft_pos pos)
{
    put_u64(out, pos.term);
    put_u64(out, pos.index);
}

static void write_append_ask(const struct raft_msg *msg, struct buffer *out)
{
    put_pos(out, msg->append_ask.previous);
    put_u64(out, msg->append_ask.commit);
    put_u64(out, msg->append_ask.round);
    put_u64(out, msg->append_ask.welcomed);
    put_u64(out, msg->append_ask.life);
}

static void write_append_answer(const struct raft_msg *msg, struct buffer *out)
{
    put_u64(out, msg->append_answer.index);
    put_u64(out, msg->append_answer.hint_term);
    put_u64(out, msg->append_answer.round);
    put_u64(out, msg->append_answer.life);
}

static void write_snapshot_ask(const struct raft_msg *msg, struct buffer *out)
{
    put_pos(out, msg->snapshot_ask.pos);
    put_u64(out, msg->snapshot_ask.total_bytes);
    put_u64(out, msg->snapshot_ask.offset);
    put_u64(out, msg->snapshot_ask.round);
}

static void write_snapshot_answer(const struct raft_msg *msg, struct buffer *out)
{
    put_pos(out, msg->snapshot_answer.pos);
    put_u64(out, msg->snapshot_answer.offset);
    put_u64(out, msg->snapshot_answer.round);
    put_u64(out, msg->snapshot_answer.life);
}

void raft_msg_write(const struct raft_msg *msg, struct buffer *out)
{
    put_u8(out, (uint8_t)msg->kind);
    put_u8(out, msg_flags(msg));
    put_u32(out, msg->from.n);
    put_u32(out, msg->to.n);
    put_u64(out, msg->term);
    switch (msg->kind) {
    case RAFT_MSG_VOTE_ASK: put_pos(out, msg->vote_ask.last); break;
    case RAFT_MSG_APPEND_ASK: write_append_ask(msg, out); break;
    case RAFT_MSG_APPEND_ANSWER: write_append_answer(msg, out); break;
    case RAFT_MSG_SNAPSHOT_ASK: write_snapshot_ask(msg, out); break;
    case RAFT_MSG_SNAPSHOT_ANSWER: write_snapshot_answer(msg, out); break;
    case RAFT_MSG_READ_ASK: put_u64(out, msg->read_ask.round); break;
    case RAFT_MSG_READ_ANSWER:
        put_u64(out, msg->read_answer.round);
        put_u64(out, msg->read_answer.index);
        break;
    case RAFT_MSG_VOTE_ANSWER:
    case RAFT_MSG_TIMEOUT_NOW: break;
    }
}

/* --- reading --------------------------------------------------------------------------------- */

static uint64_t take_number(struct cursor *cursor)
{
    uint64_t number = cursor_u64(cursor);
    if (number >> RAFT_NUMBER_BITS != 0) cursor->bad = true; /* [I1] */
    return number;
}

static struct raft_pos take_pos(struct cursor *cursor)
{
    uint64_t term = take_number(cursor);
    return (struct raft_pos){term, take_number(cursor)};
}

static bool read_entries(struct slice bytes, struct raft_msg *msg)
{
    msg->append_ask.spans_count = 0;
    if (bytes.len == 0) return true;
    struct raft_batch *batch = raft_batch_read(bytes);
    if (batch == NULL) return false;
    uint32_t count = raft_batch_count(batch);
    struct raft_pos previous = msg->append_ask.previous;
    struct raft_pos first = raft_batch_entry(batch, 0).pos;
    struct raft_pos last = raft_batch_entry(batch, count - 1).pos;
    bool good = first.index == previous.index + 1 && first.term >= previous.term && /* [I2] */
                last.term <= msg->term;
    if (!good) {
        raft_batch_unref(batch);
        return false;
    }
    msg->append_ask.spans_count = 1;
    msg->append_ask.spans[0] = raft_batch_span(batch, 0, count);
    return true;
}

static bool read_append_ask(struct cursor *cursor, uint8_t flags, struct raft_msg *msg)
{
    msg->append_ask.hibernate = flags & FLAG_1;
    msg->append_ask.previous = take_pos(cursor);
    msg->append_ask.commit = take_number(cursor);
    msg->append_ask.round = take_number(cursor);
    msg->append_ask.welcomed = take_number(cursor);
    msg->append_ask.life = cursor_u64(cursor);
    if (cursor->bad) return false;
    struct slice rest = cursor_bytes(cursor, cursor_left(cursor));
    return read_entries(rest, msg);
}

static bool read_append_answer(struct cursor *cursor, uint8_t flags, struct raft_msg *msg)
{
    msg->append_answer.matched = flags & FLAG_1;
    msg->append_answer.recovering = flags & FLAG_2;
    msg->append_answer.no_room = flags & FLAG_3;
    msg->append_answer.index = take_number(cursor);
    msg->append_answer.hint_term = take_number(cursor);
    msg->append_answer.round = take_number(cursor);
    msg->append_answer.life = cursor_u64(cursor);
    return true;
}

static bool read_snapshot_ask(struct cursor *cursor, struct raft_msg *msg)
{
    msg->snapshot_ask.pos = take_pos(cursor);
    uint64_t total = msg->snapshot_ask.total_bytes = take_number(cursor);
    uint64_t offset = msg->snapshot_ask.offset = take_number(cursor);
    msg->snapshot_ask.round = take_number(cursor);
    msg->snapshot_ask.bytes = cursor_bytes(cursor, cursor_left(cursor));
    return offset <= total && msg->snapshot_ask.bytes.len <= total - offset; /* [I3] */
}

static bool read_snapshot_answer(struct cursor *cursor, uint8_t flags, struct raft_msg *msg)
{
    msg->snapshot_answer.recovering = flags & FLAG_1;
    msg->snapshot_answer.failed = flags & FLAG_2;
    msg->snapshot_answer.pos = take_pos(cursor);
    msg->snapshot_answer.offset = take_number(cursor);
    msg->snapshot_answer.round = take_number(cursor);
    msg->snapshot_answer.life = cursor_u64(cursor);
    return true;
}

static bool read_fields(struct cursor *cursor, uint8_t flags, struct raft_msg *msg)
{
    switch (msg->kind) {
    case RAFT_MSG_VOTE_ASK:
        msg->vote_ask.pre = flags & FLAG_1;
        msg->vote_ask.transfer = flags & FLAG_2;
        msg->vote_ask.last = take_pos(cursor);
        return true;
    case RAFT_MSG_VOTE_ANSWER:
        msg->vote_answer.granted = flags & FLAG_1;
        msg->vote_answer.pre = flags & FLAG_2;
        return true;
    case RAFT_MSG_APPEND_ASK: return read_append_ask(cursor, flags, msg);
    case RAFT_MSG_APPEND_ANSWER: return read_append_answer(cursor, flags, msg);
    case RAFT_MSG_SNAPSHOT_ASK: return read_snapshot_ask(cursor, msg);
    case RAFT_MSG_SNAPSHOT_ANSWER: return read_snapshot_answer(cursor, flags, msg);
    case RAFT_MSG_TIMEOUT_NOW: return true;
    case RAFT_MSG_READ_ASK: msg->read_ask.round = take_number(cursor); return true;
    case RAFT_MSG_READ_ANSWER:
        msg->read_answer.round = take_number(cursor);
        msg->read_answer.index = take_number(cursor);
        return true;
    }
    return false; /* a stranger's kind is no kind */
}

bool raft_msg_read(struct slice bytes, struct raft_msg *msg)
{
    struct cursor cursor = cursor_of(bytes);
    msg->kind = (enum raft_msg_kind)cursor_u8(&cursor);
    uint8_t flags = cursor_u8(&cursor);
    msg->from.n = cursor_u32(&cursor);
    msg->to.n = cursor_u32(&cursor);
    msg->term = take_number(&cursor);
    if (cursor.bad || msg->from.n == 0) return false;
    return read_fields(&cursor, flags, msg) && !cursor.bad && cursor_left(&cursor) == 0;
}
