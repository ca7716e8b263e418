/* hash_commands_test.c -- what hash commands reply, tell and log. */
#include <stdio.h>
#include <stdlib.h>

#include "test/cmd/call_fixture.h"
#include "test/rows.h"

#define WRONG_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INTEGER "-ERR value is not an integer or out of range"
#define SYNTAX     "-ERR syntax error"
#define ABC        "HSET h a 1 b 2 c 3"

/* clang-format off */
static const struct call_row setting_rows[] = {
    {"HSET counts the new fields", ABC, "HSET h a 9 d 4 e 5", ":2"},
    {"HSET replaces", ABC " | HSET h a xyz", "HGET h a", "$3 xyz"},
    {"HSET without a value", "", "HSET h a 1 b",
     "-ERR wrong number of arguments for 'hset' command"},
    {"HMSET without a value", "", "HMSET h a 1 b",
     "-ERR wrong number of arguments for 'hmset' command"},
    {"HMSET", "", "HMSET h a 1 b 2", "+OK"},
    {"HSET of a list", "RPUSH l a", "HSET l a 1", WRONG_TYPE},
    {"HSETNX of a new field", ABC, "HSETNX h d 1", ":1"},
    {"HSETNX of a field that is there", ABC, "HSETNX h a 9", ":0"},
    {"which stays as it was", ABC " | HSETNX h a 9", "HGET h a", "$1 1"},
    {"HSETNX makes the hash", "HSETNX h a 9", "HGETALL h", "*2 $1 a $1 9"},
    {"HDEL counts what was there", ABC, "HDEL h a x c", ":2"},
    {"HDEL of all leaves no key", ABC " | HDEL h a b c", "LLEN h", ":0"},
    {"HDEL of none", "", "HDEL h a", ":0"},
    {"values come back unchanged", "HSET h 1 01 02 -0", "HGETALL h", "*4 $1 1 $2 01 $2 02 $2 -0"},
};

static const struct call_row getting_rows[] = {
    {"HGET of no field", ABC, "HGET h x", "$-1"},
    {"HGET of no hash", "", "HGET h x", "$-1"},
    {"HGET of a list", "RPUSH l a", "HGET l a", WRONG_TYPE},
    {"HMGET", ABC, "HMGET h c x a", "*3 $1 3 $-1 $1 1"},
    {"HMGET of no hash", "", "HMGET h a b", "*2 $-1 $-1"},
    {"HMGET of a list", "RPUSH l a", "HMGET l a", WRONG_TYPE},
    {"HGETALL", ABC, "HGETALL h", "*6 $1 a $1 1 $1 b $1 2 $1 c $1 3"},
    {"HGETALL of no hash", "", "HGETALL h", "*0"},
    {"HKEYS", ABC, "HKEYS h", "*3 $1 a $1 b $1 c"},
    {"HVALS", ABC, "HVALS h", "*3 $1 1 $1 2 $1 3"},
    {"HLEN", ABC, "HLEN h", ":3"},
    {"HLEN of no hash", "", "HLEN h", ":0"},
    {"HEXISTS", ABC, "HEXISTS h a", ":1"},
    {"HEXISTS of no field", ABC, "HEXISTS h x", ":0"},
    {"HEXISTS of no hash", "", "HEXISTS h x", ":0"},
    {"HSTRLEN", "HSET h a hello", "HSTRLEN h a", ":5"},
    {"HSTRLEN of an integer", "HSET h a -1234", "HSTRLEN h a", ":5"},
    {"HSTRLEN of no field", ABC, "HSTRLEN h x", ":0"},
};

static const struct call_row number_rows[] = {
    {"HINCRBY", ABC, "HINCRBY h c 10", ":13"},
    {"HINCRBY of no field", ABC, "HINCRBY h x -5", ":-5"},
    {"HINCRBY of no hash", "HINCRBY h x 5", "HGETALL h", "*2 $1 x $1 5"},
    {"HINCRBY by no number", ABC, "HINCRBY h a x", NO_INTEGER},
    {"HINCRBY of a text", "HSET h a x", "HINCRBY h a 1", "-ERR hash value is not an integer"},
    {"HINCRBY of a float", "HSET h a 1.5", "HINCRBY h a 1", "-ERR hash value is not an integer"},
    {"HINCRBY past the largest", "HSET h a 9223372036854775807", "HINCRBY h a 1",
     "-ERR increment or decrement would overflow"},
    {"HINCRBY past the smallest", "HSET h a -9223372036854775808", "HINCRBY h a -1",
     "-ERR increment or decrement would overflow"},
    {"HINCRBYFLOAT", ABC, "HINCRBYFLOAT h a 0.5", "$3 1.5"},
    {"HINCRBYFLOAT to a whole number", "HSET h a 1.5", "HINCRBYFLOAT h a 1.5", "$1 3"},
    {"HINCRBYFLOAT of no hash", "", "HINCRBYFLOAT h a 3.14", "$4 3.14"},
    {"HINCRBYFLOAT by no number", ABC, "HINCRBYFLOAT h a x", "-ERR value is not a valid float"},
    {"HINCRBYFLOAT of text", "HSET h a x", "HINCRBYFLOAT h a 1", "-ERR hash value is not a float"},
    {"HINCRBYFLOAT by infinity", ABC, "HINCRBYFLOAT h a +inf", "-ERR value is NaN or Infinity"},
    {"HINCRBYFLOAT to infinity", "HSET h a 1e4932", "HINCRBYFLOAT h a 1e4932",
     "-ERR increment would produce NaN or Infinity"},
};

static const struct call_row some_rows[] = {
    {"HRANDFIELD of one", "HSET h a 1", "HRANDFIELD h", "$1 a"},
    {"HRANDFIELD of no hash", "", "HRANDFIELD h", "$-1"},
    {"HRANDFIELD of some of no hash", "", "HRANDFIELD h 3", "*0"},
    {"HRANDFIELD of all", ABC, "HRANDFIELD h 5", "*3 $1 a $1 b $1 c"},
    {"HRANDFIELD of 0", ABC, "HRANDFIELD h 0", "*0"},
    {"HRANDFIELD and values", ABC, "HRANDFIELD h 5 WITHVALUES", "*6 $1 a $1 1 $1 b $1 2 $1 c $1 3"},
    {"HRANDFIELD again and again", "HSET h a 1", "HRANDFIELD h -3", "*3 $1 a $1 a $1 a"},
    {"and with values", "HSET h a 1", "HRANDFIELD h -2 withvalues", "*4 $1 a $1 1 $1 a $1 1"},
    {"HRANDFIELD by no number", ABC, "HRANDFIELD h x", NO_INTEGER},
    {"HRANDFIELD with more", ABC, "HRANDFIELD h 1 x", SYNTAX},
    {"HRANDFIELD of too many", ABC, "HRANDFIELD h -9223372036854775807 WITHVALUES",
     "-ERR value is out of range"},
    {"HRANDFIELD past the smallest", ABC, "HRANDFIELD h -9223372036854775808",
     "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"},
    {"HSCAN", "HSET h a 1 b 2", "HSCAN h 0", "*2 $1 0 *4 $1 a $1 1 $1 b $1 2"},
    {"HSCAN of some", "HSET h a1 1 b1 2", "HSCAN h 0 MATCH b* COUNT 100", "*2 $1 0 *2 $2 b1 $1 2"},
    {"HSCAN of no hash", "", "HSCAN h 0", "*2 $1 0 *0"},
    {"HSCAN from nowhere", "", "HSCAN h x", "-ERR invalid cursor"},
    {"HSCAN with half an option", ABC, "HSCAN h 0 COUNT", SYNTAX},
    {"HSCAN of a list", "RPUSH l a", "HSCAN l 0", WRONG_TYPE},
};

static const struct call_effect_row effect_rows[] = {
    {"setting", "HSET h a 1", "HSET h a 1 b 2", "hset:h", "HSET h a 1 b 2"},
    {"setting the first", "", "HMSET h a 1", "new:h hset:h", "HMSET h a 1"},
    {"setting a new field", "HSET h a 1", "HSETNX h b 1", "hset:h", "HSETNX h b 1"},
    {"setting no new field", "HSET h a 1", "HSETNX h a 1", "", ""},
    {"deleting", ABC, "HDEL h a x", "hdel:h", "HDEL h a x"},
    {"deleting nothing", ABC, "HDEL h x", "", ""},
    {"deleting all", ABC, "HDEL h a b c", "hdel:h del:h", "HDEL h a b c"},
    {"adding", ABC, "HINCRBY h a 1", "hincrby:h", "HINCRBY h a 1"},
    {"adding what is not exact everywhere", ABC, "HINCRBYFLOAT h a 0.1", "hincrbyfloat:h",
     "HSET h a 1.1"},
    {"adding in vain", "HSET h a x", "HINCRBYFLOAT h a 0.1", "", ""},
};
/* clang-format on */

Test(hash_commands, set_and_delete)
{
    call_fixture_rows(setting_rows, COUNT_OF(setting_rows));
}

Test(hash_commands, get)
{
    call_fixture_rows(getting_rows, COUNT_OF(getting_rows));
}

Test(hash_commands, add_to_numbers)
{
    call_fixture_rows(number_rows, COUNT_OF(number_rows));
}

Test(hash_commands, give_some)
{
    call_fixture_rows(some_rows, COUNT_OF(some_rows));
}

Test(hash_commands, tell_and_log)
{
    call_fixture_effect_rows(effect_rows, COUNT_OF(effect_rows));
}

Test(hash_commands, reply_in_resp3)
{
    struct call_fixture *fixture = call_fixture_new();
    call_fixture_set_protocol(fixture, 3);
    cr_expect_str_eq(call_fixture_run(fixture, "HSET h a 1 | HGETALL h"), "%1 $1 a $1 1");
    cr_expect_str_eq(call_fixture_run(fixture, "HRANDFIELD h 1 WITHVALUES"), "*1 *2 $1 a $1 1");
    cr_expect_str_eq(call_fixture_run(fixture, "HGETALL none"), "%0");
    cr_expect_str_eq(call_fixture_run(fixture, "HGET h x"), "_");
    call_fixture_free(fixture);
}

enum { FIELDS = 1000 };

/* How many different fields a reply has that is a flat array of "f<number>". */
static uint32_t count_different(const char *reply)
{
    bool seen[FIELDS] = {false};
    uint32_t different = 0;
    for (const char *at = strchr(reply, 'f'); at != NULL; at = strchr(at + 1, 'f')) {
        unsigned long field = strtoul(at + 1, NULL, 10);
        cr_assert(field < FIELDS);
        different += !seen[field];
        seen[field] = true;
    }
    return different;
}

Test(hash_commands, give_different_fields_of_a_table)
{
    struct call_fixture *fixture = call_fixture_new();
    char line[64];
    for (int i = 0; i < FIELDS; i++) {
        snprintf(line, sizeof line, "HSET h f%d %d", i, i);
        (void)call_fixture_run(fixture, line);
    }
    static const uint32_t counts[] = {1, 5, 100, 400, 999, 1000};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        snprintf(line, sizeof line, "HRANDFIELD h %u", counts[i]);
        cr_expect(count_different(call_fixture_run(fixture, line)) == counts[i], "%u", counts[i]);
    }
    call_fixture_free(fixture);
}
