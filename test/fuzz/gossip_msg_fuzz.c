/*
 * gossip_msg_fuzz.c -- any bytes as a datagram's body: refused, or what is read is written and read
 * again the same. What is read is also given to a node, who must bear it, and to what reads facts.
 */
#include "core/gossip/gossip.h"
#include "core/gossip/gossip_facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t write_all(const struct gossip_msg *msg, uint8_t bytes[GOSSIP_BODY_BYTES_MAX])
{
    struct gossip_writer writer = {bytes, bytes + GOSSIP_BODY_BYTES_MAX};
    gossip_msg_write(msg, &writer);
    for (uint32_t i = 0; i < msg->news_count; i++) {
        bool room = gossip_news_write(&msg->news[i], &writer);
        ASSERT(room); /* the shortest form of numbers is not longer than any other */
    }
    return (size_t)(writer.at - bytes);
}

static void check_same(const struct gossip_msg *msg, struct gossip_msg *again)
{
    uint8_t first[GOSSIP_BODY_BYTES_MAX], second[GOSSIP_BODY_BYTES_MAX];
    size_t len = write_all(msg, first);
    bool good = gossip_msg_read(slice_of(first, len), again);
    ASSERT(good);
    size_t second_len = write_all(again, second);
    ASSERT(slice_eq(slice_of(first, len), slice_of(second, second_len)));
}

static void bear(const struct gossip_msg *msg)
{
    static const struct gossip_address address = {"10.0.0.1", 7400}, other = {"10.0.0.2", 7400};
    struct arena *arena = arena_new();
    struct gossip_config config = gossip_config_usual();
    config.self.n = 1;
    config.incarnation = 5;
    config.address = address;
    struct gossip *gossip = gossip_new(arena, &config, (instant){0});
    struct gossip_outbox *out = arena_alloc(arena, sizeof *out);
    struct gossip_seed seeds[] = {{{1}, address}, {{2}, other}, {{3}, other}};
    struct gossip_event event = {.kind = GOSSIP_EV_SEEDS, .seeds = seeds, .seeds_count = 3};
    gossip_step(gossip, &event, out);
    int64_t now_ns = 0;
    for (; now_ns < 2; now_ns++) {
        event = (struct gossip_event){.kind = GOSSIP_EV_DATAGRAM, .from = other, .msg = msg};
        event.now.ns = now_ns;
        gossip_step(gossip, &event, out);
        gossip_check(gossip);
    }
    for (int i = 0; i < 8 && out->deadline.ns != INT64_MAX; i++) {
        if (out->deadline.ns > now_ns) now_ns = out->deadline.ns;
        event = (struct gossip_event){.kind = GOSSIP_EV_TICK, .now = {now_ns}};
        gossip_step(gossip, &event, out);
        gossip_check(gossip);
    }
    gossip_free(gossip);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    struct gossip_facts facts;
    struct arena *arena = arena_new();
    struct gossip_msg *msg = ARENA_NEW(arena, struct gossip_msg);
    struct gossip_msg *again = ARENA_NEW(arena, struct gossip_msg);
    (void)!gossip_facts_read(bytes, &facts);
    if (gossip_msg_read(bytes, msg)) {
        check_same(msg, again);
        bear(msg);
    }
    arena_free(arena);
    return 0;
}
