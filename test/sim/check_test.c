/* check_test.c -- small histories and what is said of them; check_random_test.c has large ones. */
#include "sim/check.h"
#include "test/rows.h"

/* Judge a text; `verdict` is to be freed. */
static void judge(const char *text, const struct check_options *options,
                  struct check_verdict *verdict)
{
    struct fault fault = {0};
    struct history *history = history_new();
    cr_assert_eq(history_parse(history, slice_text(text), &fault), ERR_OK, "%s", fault.text);
    check_history(history, options, verdict);
    buffer_append_byte(&verdict->text, '\0');
    history_free(history);
}

struct check_row {
    const char *why;
    const char *text;
    const char *wrong; /* how the verdict begins; NULL: nothing is wrong */
};

static void run_rows(const struct check_row *rows, size_t count)
{
    for (const struct check_row *row = rows; row < rows + count; row++) {
        struct check_options options = {.clock_slack_ns = 1000000};
        struct check_verdict verdict;
        judge(row->text, &options, &verdict);
        const char *said = (const char *)verdict.text.data;
        ROW_EQ(row, verdict.wrongs_count, row->wrong != NULL);
        ROW_EQ(row, verdict.undecided_count, 0);
        if (row->wrong != NULL)
            cr_expect(strstr(said, row->wrong) != NULL, "%s: \"%s\" is said", row->why, said);
        check_verdict_free(&verdict);
    }
}

/* clang-format off */
static const struct check_row registers[] = {
    {"one after the other",
     "1 2 ok 1 write k a\n3 4 ok 2 read k -> a\n5 6 ok 1 write k b\n7 8 ok 2 read k -> b\n", NULL},
    {"nothing is there at first", "1 2 ok 1 read k -> -\n", NULL},
    {"a read beside a write sees the old or the new value",
     "1 9 ok 1 write k a\n2 3 ok 2 read k -> -\n4 5 ok 2 read k -> a\n", NULL},
    {"but not the new one, then the old one",
     "1 9 ok 1 write k a\n2 3 ok 2 read k -> a\n4 5 ok 2 read k -> -\n", "not linearizable"},
    {"what touches overlaps", "1 2 ok 1 write k a\n2 3 ok 2 read k -> -\n", NULL},
    {"what does not touch is in order", "1 2 ok 1 write k a\n3 4 ok 2 read k -> -\n",
     "not linearizable"},
    {"what may have happened is seen",
     "1 - unknown 1 write k a\n3 4 ok 2 read k -> a\n", NULL},
    {"what may have happened is not seen, and then is",
     "1 - unknown 1 write k a\n3 4 ok 2 read k -> -\n5 6 ok 2 read k -> a\n", NULL},
    {"what may have happened is not undone",
     "1 - unknown 1 write k a\n3 4 ok 2 read k -> a\n5 6 ok 2 read k -> -\n", "not linearizable"},
    {"what may have happened does not happen twice",
     "1 - unknown 1 write k a\n3 4 ok 2 read k -> a\n5 6 ok 2 write k b\n7 8 ok 2 read k -> b\n"
     "9 10 ok 2 read k -> a\n", "not linearizable"},
    {"what failed is not seen", "1 2 fail 1 write k a\n3 4 ok 2 read k -> a\n", "aborted"},
    {"a value out of nothing", "1 2 ok 1 write k a\n3 4 ok 2 read k -> b\n", "phantom"},
    {"a value before it is written", "3 4 ok 1 write k a\n1 2 ok 2 read k -> a\n", "phantom"},
    {"a swap of what was there",
     "1 2 ok 1 write k a\n3 4 ok 2 cas k a b -> 1\n5 6 ok 1 read k -> b\n", NULL},
    {"only if there was nothing", "1 2 ok 1 cas k - a -> 1\n3 4 ok 2 cas k - b -> 0\n", NULL},
    {"twice only if there was nothing", "1 2 ok 1 cas k - a -> 1\n3 4 ok 2 cas k - b -> 1\n",
     "not linearizable"},
    {"two swaps from one value: an update is lost",
     "1 2 ok 1 write k a\n3 6 ok 2 cas k a b -> 1\n4 5 ok 3 cas k a c -> 1\n", "not linearizable"},
    {"a swap that was refused for no reason",
     "1 2 ok 1 write k a\n3 4 ok 2 cas k a b -> 0\n", "not linearizable"},
    {"a refused swap writes nothing",
     "1 2 ok 1 write k a\n3 4 ok 2 cas k c b -> 0\n5 6 ok 2 read k -> b\n", "phantom"},
    {"an unseen write explains a refused swap",
     "1 2 ok 1 write k a\n3 - unknown 3 write k z\n4 5 ok 2 cas k a b -> 0\n", NULL},
    {"an acknowledged write is gone",
     "1 2 ok 1 write k a\n3 4 ok 1 write k b\n5 6 ok 2 read k -> a\n", "not linearizable"},
    {"keys written together are the same",
     "1 2 ok 1 write k a\n3 4 ok 1 write k b\n5 6 ok 2 read k -> b b b\n", NULL},
    {"half of a transaction",
     "1 2 ok 1 write k a\n3 4 ok 1 write k b\n3 4 ok 2 read k -> a b\n", "torn"},
    {"a stale read may be old",
     "1 2 ok 1 write k a\n3 4 ok 1 write k b\n5 6 ok 2 stale-read k -> a\n", NULL},
    {"a stale read is not of the future",
     "5 6 ok 1 write k a\n3 4 ok 2 stale-read k -> a\n", "phantom"},
    {"deleting is writing nothing",
     "1 2 ok 1 write k a\n3 4 ok 1 write k -\n5 6 ok 2 read k -> -\n", NULL},
    {"keys are apart", "1 2 ok 1 write k a\n3 4 ok 2 read l -> -\n", NULL},
};

static const struct check_row lists[] = {
    {"one client's appends, said at a time, are in its order",
     "1 9 ok 1 append k a -> 2\n1 9 ok 1 append k b -> 1\n", "reordered"},
    {"one after the other",
     "1 2 ok 1 append k a -> 1\n3 4 ok 2 append k b -> 2\n5 6 ok 2 list k 0 -> a b\n", NULL},
    {"two at once, in any order",
     "1 4 ok 1 append k a -> 2\n1 4 ok 2 append k b -> 1\n5 6 ok 2 list k 0 -> b a\n", NULL},
    {"from the middle",
     "1 2 ok 1 append k a -> 1\n3 4 ok 2 append k b -> 2\n5 6 ok 2 list k 1 -> b\n"
     "5 6 ok 2 list k 7 ->\n", NULL},
    {"an acknowledged append is missing",
     "1 2 ok 1 append k a -> -1\n3 4 ok 2 append k b -> -1\n5 6 ok 2 list k 0 -> b\n", "lost"},
    {"and its length is known",
     "1 2 ok 1 append k a -> 1\n3 4 ok 2 append k b -> 2\n5 6 ok 2 list k 0 -> b\n", "reordered"},
    {"the last one is missing",
     "1 2 ok 1 append k a -> 1\n3 4 ok 2 append k b -> 2\n5 6 ok 2 list k 0 -> a\n", "stale"},
    {"not known to be missing: nobody has looked since",
     "1 2 ok 1 append k a -> 1\n3 6 ok 2 append k b -> -1\n5 6 ok 2 list k 0 -> a\n", NULL},
    {"twice in one read",
     "1 2 ok 1 append k a -> -1\n1 - unknown 2 append k b\n5 6 ok 2 list k 0 -> a a\n",
     "duplicate"},
    {"two orders",
     "1 4 ok 1 append k a -> -1\n1 4 ok 2 append k b -> -1\n5 6 ok 2 list k 0 -> b a\n"
     "7 8 ok 2 list k 0 -> a b\n", "reordered"},
    {"an order against the times",
     "1 2 ok 1 append k a -> -1\n3 4 ok 2 append k b -> -1\n5 6 ok 2 list k 0 -> b a\n",
     "reordered"},
    {"what failed is there", "1 2 fail 1 append k a\n5 6 ok 2 list k 0 -> a\n", "aborted"},
    {"what may have happened is there",
     "1 - unknown 1 append k a\n3 4 ok 2 list k 0 ->\n5 6 ok 2 list k 0 -> a\n", NULL},
    {"and does not go again",
     "1 - unknown 1 append k a\n3 4 ok 2 list k 0 -> a\n5 6 ok 2 list k 0 ->\n", "stale"},
    {"a value out of nothing", "5 6 ok 2 list k 0 -> a\n", "phantom"},
    {"of the future",
     "1 2 ok 1 append k a -> 1\n3 4 ok 2 list k 0 -> a b\n5 6 ok 1 append k b -> 2\n", "phantom"},
    {"a length of more than there is", "1 2 ok 1 append k a -> 7\n", "phantom"},
    {"two appends to one position",
     "1 2 ok 1 append k a -> 1\n3 4 ok 1 append k b -> 1\n", "reordered"},
    {"a stale read may be short",
     "1 2 ok 1 append k a -> 1\n3 4 ok 1 append k b -> 2\n5 6 ok 2 stale-list k 0 -> a\n", NULL},
    {"but not shorter than before",
     "1 2 ok 1 append k a -> 1\n3 4 ok 1 append k b -> 2\n5 6 ok 2 stale-list k 0 -> a b\n"
     "7 8 ok 2 stale-list k 0 -> a\n", "stale"},
    {"another connection may see less",
     "1 2 ok 1 append k a -> 1\n3 4 ok 1 append k b -> 2\n5 6 ok 2 stale-list k 0 -> a b\n"
     "7 8 ok 3 stale-list k 0 -> a\n", NULL},
    {"a stale read is no other order",
     "1 2 ok 1 append k a -> 1\n3 4 ok 1 append k b -> 2\n5 6 ok 2 stale-list k 0 -> b\n",
     "reordered"},
    {"what a stale read saw stays",
     "1 - unknown 1 append k a\n5 6 ok 2 stale-list k 0 -> a\n7 8 ok 3 list k 0 ->\n", "stale"},
};

static const struct check_row queues[] = {
    {"first in, first out",
     "1 2 ok 1 push k a\n3 4 ok 1 push k b\n5 6 ok 2 pop k -> a\n7 8 ok 2 pop k -> b\n"
     "9 10 ok 2 pop k -> -\n", NULL},
    {"pushed at once, popped in any order",
     "1 4 ok 1 push k a\n1 4 ok 2 push k b\n5 6 ok 2 pop k -> b\n7 8 ok 2 pop k -> a\n", NULL},
    {"last in, first out",
     "1 2 ok 1 push k a\n3 4 ok 1 push k b\n5 6 ok 2 pop k -> b\n7 8 ok 2 pop k -> a\n",
     "reordered"},
    {"popped twice",
     "1 2 ok 1 push k a\n5 6 ok 2 pop k -> a\n5 6 ok 3 pop k -> a\n", "duplicate"},
    {"an acknowledged value was never there",
     "1 2 ok 1 push k a\n5 6 ok 2 pop k -> -\n", "lost"},
    {"or was passed over",
     "1 2 ok 1 push k a\n3 4 ok 1 push k b\n5 6 ok 2 pop k -> b\n", "lost"},
    {"a pop that may have happened took it",
     "1 2 ok 1 push k a\n3 - unknown 1 pop k\n5 6 ok 2 pop k -> -\n", NULL},
    {"but only one",
     "1 2 ok 1 push k a\n1 2 ok 2 push k b\n3 - unknown 1 pop k\n5 6 ok 2 pop k -> -\n", "lost"},
    {"and only if it was asked before",
     "1 2 ok 1 push k a\n5 6 ok 2 pop k -> -\n7 - unknown 1 pop k\n", "lost"},
    {"empty, and yet not",
     "1 2 ok 1 push k a\n3 4 ok 2 pop k -> -\n5 6 ok 2 pop k -> a\n", "stale"},
    {"empty, as the push was still on its way",
     "1 4 ok 1 push k a\n3 4 ok 2 pop k -> -\n5 6 ok 2 pop k -> a\n", NULL},
    {"what failed is there", "1 2 fail 1 push k a\n5 6 ok 2 pop k -> a\n", "aborted"},
    {"what may have happened is there", "1 - unknown 1 push k a\n5 6 ok 2 pop k -> a\n", NULL},
    {"a value out of nothing", "5 6 ok 2 pop k -> a\n", "phantom"},
    {"of the future", "5 6 ok 2 pop k -> a\n7 8 ok 1 push k a\n", "phantom"},
};

static const struct check_row counters[] = {
    {"of what one client says at a time the later comes later",
     "1 9 ok 1 add k 1 -> 1\n1 9 ok 1 add k 1 -> 2\n", NULL},
    {"and not before",
     "1 9 ok 1 add k 1 -> 2\n1 9 ok 1 add k 1 -> 1\n", "reordered"},
    {"two clients may overtake each other",
     "1 9 ok 1 add k 1 -> 2\n1 9 ok 2 add k 1 -> 1\n", NULL},
    {"one after the other",
     "1 2 ok 1 add k 1 -> 1\n3 4 ok 2 add k 2 -> 3\n5 6 ok 2 count k -> 3\n", NULL},
    {"two from one sum", "1 2 ok 1 add k 1 -> 1\n1 2 ok 2 add k 1 -> 1\n", "lost update"},
    {"what may have happened is in it",
     "1 - unknown 1 add k 1\n3 4 ok 2 count k -> 0\n5 6 ok 2 add k 1 -> 2\n", NULL},
    {"what may have happened is in it once",
     "1 - unknown 1 add k 1\n3 4 ok 2 count k -> 2\n", "phantom"},
    {"what failed is in it", "1 2 fail 1 add k 1\n5 6 ok 2 add k 1 -> 2\n", "phantom"},
    {"a sum of less than was acknowledged",
     "1 2 ok 1 add k 1 -> 1\n3 4 ok 2 count k -> 0\n", "stale"},
    {"a sum of less than was seen",
     "1 9 ok 1 add k 1 -> 1\n2 3 ok 2 count k -> 1\n4 5 ok 2 count k -> 0\n", "stale"},
    {"an addition against the times",
     "1 2 ok 1 add k 1 -> 2\n3 4 ok 2 add k 1 -> 1\n", "phantom"},
    {"an addition that comes too late",
     "0 - unknown 3 add k 1\n1 2 ok 1 add k 1 -> 2\n3 4 ok 2 add k 1 -> 1\n", "reordered"},
    {"half of an addition", "1 4 ok 1 add k 5 -> 5\n2 3 ok 2 count k -> 2\n", "phantom"},
    {"a stale sum may be old",
     "1 2 ok 1 add k 1 -> 1\n3 4 ok 2 stale-count k -> 0\n", NULL},
    {"a stale sum is not of the future",
     "3 4 ok 2 stale-count k -> 1\n5 6 ok 1 add k 1 -> 1\n", "phantom"},
};

/* Times to live are milliseconds: 1,000,000 of the others. The clocks' slack is one. */
static const struct check_row expiries[] = {
    {"there, then gone",
     "1 2 ok 1 put k a 5\n3 4 ok 2 get k -> a\n5000003 5000004 ok 2 get k -> -\n", NULL},
    {"gone at once", "1 2 ok 1 put k a 5\n3 4 ok 2 get k -> -\n", "lost"},
    {"gone as early as clocks may differ", "1 2 ok 1 put k a 5\n3 4000001 ok 2 get k -> -\n", NULL},
    {"not there yet", "3 4 ok 1 put k a 5\n1 2 ok 2 get k -> -\n", NULL},
    {"there for too long", "1 2 ok 1 put k a 5\n6000003 6000004 ok 2 get k -> a\n", "outlived"},
    {"there as late as clocks may differ", "1 2 ok 1 put k a 5\n6000002 7000000 ok 2 get k -> a\n",
     NULL},
    {"gone, and back",
     "1 2 ok 1 put k a 5\n4500000 4500001 ok 2 get k -> -\n4600000 4600001 ok 2 get k -> a\n",
     "came back"},
    {"a put that may have happened, late",
     "1 - unknown 1 put k a 5\n3 4 ok 2 get k -> -\n9000000 9000001 ok 2 get k -> a\n", NULL},
    {"and then goes before its time",
     "1 - unknown 1 put k a 5\n3 4 ok 2 get k -> a\n5 6 ok 2 get k -> -\n", "lost"},
    {"what failed is there", "1 2 fail 1 put k a 5\n3 4 ok 2 get k -> a\n", "aborted"},
    {"a value out of nothing", "1 2 ok 1 put k a 5\n3 4 ok 2 get k -> b\n", "phantom"},
};

static const struct check_row tests[] = {
    {"two models", "1 2 ok 1 put k a 5\n3 4 ok 2 read k -> a\n", "no test"},
    {"a value twice", "1 2 ok 1 push k a\n3 4 ok 2 push k a\n", "no test"},
    {"a key put twice", "1 2 ok 1 put k a 1\n3 4 ok 2 put k b 1\n", "no test"},
    {"nothing is added", "1 2 ok 1 add k 0 -> 0\n", "no test"},
};
/* clang-format on */

Test(check, registers)
{
    run_rows(registers, COUNT_OF(registers));
}

Test(check, lists)
{
    run_rows(lists, COUNT_OF(lists));
}

Test(check, queues)
{
    run_rows(queues, COUNT_OF(queues));
}

Test(check, counters)
{
    run_rows(counters, COUNT_OF(counters));
}

Test(check, expiries)
{
    run_rows(expiries, COUNT_OF(expiries));
}

Test(check, histories_that_test_nothing)
{
    run_rows(tests, COUNT_OF(tests));
}

Test(check, names_the_key_and_the_operations)
{
    struct check_options options = {0};
    struct check_verdict verdict;
    judge("1 2 ok 1 push k a\n5 6 ok 2 pop k -> a\n7 8 ok 3 pop k -> a\n", &options, &verdict);
    cr_expect_str_eq((const char *)verdict.text.data, "k: duplicate: a value is popped twice\n"
                                                      "    5 6 ok 2 pop k -> a\n"
                                                      "    7 8 ok 3 pop k -> a\n");
    check_verdict_free(&verdict);
}

Test(check, says_that_a_search_is_too_large)
{
    struct buffer text = {0};
    for (int i = 0; i < 40; i++) /* all at once, and a value that comes back: no order is right */
        buffer_append_format(&text, "1 100 ok %d write k v%d\n", i, i);
    for (int i = 0; i < 40; i += 2)
        buffer_append_format(&text, "%d %d ok 99 read k -> v%d\n", 10 + i, 10 + i, i);
    buffer_append_format(&text, "98 98 ok 99 read k -> v0\n");
    buffer_append_byte(&text, '\0');
    struct check_options options = {.steps_max = 5000};
    struct check_verdict verdict;
    judge((const char *)text.data, &options, &verdict);
    cr_expect_eq(verdict.wrongs_count, 0);
    cr_expect_eq(verdict.undecided_count, 1);
    cr_expect(strstr((const char *)verdict.text.data, "too large") != NULL);
    check_verdict_free(&verdict);
    buffer_free(&text);
}
