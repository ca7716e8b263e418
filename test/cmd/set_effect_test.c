/* set_effect_test.c -- what the commands of sets and sorted sets tell: events, and what is logged.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "test/cmd/call_fixture.h"
#include "test/rows.h"

/* clang-format off */
static const struct call_effect_row set_rows[] = {
    {"an addition", "", "SADD s a b", "sadd:s", "SADD s a b"},
    {"nothing new is nothing", "SADD s a", "SADD s a", "", ""},
    {"a removal", "SADD s a b", "SREM s a x", "srem:s", "SREM s a x"},
    {"removing the last one deletes", "SADD s a", "SREM s a", "srem:s del:s", "SREM s a"},
    {"removing what is not there is nothing", "SADD s a", "SREM s x", "", ""},
    {"a move is a removal and an addition", "SADD s a b", "SMOVE s t a", "srem:s sadd:t",
     "SMOVE s t a"},
    {"a move of the last one deletes", "SADD s a", "SMOVE s t a", "srem:s del:s sadd:t",
     "SMOVE s t a"},
    {"a move to where it is only removes", "SADD s a b | SADD t a", "SMOVE s t a", "srem:s",
     "SMOVE s t a"},
    {"a move to itself is nothing", "SADD s a", "SMOVE s s a", "", ""},
    {"what was popped is logged", "SADD s a", "SPOP s", "spop:s del:s", "SREM s a"},
    {"popping all is deleting", "SADD s 1 2", "SPOP s 9", "spop:s del:s", "DEL s"},
    {"popping none is nothing", "SADD s 1 2", "SPOP s 0", "", ""},
    {"popping from nothing is nothing", "", "SPOP s", "", ""},
    {"chance changes nothing", "SADD s a", "SRANDMEMBER s 1", "", ""},
    {"an intersection", "SADD a 1", "SINTERSTORE d a", "sinterstore:d", "SINTERSTORE d a"},
    {"a union", "SADD a 1", "SUNIONSTORE d a", "sunionstore:d", "SUNIONSTORE d a"},
    {"a difference", "SADD a 1", "SDIFFSTORE d a", "sdiffstore:d", "SDIFFSTORE d a"},
    {"an empty result deletes the target", "SET d x", "SDIFFSTORE d a", "keymiss:a del:d",
     "SDIFFSTORE d a"},
    {"an empty result for no target is nothing", "", "SDIFFSTORE d a", "keymiss:a", ""},
};

#define ABC "ZADD z 1 a 2 b 3 c"

static const struct call_effect_row zset_rows[] = {
    {"an addition", "", "ZADD z 1 a", "zadd:z", "ZADD z 1 a"},
    {"another score", ABC, "ZADD z 5 a", "zadd:z", "ZADD z 5 a"},
    {"the same score is nothing", ABC, "ZADD z 1 a", "", ""},
    {"what is refused is nothing", ABC, "ZADD z NX 9 a", "", ""},
    {"an increment", ABC, "ZADD z INCR 1 a", "zincr:z", "ZADD z INCR 1 a"},
    {"an increment by its own command", ABC, "ZINCRBY z 1 a", "zincr:z", "ZINCRBY z 1 a"},
    {"a removal", ABC, "ZREM z a x", "zrem:z", "ZREM z a x"},
    {"removing the last ones deletes", ABC, "ZREM z a b c", "zrem:z del:z", "ZREM z a b c"},
    {"a range of ranks goes", ABC, "ZREMRANGEBYRANK z 0 0", "zremrangebyrank:z",
     "ZREMRANGEBYRANK z 0 0"},
    {"a range of scores goes", ABC, "ZREMRANGEBYSCORE z 1 1", "zremrangebyscore:z",
     "ZREMRANGEBYSCORE z 1 1"},
    {"a range of texts goes", ABC, "ZREMRANGEBYLEX z - +", "zremrangebylex:z del:z",
     "ZREMRANGEBYLEX z - +"},
    {"an empty range is nothing", ABC, "ZREMRANGEBYRANK z 5 9", "", ""},
    {"the lowest goes", ABC, "ZPOPMIN z", "zpopmin:z", "ZPOPMIN z"},
    {"all of the highest go", ABC, "ZPOPMAX z 9", "zpopmax:z del:z", "ZPOPMAX z 9"},
    {"one of several keys", ABC, "ZMPOP 2 y z MIN", "zpopmin:z", "ZMPOP 2 y z MIN"},
    {"one that need not be waited for", ABC, "BZPOPMIN y z 0", "zpopmin:z", "BZPOPMIN y z 0"},
    {"waiting is nothing yet", "", "BZPOPMIN y z 0", "", ""},
    {"a range is stored", ABC, "ZRANGESTORE d z 0 1", "zrangestore:d", "ZRANGESTORE d z 0 1"},
    {"a union", ABC, "ZUNIONSTORE d 1 z", "zunionstore:d", "ZUNIONSTORE d 1 z"},
    {"an intersection", ABC, "ZINTERSTORE d 1 z", "zinterstore:d", "ZINTERSTORE d 1 z"},
    {"a difference", ABC, "ZDIFFSTORE d 1 z", "zdiffstore:d", "ZDIFFSTORE d 1 z"},
    {"an empty result deletes the target", "SET d x", "ZDIFFSTORE d 1 z", "keymiss:z del:d",
     "ZDIFFSTORE d 1 z"},
};

static const struct call_row waiting_rows[] = {
    {"the lowest is waited for", "", "BZPOPMIN y z 0", "(blocks)"},
    {"the highest is waited for", "", "BZPOPMAX y z 1.5", "(blocks)"},
    {"several are waited for", "", "BZMPOP 0 2 y z MAX", "(blocks)"},
};
/* clang-format on */

Test(cmd_set, tells_what_changed)
{
    call_fixture_effect_rows(set_rows, COUNT_OF(set_rows));
}

Test(cmd_sorted_set, tells_what_changed)
{
    call_fixture_effect_rows(zset_rows, COUNT_OF(zset_rows));
}

Test(cmd_sorted_set, waits)
{
    call_fixture_rows(waiting_rows, COUNT_OF(waiting_rows));
}

/* What was logged for a pop leaves the same set when it is run on the same one. */
Test(cmd_set, pops_again_as_it_was_logged)
{
    struct call_fixture *first = call_fixture_new(), *again = call_fixture_new();
    const char *members = "SADD s 1 2 3 4 5 6 7 8 9 a b c";
    call_fixture_run(first, members);
    call_fixture_run(again, members);
    call_fixture_run(first, "SPOP s 5");
    char logged[256];
    snprintf(logged, sizeof logged, "%s", call_fixture_logged(first));
    cr_expect_str_eq(call_fixture_run(again, logged), ":5");
    snprintf(logged, sizeof logged, "%s", call_fixture_run(first, "SMEMBERS s"));
    cr_expect_str_eq(call_fixture_run(again, "SMEMBERS s"), logged);
    call_fixture_free(first);
    call_fixture_free(again);
}
