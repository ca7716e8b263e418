/* list_commands_test.c -- what list commands reply, tell and log. */
#include "test/cmd/call_fixture.h"
#include "test/rows.h"

#define WRONG_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INTEGER "-ERR value is not an integer or out of range"
#define SYNTAX     "-ERR syntax error"
#define ABCDE      "RPUSH l a b c d e"

/* clang-format off */
static const struct call_row pushing_rows[] = {
    {"LPUSH puts each before the last", "LPUSH l a b c", "LRANGE l 0 -1", "*3 $1 c $1 b $1 a"},
    {"RPUSH puts each behind the last", "RPUSH l a b c", "LRANGE l 0 -1", "*3 $1 a $1 b $1 c"},
    {"LPUSH replies the length", "RPUSH l a", "LPUSH l b c", ":3"},
    {"LPUSH onto a string", "SADD s a", "LPUSH s b", WRONG_TYPE},
    {"LPUSHX makes no list", "", "LPUSHX l a", ":0"},
    {"and leaves none", "LPUSHX l a", "LLEN l", ":0"},
    {"LPUSHX onto a list", "RPUSH l a", "LPUSHX l b c", ":3"},
    {"RPUSHX onto a list", "RPUSH l a | RPUSHX l b c", "LRANGE l 0 -1", "*3 $1 a $1 b $1 c"},
    {"RPUSHX makes no list", "", "RPUSHX l a", ":0"},
    {"RPUSHX onto a set", "SADD s a", "RPUSHX s b", WRONG_TYPE},
    {"integers come back as they were", "RPUSH l 1 01 -0 +1 128", "LRANGE l 0 -1",
     "*5 $1 1 $2 01 $2 -0 $2 +1 $3 128"},
    {"an element may be empty", "RPUSH l \"\"", "LRANGE l 0 -1", "*1 $0 "},
};

static const struct call_row index_rows[] = {
    {"LLEN of none", "", "LLEN l", ":0"},
    {"LLEN of some", ABCDE, "LLEN l", ":5"},
    {"LLEN of a set", "SADD s a", "LLEN s", WRONG_TYPE},
    {"LINDEX from the head", ABCDE, "LINDEX l 1", "$1 b"},
    {"LINDEX from the tail", ABCDE, "LINDEX l -1", "$1 e"},
    {"LINDEX past the tail", ABCDE, "LINDEX l 5", "$-1"},
    {"LINDEX before the head", ABCDE, "LINDEX l -6", "$-1"},
    {"LINDEX of none does not look at the index", "", "LINDEX l x", "$-1"},
    {"LINDEX by no number", ABCDE, "LINDEX l x", NO_INTEGER},
    {"LSET", ABCDE, "LSET l 1 x", "+OK"},
    {"LSET replaces", ABCDE " | LSET l -2 xyz", "LRANGE l 0 -1", "*5 $1 a $1 b $1 c $3 xyz $1 e"},
    {"LSET past the tail", ABCDE, "LSET l 5 x", "-ERR index out of range"},
    {"LSET before the head", ABCDE, "LSET l -6 x", "-ERR index out of range"},
    {"LSET of none", "", "LSET l 0 x", "-ERR no such key"},
    {"LSET by no number", ABCDE, "LSET l x x", NO_INTEGER},
    {"LSET of a set", "SADD s a", "LSET s 0 x", WRONG_TYPE},
};

static const struct call_row range_rows[] = {
    {"LRANGE of some", ABCDE, "LRANGE l 1 2", "*2 $1 b $1 c"},
    {"LRANGE from the tail", ABCDE, "LRANGE l -2 -1", "*2 $1 d $1 e"},
    {"LRANGE past both ends", ABCDE, "LRANGE l -100 100", "*5 $1 a $1 b $1 c $1 d $1 e"},
    {"LRANGE that ends before it starts", ABCDE, "LRANGE l 3 2", "*0"},
    {"LRANGE past the tail", ABCDE, "LRANGE l 5 10", "*0"},
    {"LRANGE before the head", ABCDE, "LRANGE l -100 -6", "*0"},
    {"LRANGE of none", "", "LRANGE l 0 -1", "*0"},
    {"LRANGE by no number", "", "LRANGE l 0 x", NO_INTEGER},
    {"LTRIM", ABCDE " | LTRIM l 1 3", "LRANGE l 0 -1", "*3 $1 b $1 c $1 d"},
    {"LTRIM from the tail", ABCDE " | LTRIM l -2 -1", "LRANGE l 0 -1", "*2 $1 d $1 e"},
    {"LTRIM of all leaves no key", ABCDE " | LTRIM l 5 9", "LLEN l", ":0"},
    {"LTRIM of none", "", "LTRIM l 0 1", "+OK"},
    {"LTRIM by no number", "", "LTRIM l x 1", NO_INTEGER},
    {"LTRIM of a set", "SADD s a", "LTRIM s 0 1", WRONG_TYPE},
};

static const struct call_row match_rows[] = {
    {"LREM of all", "RPUSH l a b a c a", "LREM l 0 a", ":3"},
    {"LREM from the head", "RPUSH l a b a c a | LREM l 2 a", "LRANGE l 0 -1", "*3 $1 b $1 c $1 a"},
    {"LREM from the tail", "RPUSH l a b a c a | LREM l -2 a", "LRANGE l 0 -1", "*3 $1 a $1 b $1 c"},
    {"LREM of neighbours from the tail", "RPUSH l a a a b | LREM l -2 a", "LRANGE l 0 -1",
     "*2 $1 a $1 b"},
    {"LREM of an integer", "RPUSH l 1 2 1 | LREM l 1 1", "LRANGE l 0 -1", "*2 $1 2 $1 1"},
    {"LREM of what is not there", ABCDE, "LREM l 0 x", ":0"},
    {"LREM of none", "", "LREM l 0 x", ":0"},
    {"LREM by no number", ABCDE, "LREM l x a", NO_INTEGER},
    {"LINSERT before", ABCDE " | LINSERT l before b x", "LRANGE l 0 2", "*3 $1 a $1 x $1 b"},
    {"LINSERT after", ABCDE " | LINSERT l AFTER b x", "LRANGE l 0 3", "*4 $1 a $1 b $1 x $1 c"},
    {"LINSERT replies the length", ABCDE, "LINSERT l AFTER e x", ":6"},
    {"LINSERT beside none", ABCDE, "LINSERT l AFTER x x", ":-1"},
    {"LINSERT into none", "", "LINSERT l AFTER x x", ":0"},
    {"LINSERT anywhere", ABCDE, "LINSERT l BESIDE a x", SYNTAX},
    {"LPOS", "RPUSH l a b c b", "LPOS l b", ":1"},
    {"LPOS of none", "RPUSH l a b c b", "LPOS l x", "$-1"},
    {"LPOS without a list", "", "LPOS l x", "$-1"},
    {"LPOS without a list, several", "", "LPOS l x COUNT 2", "*0"},
    {"LPOS of the second", "RPUSH l a b c b", "LPOS l b RANK 2", ":3"},
    {"LPOS from the tail", "RPUSH l a b c b", "LPOS l b RANK -1", ":3"},
    {"LPOS from the tail, the second", "RPUSH l a b c b", "LPOS l b RANK -2", ":1"},
    {"LPOS of all", "RPUSH l a b c b", "LPOS l b COUNT 0", "*2 :1 :3"},
    {"LPOS of all from the tail", "RPUSH l a b c b", "LPOS l b COUNT 0 RANK -1", "*2 :3 :1"},
    {"LPOS of some", "RPUSH l b b b", "LPOS l b COUNT 2 RANK 2", "*2 :1 :2"},
    {"LPOS looks at few", "RPUSH l a b c b", "LPOS l b MAXLEN 1", "$-1"},
    {"LPOS looks at few from the tail", "RPUSH l a b c", "LPOS l b RANK -1 MAXLEN 2", ":1"},
    {"LPOS of rank 0", "", "LPOS l b RANK 0",
     "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
     "negative to start from the end of the list"},
    {"LPOS of the lowest rank", "", "LPOS l b RANK -9223372036854775808",
     "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"},
    {"LPOS of fewer than none", "", "LPOS l b COUNT -1", "-ERR COUNT can't be negative"},
    {"LPOS in fewer than none", "", "LPOS l b MAXLEN -1", "-ERR MAXLEN can't be negative"},
    {"LPOS with half an option", "", "LPOS l b RANK", SYNTAX},
};

static const struct call_row popping_rows[] = {
    {"LPOP", ABCDE, "LPOP l", "$1 a"},
    {"RPOP", ABCDE, "RPOP l", "$1 e"},
    {"LPOP of none", "", "LPOP l", "$-1"},
    {"LPOP of a set", "SADD s a", "LPOP s", WRONG_TYPE},
    {"LPOP of some", ABCDE, "LPOP l 2", "*2 $1 a $1 b"},
    {"RPOP of some", ABCDE, "RPOP l 2", "*2 $1 e $1 d"},
    {"RPOP of more than there are", "RPUSH l a b", "RPOP l 3", "*2 $1 b $1 a"},
    {"LPOP of 0", ABCDE, "LPOP l 0", "*0"},
    {"LPOP of some of none", "", "LPOP l 2", "*-1"},
    {"LPOP of 0 of none", "", "LPOP l 0", "*-1"},
    {"LPOP of fewer than none", ABCDE, "LPOP l -1", "-ERR value is out of range, must be positive"},
    {"LPOP by no number", ABCDE, "LPOP l x", "-ERR value is out of range, must be positive"},
    {"LPOP with too much", ABCDE, "LPOP l 1 2",
     "-ERR wrong number of arguments for 'lpop' command"},
    {"LMPOP takes from the first list there is", "RPUSH b 1 2 | RPUSH c 3", "LMPOP 3 a b c LEFT",
     "*2 $1 b *1 $1 1"},
    {"LMPOP of some", "RPUSH b 1 2 3", "LMPOP 2 a b RIGHT COUNT 2", "*2 $1 b *2 $1 3 $1 2"},
    {"LMPOP of none", "", "LMPOP 2 a b RIGHT", "*-1"},
    {"LMPOP meets a set", "SADD a x | RPUSH b x", "LMPOP 2 a b RIGHT", WRONG_TYPE},
    {"LMPOP of no keys", "", "LMPOP 0 a LEFT", "-ERR numkeys should be greater than 0"},
    {"LMPOP of x keys", "", "LMPOP x a LEFT", "-ERR numkeys should be greater than 0"},
    {"LMPOP of too many keys", "", "LMPOP 2 a LEFT", SYNTAX},
    {"LMPOP from nowhere", "", "LMPOP 1 a UP", SYNTAX},
    {"LMPOP of 0", "", "LMPOP 1 a LEFT COUNT 0", "-ERR count should be greater than 0"},
    {"LMPOP reads a count before the rest", "", "LMPOP 1 a LEFT COUNT x COUNT",
     "-ERR count should be greater than 0"},
    {"LMPOP with a count twice", "", "LMPOP 1 a LEFT COUNT 1 COUNT 1", SYNTAX},
    {"LMPOP with half an option", "", "LMPOP 1 a LEFT COUNT", SYNTAX},
};

static const struct call_row moving_rows[] = {
    {"LMOVE replies the element", ABCDE, "LMOVE l k LEFT RIGHT", "$1 a"},
    {"LMOVE moves", ABCDE " | RPUSH k x | LMOVE l k RIGHT LEFT", "LRANGE k 0 -1", "*2 $1 e $1 x"},
    {"LMOVE takes it away", ABCDE " | LMOVE l k RIGHT LEFT", "LLEN l", ":4"},
    {"LMOVE rotates to the right", "RPUSH l a b c | LMOVE l l LEFT RIGHT", "LRANGE l 0 -1",
     "*3 $1 b $1 c $1 a"},
    {"LMOVE rotates to the left", "RPUSH l a b c | LMOVE l l RIGHT LEFT", "LRANGE l 0 -1",
     "*3 $1 c $1 a $1 b"},
    {"LMOVE stays where it is", "RPUSH l a b c | LMOVE l l LEFT LEFT", "LRANGE l 0 -1",
     "*3 $1 a $1 b $1 c"},
    {"LMOVE of none", "SADD k x", "LMOVE l k LEFT LEFT", "$-1"},
    {"LMOVE into a set", ABCDE " | SADD k x", "LMOVE l k LEFT LEFT", WRONG_TYPE},
    {"which takes nothing away", ABCDE " | SADD k x | LMOVE l k LEFT LEFT", "LLEN l", ":5"},
    {"LMOVE from a set", "SADD k x", "LMOVE k l LEFT LEFT", WRONG_TYPE},
    {"LMOVE to nowhere", ABCDE, "LMOVE l k LEFT UP", SYNTAX},
    {"RPOPLPUSH", ABCDE " | RPUSH k x | RPOPLPUSH l k", "LRANGE k 0 -1", "*2 $1 e $1 x"},
    {"RPOPLPUSH of none", "", "RPOPLPUSH l k", "$-1"},
};

static const struct call_row blocking_rows[] = {
    {"BLPOP takes what is there", "RPUSH b 1 2", "BLPOP a b 0", "*2 $1 b $1 1"},
    {"BRPOP takes what is there", "RPUSH b 1 2", "BRPOP a b 1.5", "*2 $1 b $1 2"},
    {"BLPOP takes from the first key", "RPUSH b 1 | RPUSH a 2", "BLPOP a b 0", "*2 $1 a $1 2"},
    {"BLPOP waits", "", "BLPOP a b 0", "(blocks)"},
    {"BLPOP meets a set", "SADD a x | RPUSH b 1", "BLPOP a b 0", WRONG_TYPE},
    {"BLPOP for a while that is none", "", "BLPOP a x",
     "-ERR timeout is not a float or out of range"},
    {"BLPOP for less than no time", "", "BLPOP a -1", "-ERR timeout is negative"},
    {"BLMOVE takes what is there", ABCDE, "BLMOVE l k LEFT RIGHT 0", "$1 a"},
    {"BLMOVE waits", "", "BLMOVE l k LEFT RIGHT 0", "(blocks)"},
    {"BLMOVE to nowhere", "", "BLMOVE l k LEFT UP 0", SYNTAX},
    {"BRPOPLPUSH takes what is there", ABCDE, "BRPOPLPUSH l k 0", "$1 e"},
    {"BRPOPLPUSH waits", "", "BRPOPLPUSH l k 0", "(blocks)"},
    {"BRPOPLPUSH into a set", ABCDE " | SADD k x", "BRPOPLPUSH l k 0", WRONG_TYPE},
    {"BLMPOP takes what is there", "RPUSH b 1 2 3", "BLMPOP 0 2 a b LEFT COUNT 2",
     "*2 $1 b *2 $1 1 $1 2"},
    {"BLMPOP waits", "", "BLMPOP 0 2 a b LEFT", "(blocks)"},
    {"BLMPOP for less than no time", "", "BLMPOP -1 1 a LEFT", "-ERR timeout is negative"},
    {"BLMPOP looks at the time last", "", "BLMPOP -1 1 a UP", SYNTAX},
    {"BLMPOP of no keys", "", "BLMPOP 1 0 a LEFT", "-ERR numkeys should be greater than 0"},
};

static const struct call_effect_row effect_rows[] = {
    {"a push", "RPUSH l a", "LPUSH l b c", "lpush:l", "LPUSH l b c"},
    {"a push that makes the list", "", "RPUSH l b", "new:l rpush:l", "RPUSH l b"},
    {"a push without a list", "", "LPUSHX l b", "", ""},
    {"a pop", "RPUSH l a b", "LPOP l", "lpop:l", "LPOP l"},
    {"a pop of the last", "RPUSH l a b", "RPOP l 2", "rpop:l del:l", "RPOP l 2"},
    {"a pop of 0", "RPUSH l a b", "RPOP l 0", "", ""},
    {"a replacement", "RPUSH l a b", "LSET l 0 x", "lset:l", "LSET l 0 x"},
    {"a trim", "RPUSH l a b", "LTRIM l 0 0", "ltrim:l", "LTRIM l 0 0"},
    {"a trim of nothing changes nothing", "RPUSH l a b", "LTRIM l 0 1", "ltrim:l", ""},
    {"a trim of all", "RPUSH l a b", "LTRIM l 1 0", "ltrim:l del:l", "LTRIM l 1 0"},
    {"a removal", "RPUSH l a b", "LREM l 0 a", "lrem:l", "LREM l 0 a"},
    {"a removal of the last", "RPUSH l a a", "LREM l 0 a", "lrem:l del:l", "LREM l 0 a"},
    {"a removal of nothing", "RPUSH l a a", "LREM l 0 b", "", ""},
    {"an insertion", "RPUSH l a", "LINSERT l BEFORE a b", "linsert:l", "LINSERT l BEFORE a b"},
    {"an insertion beside none", "RPUSH l a", "LINSERT l BEFORE x b", "", ""},
    {"a move", "RPUSH l a b | RPUSH k x", "LMOVE l k LEFT RIGHT", "rpush:k lpop:l",
     "LMOVE l k LEFT RIGHT"},
    {"a move of the last", "RPUSH l a", "LMOVE l k LEFT RIGHT", "new:k rpush:k lpop:l del:l",
     "LMOVE l k LEFT RIGHT"},
    {"a rotation", "RPUSH l a b", "RPOPLPUSH l l", "lpush:l rpop:l", "RPOPLPUSH l l"},
    {"a pop that need not wait", "RPUSH l a b", "BLPOP k l 0", "lpop:l", "BLPOP k l 0"},
    {"a pop that waits", "", "BLPOP k l 0", "", ""},
    {"a pop of several that need not wait", "RPUSH l a b", "BLMPOP 0 1 l RIGHT COUNT 9",
     "rpop:l del:l", "BLMPOP 0 1 l RIGHT COUNT 9"},
};
/* clang-format on */

Test(list_commands, push)
{
    call_fixture_rows(pushing_rows, COUNT_OF(pushing_rows));
}

Test(list_commands, go_by_index)
{
    call_fixture_rows(index_rows, COUNT_OF(index_rows));
    call_fixture_rows(range_rows, COUNT_OF(range_rows));
}

Test(list_commands, look_for_elements)
{
    call_fixture_rows(match_rows, COUNT_OF(match_rows));
}

Test(list_commands, pop_and_move)
{
    call_fixture_rows(popping_rows, COUNT_OF(popping_rows));
    call_fixture_rows(moving_rows, COUNT_OF(moving_rows));
    call_fixture_rows(blocking_rows, COUNT_OF(blocking_rows));
}

Test(list_commands, tell_and_log)
{
    call_fixture_effect_rows(effect_rows, COUNT_OF(effect_rows));
}
