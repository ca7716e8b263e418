/*
 * replica_warm.c -- keys of warm caches follow the leadership of their shard.
 *
 * Who is asked to hand over keeps them, when its time of serving ends, outside of its store. Who
 * leads then asks the other members for keys of the time of serving before its own, and is sent
 * them in slices. What does not come begins empty, as all does after a failure: a read is a miss
 * then, never wrong.
 *
 * Invariants
 *   W1  keys leave when serving has ended, so that they have the last values they had here; and
 *       they are shown here no more. Serving again, nothing is left of them.
 *   W2  keys are taken only of the time of serving right before this one: of the term of the entry
 *       before the first of its own term. Who served in between has committed an entry of its
 *       term, which every later leader has: so nobody has.
 *   W3  from the first call of its time of serving on, each key that a write names is noted, and a
 *       noted one is never taken (core/store/warm.h): what was written, deleted or found missing
 *       here is younger than all that comes. A write that names no keys (FLUSHALL, POLICY) ends
 *       the coming.
 *   W4  all of it is over by a limit of time, and takes a lane no more than a limit of bytes at a
 *       time; a lost link or a full cache ends it early.
 */
#include "lane/replica_impl.h"

#include "lane/warm_msg.h"

#define NS_PER_MS     INT64_C(1000000)
#define ASK_PAUSE_NS  (100 * NS_PER_MS)
#define ASKING_NS     (1000 * NS_PER_MS)  /* somebody should have answered */
#define UNASKED_NS    (2000 * NS_PER_MS)  /* somebody should have asked */
#define MOVING_NS     (10000 * NS_PER_MS) /* for all of them, from the first slice on */
#define TURN_PAUSE_NS (10 * NS_PER_MS)

enum {
    SLICE_BYTES = 64 * 1024,    /* of keys in a frame, and one more */
    FLIGHT_BYTES_MAX = 1 << 20, /* sent by the lane and not known to be taken: then it waits */
    KEEP_BYTES_MAX = 1 << 20,   /* of scratch */
    SLICES_A_TURN = 16,
    SHED_STEPS = 256,     /* freed of one shard in a turn */
    SHED_STEPS_FULL = 16, /* between two looks at the memory */
};

static struct warm_msg msg_of(const struct replica_warm *warm, enum warm_kind kind)
{
    return (struct warm_msg){.kind = kind, .term = warm->term};
}

static bool say(struct replica *replica, node_id to, const struct warm_msg *msg)
{
    struct lane *lane = replica->lane;
    shard_id shard = replica->shard->number;
    if (lane->links == NULL) return false;
    buffer_clear(&lane->frame);
    put_u32(&lane->frame, shard.n);
    warm_msg_write(msg, &lane->frame);
    return links_send(lane->links, to, lane_of_shard_at(lane, to, shard), LINK_WARM,
                      buffer_slice(&lane->frame), NULL, 0);
}

/* --- who leads no more ------------------------------------------------------------------------ */

bool replica_warm_is_leaving(const struct replica *replica)
{
    return replica->warm.leaving.store != NULL && !replica->warm.ended;
}

static void free_leaving(struct replica *replica)
{
    struct warm_leaving *leaving = &replica->warm.leaving;
    replica->lane->warm.leaving_count -= leaving->store != NULL;
    warm_leaving_end(leaving);
}

/* What is left is freed in the turns that follow. */
static void end_leaving(struct replica *replica)
{
    struct replica_warm *warm = &replica->warm;
    if (!replica_warm_is_leaving(replica)) return;
    replica->lane->warm.flight_bytes -= warm->sent_bytes - warm->taken_bytes;
    warm->ended = true;
}

void replica_warm_leave(struct replica *replica, bool planned) /* [W1] */
{
    struct replica_warm *warm = &replica->warm;
    struct shard *shard = replica->shard;
    if (!planned) {
        store_drop_cache(shard->store);
        return;
    }
    end_leaving(replica);
    free_leaving(replica);
    if (!warm_leave(shard->store, &warm->leaving)) return;
    replica->lane->warm.leaving_count++;
    warm->term = replica->serving_term;
    warm->peer = NODE_NONE;
    warm->sent_bytes = warm->taken_bytes = 0;
    warm->ended = warm->said_last = false;
    warm->until = (instant){replica->lane->now.ns + UNASKED_NS};
}

/* One slice. False: not now, or not any more. */
static bool send_slice(struct replica *replica)
{
    struct replica_warm *warm = &replica->warm;
    struct lane *lane = replica->lane;
    struct buffer *keys = &lane->warm.keys;
    bool may = !warm->said_last && lane->warm.flight_bytes < FLIGHT_BYTES_MAX;
    if (!may || !lane_may_send(lane)) return false; /* [W4] */
    buffer_clear(keys);
    uint32_t count = warm_leaving_give(&warm->leaving, io_unix_ms(lane->io), SLICE_BYTES, keys);
    struct warm_msg msg = msg_of(warm, WARM_MSG_KEYS);
    msg.offset = warm->sent_bytes;
    msg.last = warm_leaving_is_empty(&warm->leaving);
    msg.keys = buffer_slice(keys);
    if (!say(replica, warm->peer, &msg)) {
        end_leaving(replica);
        return false;
    }
    lane->send_allowance_bytes -= (int64_t)keys->len;
    lane->warm.flight_bytes += keys->len;
    lane->warm.keys_sent += count;
    warm->sent_bytes += keys->len;
    warm->said_last = msg.last;
    if (keys->capacity > KEEP_BYTES_MAX) buffer_free(keys);
    return true;
}

static void send_slices(struct replica *replica)
{
    for (uint32_t i = 0; i < SLICES_A_TURN && send_slice(replica); i++) {}
    shard_note_memory(replica->shard);
}

static void take_ask(struct replica *replica, node_id from)
{
    struct replica_warm *warm = &replica->warm;
    if (warm->peer.n != 0) return; /* it asks again, for what is on its way */
    warm->peer = from;
    warm->until = (instant){replica->lane->now.ns + MOVING_NS};
    send_slices(replica);
}

static void take_taken(struct replica *replica, uint64_t offset)
{
    struct replica_warm *warm = &replica->warm;
    if (offset < warm->taken_bytes || offset > warm->sent_bytes) return;
    replica->lane->warm.flight_bytes -= offset - warm->taken_bytes;
    warm->taken_bytes = offset;
    if (warm->said_last && offset == warm->sent_bytes) {
        end_leaving(replica);
    } else {
        send_slices(replica);
    }
}

static void take_as_old(struct replica *replica, node_id from, const struct warm_msg *msg)
{
    const struct replica_warm *warm = &replica->warm;
    if (!replica_warm_is_leaving(replica) || msg->term != warm->term) return;
    if (msg->kind == WARM_MSG_ASK) {
        take_ask(replica, from);
    } else if (!node_eq(from, warm->peer)) {
        return;
    } else if (msg->kind == WARM_MSG_TAKEN) {
        take_taken(replica, msg->offset);
    } else {
        end_leaving(replica);
    }
}

/* True: there is more to do. */
static bool turn_of_old(struct replica *replica)
{
    struct replica_warm *warm = &replica->warm;
    if (warm->leaving.store == NULL) return false;
    if (!warm->ended && replica->lane->now.ns >= warm->until.ns) end_leaving(replica); /* [W4] */
    if (!warm->ended) {
        if (warm->peer.n != 0) send_slices(replica);
        return true;
    }
    if (!warm_leaving_shed(&warm->leaving, SHED_STEPS)) free_leaving(replica);
    shard_note_memory(replica->shard);
    return warm->leaving.store != NULL;
}

void replica_warm_make_room(struct lane *lane, uint64_t used_bytes_max)
{
    const struct heap *heap = &store_room(lane->over)->heap;
    if (lane->warm.leaving_count == 0) return;
    for (uint32_t i = 0; i < lane->shards_here && heap->used_bytes > used_bytes_max; i++) {
        struct warm_leaving *leaving = &lane->shards[i]->replica->warm.leaving;
        bool more = leaving->store != NULL;
        while (more && heap->used_bytes > used_bytes_max) {
            more = warm_leaving_shed(leaving, SHED_STEPS_FULL);
        }
    }
}

/* --- who leads now ---------------------------------------------------------------------------- */

static void end_coming(struct replica *replica, bool tell)
{
    struct replica_warm *warm = &replica->warm;
    if (warm->coming.store == NULL) return;
    const struct warm_msg enough = msg_of(warm, WARM_MSG_ENOUGH);
    if (tell && warm->peer.n != 0) (void)say(replica, warm->peer, &enough);
    warm_coming_end(&warm->coming);
}

void replica_warm_end_coming(struct replica *replica)
{
    end_coming(replica, true);
}

void replica_warm_come(struct replica *replica)
{
    struct replica_warm *warm = &replica->warm;
    struct store *store = replica->shard->store;
    end_leaving(replica);                                       /* [W1] */
    bool known = replica->turned.term == replica->serving_term; /* [W2] */
    if (!replica->is_many || !known || replica->turned.before == 0) return;
    if (!warm_is_wanted(store)) return;
    warm_coming_begin(&warm->coming, store); /* [W3] */
    warm->term = replica->turned.before;
    warm->peer = NODE_NONE;
    warm->taken_bytes = 0;
    warm->asked_at = (instant){replica->lane->now.ns - ASK_PAUSE_NS};
    warm->until = (instant){replica->lane->now.ns + ASKING_NS};
}

void replica_warm_note(struct replica *replica, const struct call *call) /* [W3] */
{
    struct replica_warm *warm = &replica->warm;
    struct key_place few[SHARD_KEYS_LOOKED_AT];
    const struct key_place *places = NULL;
    int64_t count = 0;
    if (!(call->command->flags & COMMAND_WRITE)) return;
    if (call->command->key_specs_count > 0) {
        places = shard_keys_of(replica->lane, call, few, &count);
    }
    bool good = places != NULL;
    for (int64_t i = 0; i < count && good; i++) {
        good = warm_coming_note(&warm->coming, call->argv[places[i].index]);
    }
    if (!good) end_coming(replica, true);
}

/* False: no more is wanted. */
static bool take_key(struct replica *replica, struct slice record)
{
    struct lane *lane = replica->lane;
    const struct call_observer *observer = lane->observer;
    uint64_t max = lane->config.memory_max_bytes;
    struct slice key;
    uint32_t database;
    if (max > 0 && store_room(lane->over)->heap.used_bytes >= max) return false;
    switch (warm_coming_take(&replica->warm.coming, record, &database, &key)) {
    case WARM_TAKEN:
        lane->warm.keys_taken++;
        if (observer->wants_modified) observer->modified(observer->context, database, key);
        return true;
    case WARM_PASSED: return true;
    case WARM_FULL:
    case WARM_DAMAGED: break;
    }
    return false;
}

static bool take_slice(struct replica *replica, struct slice keys)
{
    struct cursor in = cursor_of(keys);
    bool more = true;
    shard_set_time(replica->shard);
    while (more && cursor_left(&in) > 0) {
        struct slice record = cursor_sized(&in);
        more = !in.bad && take_key(replica, record);
    }
    shard_note_memory(replica->shard);
    return more;
}

static void take_keys(struct replica *replica, node_id from, const struct warm_msg *msg)
{
    struct replica_warm *warm = &replica->warm;
    bool wanted = warm->coming.store != NULL && msg->term == warm->term && /* [W2] */
                  (warm->peer.n == 0 || node_eq(from, warm->peer));
    if (!wanted) {
        const struct warm_msg enough = {.kind = WARM_MSG_ENOUGH, .term = msg->term};
        (void)say(replica, from, &enough);
        return;
    }
    if (warm->peer.n == 0) warm->until = (instant){replica->lane->now.ns + MOVING_NS};
    warm->peer = from;
    if (msg->offset != warm->taken_bytes || !take_slice(replica, msg->keys)) {
        end_coming(replica, true);
        return;
    }
    warm->taken_bytes += msg->keys.len;
    struct warm_msg taken = msg_of(warm, WARM_MSG_TAKEN);
    taken.offset = warm->taken_bytes;
    (void)say(replica, from, &taken);
    if (msg->last) end_coming(replica, false);
}

static void ask(struct replica *replica)
{
    const struct raft_members *members = raft_members(replica->raft);
    const struct warm_msg msg = msg_of(&replica->warm, WARM_MSG_ASK);
    for (uint32_t i = 0; i < members->count; i++) {
        node_id node = members->members[i].node;
        if (!node_eq(node, replica->lane->self)) (void)say(replica, node, &msg);
    }
}

static bool turn_of_new(struct replica *replica)
{
    struct replica_warm *warm = &replica->warm;
    instant now = replica->lane->now;
    if (warm->coming.store == NULL) return false;
    if (now.ns >= warm->until.ns) { /* [W4] */
        end_coming(replica, true);
        return false;
    }
    if (warm->peer.n == 0 && now.ns - warm->asked_at.ns >= ASK_PAUSE_NS) {
        warm->asked_at = now;
        ask(replica);
    }
    return true;
}

/* --- both ------------------------------------------------------------------------------------- */

void replica_warm_take(struct replica *replica, node_id from, struct slice bytes)
{
    struct warm_msg msg;
    if (!warm_msg_read(bytes, &msg)) return;
    switch (msg.kind) {
    case WARM_MSG_KEYS: take_keys(replica, from, &msg); return;
    case WARM_MSG_ASK:
    case WARM_MSG_TAKEN:
    case WARM_MSG_ENOUGH: take_as_old(replica, from, &msg); return;
    }
}

void replica_warm_down(struct replica *replica, node_id node)
{
    if (!node_eq(node, replica->warm.peer)) return;
    end_leaving(replica);
    end_coming(replica, false);
}

bool replica_warm_turn(struct replica *replica, instant *deadline)
{
    bool old = turn_of_old(replica), new = turn_of_new(replica);
    int64_t next_ns = replica->lane->now.ns + TURN_PAUSE_NS;
    if ((old || new) && next_ns < deadline->ns) deadline->ns = next_ns;
    return old || new;
}

void replica_warm_close(struct replica *replica)
{
    end_leaving(replica);
    free_leaving(replica);
    warm_coming_end(&replica->warm.coming);
}
