/* gossip_msg_test.c -- datagrams as bytes and back, and what is refused. */
#include <stdlib.h>

#include "core/gossip/gossip_facts.h"
#include "core/gossip/gossip_msg.h"
#include "test/random.h"
#include "test/rows.h"

static const struct gossip_news alive = {
    .kind = GOSSIP_NEWS_ALIVE,
    .node = {300},
    .incarnation = 1700000000,
    .stamp = 7,
    .load = {250, 4096, 70000},
    .address = {"10.1.2.3", 7400},
    .facts = {(const uint8_t *)"facts", 5},
};

/* By way of `bytes`, in which the facts remain. */
static struct gossip_msg read_back(const struct gossip_msg *msg, const struct gossip_news *news,
                                   uint32_t count, uint8_t bytes[GOSSIP_BODY_BYTES_MAX])
{
    struct gossip_writer writer = {bytes, bytes + GOSSIP_BODY_BYTES_MAX};
    gossip_msg_write(msg, &writer);
    for (uint32_t i = 0; i < count; i++) cr_assert(gossip_news_write(&news[i], &writer));
    struct gossip_msg back;
    cr_assert(gossip_msg_read(slice_of(bytes, (size_t)(writer.at - bytes)), &back));
    return back;
}

Test(gossip_msg, comes_back_as_it_was_written)
{
    for (int kind = GOSSIP_PING; kind <= GOSSIP_RECORDS; kind++) {
        struct gossip_msg msg = {.kind = (enum gossip_kind)kind, .from = {3}, .target = {4}};
        msg.number = 0xfedcba98;
        msg.answer = true;
        msg.address = alive.address;
        msg.sums[63] = 99;
        uint8_t bytes[GOSSIP_BODY_BYTES_MAX];
        struct gossip_msg back = read_back(&msg, NULL, 0, bytes);
        cr_expect_eq(back.kind, msg.kind);
        cr_expect_eq(back.from.n, 3);
        if (kind == GOSSIP_PING || kind == GOSSIP_PING_ASK) cr_expect_eq(back.target.n, 4);
        if (kind <= GOSSIP_NACK) cr_expect_eq(back.number, msg.number);
        if (kind == GOSSIP_PING_ASK) cr_expect(gossip_address_eq(&back.address, &msg.address));
        if (kind == GOSSIP_COMPARE) cr_expect(back.answer && back.sums[63] == 99);
    }
}

Test(gossip_msg, carries_news_of_all_kinds)
{
    struct gossip_msg msg = {.kind = GOSSIP_TELL, .from = {3}};
    struct gossip_news news[] = {alive, alive, alive, alive, alive};
    for (uint32_t i = 0; i < COUNT_OF(news); i++) {
        news[i].kind = (enum gossip_news_kind)(GOSSIP_NEWS_ALIVE + i);
        news[i].accuser.n = 9;
    }
    uint8_t bytes[GOSSIP_BODY_BYTES_MAX];
    struct gossip_msg back = read_back(&msg, news, COUNT_OF(news), bytes);
    cr_assert_eq(back.news_count, COUNT_OF(news));
    for (uint32_t i = 0; i < COUNT_OF(news); i++) {
        cr_expect_eq(back.news[i].kind, news[i].kind);
        cr_expect_eq(back.news[i].node.n, 300);
        cr_expect_eq(back.news[i].incarnation, 1700000000);
    }
    cr_expect(gossip_address_eq(&back.news[0].address, &alive.address));
    cr_expect(slice_eq(back.news[0].facts, alive.facts));
    cr_expect_eq(back.news[0].load.disk_free_mib, 70000);
    cr_expect_eq(back.news[1].accuser.n, 9);
    cr_expect_eq(back.news[4].stamp, 7);
}

static const struct refused_row {
    const char *why;
    uint8_t bytes[24];
    size_t len;
    bool good;
} refused_rows[] = {
    {"nothing is no datagram", {0}, 0, false},
    {"an answer to a ping", {GOSSIP_ACK, 2, 1, 0, 0, 0}, 6, true},
    {"of which a byte is missing", {GOSSIP_ACK, 2, 1, 0, 0}, 5, false},
    {"from nobody", {GOSSIP_ACK, 0, 1, 0, 0, 0}, 6, false},
    {"of a kind that is not known", {GOSSIP_RECORDS + 1, 2}, 2, false},
    {"news of one that left", {GOSSIP_TELL, 2, GOSSIP_NEWS_LEFT, 3, 1}, 5, true},
    {"news of nobody", {GOSSIP_TELL, 2, GOSSIP_NEWS_LEFT, 0, 1}, 5, false},
    {"news of a kind that is not known", {GOSSIP_TELL, 2, GOSSIP_NEWS_LOAD + 1, 3, 1}, 5, false},
    {"news that are cut off", {GOSSIP_TELL, 2, GOSSIP_NEWS_DEAD, 3, 1}, 5, false},
    {"an incarnation that adding to would wrap",
     {GOSSIP_TELL, 2, GOSSIP_NEWS_LEFT, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
     14,
     false},
    {"a node's number that is too large",
     {GOSSIP_TELL, 2, GOSSIP_NEWS_LEFT, 0xff, 0xff, 0xff, 0xff, 0x1f, 1},
     9,
     false},
    {"a host of no text", {GOSSIP_PING_ASK, 2, 3, 0, 0, 0, 0, 0, 1}, 9, false},
    {"a host with a NUL", {GOSSIP_PING_ASK, 2, 3, 0, 0, 0, 0, 2, 'a', 0, 1}, 11, false},
    {"a host of one letter", {GOSSIP_PING_ASK, 2, 3, 0, 0, 0, 0, 1, 'a', 1}, 10, true},
    {"a port that is none", {GOSSIP_PING_ASK, 2, 3, 0, 0, 0, 0, 1, 'a', 0x80, 0x80, 4}, 12, false},
};

Test(gossip_msg, refuses_what_is_none)
{
    FOR_ROWS (row, refused_rows) {
        struct gossip_msg msg;
        ROW_EQ(row, gossip_msg_read(slice_of(row->bytes, row->len), &msg), row->good);
    }
}

/* Any flipped or missing byte is refused, or read as something else; nothing is read past the end
 * (the sanitizers see that). */
Test(gossip_msg, bears_damage)
{
    struct random random = {1};
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[GOSSIP_BODY_BYTES_MAX];
        struct gossip_writer writer = {bytes, bytes + sizeof bytes};
        struct gossip_msg msg = {.kind = GOSSIP_RECORDS, .from = {3}}, back;
        gossip_msg_write(&msg, &writer);
        for (int i = 0; i < 3; i++) cr_assert(gossip_news_write(&alive, &writer));
        size_t len = random_below(&random, (size_t)(writer.at - bytes) + 1);
        if (len > 0) bytes[random_below(&random, len)] ^= (uint8_t)random_u64(&random);
        uint8_t *exact = malloc(len == 0 ? 1 : len);
        memcpy(exact, bytes, len);
        (void)!gossip_msg_read(slice_of(exact, len), &back);
        free(exact);
    }
}

Test(gossip_msg, has_a_bound)
{
    uint8_t bytes[GOSSIP_BODY_BYTES_MAX], longer[GOSSIP_BODY_BYTES_MAX + 1] = {GOSSIP_TELL, 1};
    struct gossip_writer writer = {bytes, bytes + sizeof bytes};
    struct gossip_msg msg = {.kind = GOSSIP_TELL, .from = {3}};
    gossip_msg_write(&msg, &writer);
    uint32_t count = 0;
    while (gossip_news_write(&alive, &writer)) count++;
    cr_expect_gt(count, 20);
    cr_expect_leq(writer.at, writer.end);
    cr_expect_not(gossip_msg_read(slice_of(longer, sizeof longer), &msg));
}

/* --- facts ----------------------------------------------------------------------------------- */

Test(gossip_facts, come_back_and_newer_ones_are_read_too)
{
    struct gossip_facts facts = {8, 65536, 1 << 20, "1.2.3", "host-1", "zone-b", {"::1", 6379}};
    struct gossip_facts back;
    struct buffer bytes = {0};
    gossip_facts_write(&facts, &bytes);
    cr_expect_leq(bytes.len, GOSSIP_FACTS_BYTES_MAX);
    buffer_append(&bytes, SLICE("what a newer version adds"));
    cr_assert(gossip_facts_read(buffer_slice(&bytes), &back));
    cr_expect_eq(back.lanes_count, 8);
    cr_expect_str_eq(back.zone, "zone-b");
    cr_expect_str_eq(back.version, "1.2.3");
    cr_expect(gossip_address_eq(&back.client, &facts.client));
    for (size_t len = 0; len < 20; len++) {
        cr_expect_not(gossip_facts_read(slice_of(bytes.data, len), &back), "cut at %zu", len);
    }
    buffer_free(&bytes);
}
