/* cluster_view_test.c -- what nodes answer, as people see it. */
#include "cli/cluster_view.h"

#include "base/arena.h"
#include "base/json_text.h"
#include "cli/client_answer.h"
#include "cli/cluster_show.h"
#include "test/rows.h"

/* A reply in RESP3, of blank-parted words: "%2 state $ok nodes *0", integers as ":7". */
static struct answer answer_of(struct arena *arena, const char *words)
{
    struct buffer bytes = {0};
    struct answer answer = {0};
    size_t used;
    for (struct slice rest = slice_text(words); rest.len > 0;) {
        const uint8_t *blank = memchr(rest.data, ' ', rest.len);
        size_t len = blank == NULL ? rest.len : (size_t)(blank - rest.data);
        struct slice word = slice_of(rest.data, len);
        rest = slice_from(rest, blank == NULL ? len : len + 1);
        if (word.data[0] == '%' || word.data[0] == '*' || word.data[0] == ':' ||
            word.data[0] == '_' || word.data[0] == '#') {
            buffer_append_format(&bytes, "%.*s\r\n", (int)len, (const char *)word.data);
            continue;
        }
        if (word.data[0] == '$') word = slice_from(word, 1);
        size_t begun = bytes.len;
        buffer_append_format(&bytes, "$%zu\r\n", word.len);
        buffer_append(&bytes, word);
        for (size_t i = begun; i < bytes.len; i++) {
            if (bytes.data[i] == '_') bytes.data[i] = ' ';
        }
        buffer_append(&bytes, SLICE("\r\n"));
    }
    cr_assert_eq(client_answer_read(arena, buffer_slice(&bytes), &answer, &used), ANSWER_WHOLE,
                 "%s", words);
    buffer_free(&bytes);
    return answer;
}

static void expect(enum cluster_verb verb, const char *words, const char *want, const char *why)
{
    struct arena *arena = arena_new();
    struct answer facts = answer_of(arena, words);
    struct buffer out = {0};
    cluster_view(verb, &facts, (struct table_look){0}, &out);
    cr_expect(slice_eq(buffer_slice(&out), slice_text(want)), "%s:\n%.*s", why, (int)out.len,
              (const char *)out.data);
    buffer_free(&out);
    arena_free(arena);
}

#define NODE_1 "%4 node :1 state alive address 10.0.0.1:6379 state-ms :9000"
#define NODE_2 "%4 node :2 state dead address 10.0.0.2:6379 state-ms :65000"

Test(cli_cluster_view, status)
{
    expect(VERB_status,
           "%13 cluster 00c0ffee state degraded epoch :7 answered-by :1 nodes-alive :1 "
           "nodes-dead :1 copies-wanted :3 shards :64 shards-healthy :60 shards-degraded :4 "
           "root-leader :1 rebalances #t "
           "nodes *2 " NODE_1 " " NODE_2,
           "cluster    00c0ffee, epoch 7, as node 1 knows it\n"
           "state      degraded: all keys are served; copies or nodes are missing\n"
           "nodes      1 alive, 1 dead\n"
           "shards     64, 3 copies wanted of each: 60 healthy, 4 degraded\n"
           "root       led by node 1 at 10.0.0.1:6379\n"
           "rebalance  on\n"
           "node 2 at 10.0.0.2:6379 is dead, since 1 min 05 s: start it again, or 'tutti remove 2' "
           "gives it up\n",
           "one that lacks a node");
}

Test(cli_cluster_view, status_of_moves)
{
    expect(VERB_status,
           "%10 cluster c0 state ok epoch :7 answered-by :2 nodes-alive :3 copies-wanted :3 "
           "shards :64 shards-healthy :64 rebalances #f moves *2 "
           "%11 percent :50 bytes :2000000 sent-bytes :1000000 bytes-per-second :500000 "
           "left-ms :2000 shard :3 from :1 to :3 phase sending why $an_even_share node :1 "
           "%11 percent :0 bytes :6000000 sent-bytes :0 bytes-per-second :0 left-ms _ shard root "
           "from _ to :3 phase waiting why $asked node :2",
           "cluster    c0, epoch 7, as node 2 knows it\n"
           "state      ok\n"
           "nodes      3 alive\n"
           "shards     64, 3 copies wanted of each: 64 healthy\n"
           "moves      [===>                    ] 1.0 MB of 8.0 MB, 500 kB/s\n"
           "root       led by nobody\n"
           "rebalance  paused: 'tutti rebalance' lets shards move again\n"
           "\n"
           "shard  copy      done                       sent      pace   left  now      why\n"
           "    3  1 -> 3    [====>   ]  50%   1.0 MB/2.0 MB  500 kB/s  2.0 s  sending  an even "
           "share\n"
           " root  new on 3  [>       ]   0%  0 bytes/6.0 MB                -  waiting  asked\n",
           "from where to where, how far, how fast, how long, and why");
}

Test(cli_cluster_view, exit_statuses)
{
    static const struct {
        const char *why, *words;
        int want;
    } rows[] = {
        {"all is well", "%1 state ok", 0},
        {"something is missing", "%1 state degraded", CLUSTER_DEGRADED},
        {"some keys are not served", "%1 state unavailable", CLUSTER_UNAVAILABLE},
        {"a node of an older version does not say", "%1 epoch :1", 0},
    };
    struct arena *arena = arena_new();
    FOR_ROWS (row, rows) {
        struct answer facts = answer_of(arena, row->words);
        ROW_EQ(row, cluster_view_exit(&facts), row->want);
    }
    arena_free(arena);
}

#define NODE_GONE(n, state)                                                                        \
    "%5 node :" n " linked #f state " state " address 10.0.0." n ":6379 state-ms :9000 "

Test(cli_cluster_view, nodes_without_a_link)
{
    expect(VERB_nodes,
           "*3 " NODE_GONE("2", "alive") NODE_GONE("3", "dead") NODE_GONE("4", "removed"),
           "node  state    since  address        shards  leads  root  lanes  memory  version\n"
           "2     cut off  9.0 s  10.0.0.2:6379\n"
           "3     dead     9.0 s  10.0.0.3:6379\n"
           "4     removed  9.0 s  10.0.0.4:6379\n",
           "who is dead or removed is not cut off");
}

Test(cli_cluster_view, shards)
{
    expect(VERB_shards,
           "*2 %7 shard :0 slots 0-8191 copies *2 :1 :2 leader :1 state healthy moving #t "
           "moves *1 %3 percent :40 from :1 to :3 "
           "%6 shard :1 slots 8192-16383 copies *1 :2 leader _ state unavailable moving #f",
           "shard  slots       copies  leader  state        moving      why there\n"
           "    0  0-8191      1,2          1  healthy      1 -> 3 40%\n"
           "    1  8192-16383  2            -  unavailable\n",
           "a move, and none");
}

Test(cli_cluster_view, top)
{
    expect(VERB_top,
           "%3 slots *1 %5 operations-per-second :120 request-bytes-per-second :4000 slot :7 "
           "shard :0 node :2 large *0 unanswered *1 %2 node :3 why $no_link",
           "Slots, the busiest first\n"
           "operations/s  requests  slot  shard  node\n"
           "         120  4.0 kB/s     7      0     2\n"
           "\n"
           "Keys, the largest first\n"
           "none was met yet: a walk over all keys finds them\n"
           "node 3 does not answer: no link\n",
           "what was asked for, and who is missing");
}

Test(cli_cluster_view, plan)
{
    struct arena *arena = arena_new();
    struct buffer out = {0};
    struct answer none = answer_of(arena, "%3 wanted :0 waits-for $ moves *0");
    cluster_view_plan(&none, (struct table_look){0}, &out);
    cr_expect(slice_eq(buffer_slice(&out), SLICE("nothing is to move\n")));
    buffer_clear(&out);
    struct answer plan =
        answer_of(arena, "%3 wanted :4 waits-for $the_moves_before moves *1 "
                         "%6 shard :5 moves copy from :1 to :2 bytes :1000 why even");
    cluster_view_plan(&plan, (struct table_look){0}, &out);
    cr_expect(slice_eq(buffer_slice(&out), SLICE("4 wanted, 1 of them now\n"
                                                 "the others wait for the moves before\n"
                                                 "shard  moves  way       size  why\n"
                                                 "    5  copy   1 -> 2  1.0 kB  even\n")),
              "%.*s", (int)out.len, (const char *)out.data);
    buffer_free(&out);
    arena_free(arena);
}

Test(cli_cluster_view, json)
{
    struct arena *arena = arena_new();
    struct buffer out = {0};
    struct answer facts = answer_of(arena, "%4 a :1 b _ c *2 #t #f d $x\"y");
    cluster_show_json(&facts, &out);
    cr_expect(slice_eq(buffer_slice(&out),
                       SLICE("{\"a\": 1, \"b\": null, \"c\": [true, false], \"d\": \"x\\\"y\"}\n")),
              "%.*s", (int)out.len, (const char *)out.data);
    buffer_free(&out);
    arena_free(arena);
}
