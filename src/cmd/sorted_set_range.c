/* sorted_set_range.c -- ranges of ranks, scores and texts: to return, to store, to count, to
 * remove. Each is a span of ranks. */
#include "cmd/handlers.h"
#include "cmd/sorted_set.h"

/* --- what a range is -------------------------------------------------------------------------- */

/* What a range command asks for: two arguments, and what they bound. */
enum range_by { RANGE_BY_RANK, RANGE_BY_SCORE, RANGE_BY_LEX };

struct range {
    enum range_by by;
    bool reverse; /* ranks are counted from the highest */
    int64_t start, stop;
    struct zset_score_range scores;
    struct zset_lex_range members;
};

static bool score_bound(struct slice text, double *score, bool *open)
{
    *open = text.len > 0 && text.data[0] == '(';
    return double_parse(slice_from(text, *open ? 1 : 0), score);
}

static bool lex_bound(struct slice text, struct zset_lex_bound *bound)
{
    if (text.len == 0) return false;
    bound->member = slice_from(text, 1);
    switch (text.data[0]) {
    case '[': bound->kind = ZSET_LEX_CLOSED; return true;
    case '(': bound->kind = ZSET_LEX_OPEN; return true;
    case '-': bound->kind = ZSET_LEX_LOWEST; return text.len == 1;
    case '+': bound->kind = ZSET_LEX_HIGHEST; return text.len == 1;
    default: return false;
    }
}

static bool scores_parse(struct call *call, struct slice low, struct slice high,
                         struct zset_score_range *scores)
{
    bool good = score_bound(low, &scores->low, &scores->low_open) &&
                score_bound(high, &scores->high, &scores->high_open);
    if (!good) reply_error(&call->reply, "ERR min or max is not a float");
    return good;
}

static bool members_parse(struct call *call, struct slice low, struct slice high,
                          struct zset_lex_range *members)
{
    bool good = lex_bound(low, &members->low) && lex_bound(high, &members->high);
    if (!good) reply_error(&call->reply, "ERR min or max not valid string range item");
    return good;
}

/* argv[low] and argv[high]; `by` and `reverse` are set already. False: the error is replied. */
static bool range_parse(struct call *call, uint32_t low, uint32_t high, struct range *range)
{
    switch (range->by) {
    case RANGE_BY_RANK:
        return call_integer(call, low, &range->start) && call_integer(call, high, &range->stop);
    case RANGE_BY_SCORE:
        return scores_parse(call, call->argv[low], call->argv[high], &range->scores);
    case RANGE_BY_LEX: break;
    }
    return members_parse(call, call->argv[low], call->argv[high], &range->members);
}

static struct zset_span span_of_ranks(int64_t start, int64_t stop, uint64_t count, bool reverse)
{
    int64_t end = (int64_t)count;
    if (start < 0) start = start + end < 0 ? 0 : start + end;
    if (stop < 0) stop += end;
    if (stop >= end) stop = end - 1;
    if (start > stop || start >= end) return (struct zset_span){0};
    uint64_t length = (uint64_t)(stop - start + 1);
    return (struct zset_span){reverse ? (uint64_t)(end - 1 - stop) : (uint64_t)start, length};
}

/* The ranks it means in this zset, counted from the lowest. */
static struct zset_span range_span(const struct range *range, const struct zset *zset)
{
    switch (range->by) {
    case RANGE_BY_RANK:
        return span_of_ranks(range->start, range->stop, zset_count(zset), range->reverse);
    case RANGE_BY_SCORE: return zset_span_of_scores(zset, &range->scores);
    case RANGE_BY_LEX: break;
    }
    return zset_span_of_members(zset, &range->members);
}

/* --- returning and storing -------------------------------------------------------------------- */

struct selection {
    struct range range;
    bool by_is_given, reverse_is_given; /* by the command's name: not to be said again */
    bool stores, scores;
    bool limited;
    int64_t offset, limit;
};

static bool limit_parse(struct call *call, uint32_t index, struct selection *selection)
{
    selection->limited = true;
    return call_integer(call, index, &selection->offset) &&
           call_integer(call, index + 1, &selection->limit);
}

/* One option at `*index`, which is moved behind it. */
static bool option_parse(struct call *call, uint32_t *index, struct selection *selection)
{
    struct slice word = call->argv[(*index)++];
    bool may_say_by = !selection->by_is_given && selection->range.by == RANGE_BY_RANK;
    if (!selection->stores && word_is(word, "WITHSCORES")) {
        selection->scores = true;
    } else if (word_is(word, "LIMIT") && call->argc - *index >= 2) {
        *index += 2;
        return limit_parse(call, *index - 2, selection);
    } else if (!selection->reverse_is_given && word_is(word, "REV")) {
        selection->range.reverse = true;
    } else if (may_say_by && word_is(word, "BYLEX")) {
        selection->range.by = RANGE_BY_LEX;
    } else if (may_say_by && word_is(word, "BYSCORE")) {
        selection->range.by = RANGE_BY_SCORE;
    } else {
        call_syntax_error(call);
        return false;
    }
    return true;
}

/* argv[key + 1] and argv[key + 2] are the bounds, then come options. */
static bool selection_parse(struct call *call, uint32_t key, struct selection *selection)
{
    for (uint32_t i = key + 3; i < call->argc;)
        if (!option_parse(call, &i, selection)) return false;
    struct range *range = &selection->range;
    if (selection->limited && selection->limit != -1 && range->by == RANGE_BY_RANK) {
        reply_error(&call->reply, "ERR syntax error, LIMIT is only supported in combination with "
                                  "either BYSCORE or BYLEX");
        return false;
    }
    if (selection->scores && range->by == RANGE_BY_LEX) {
        reply_error(&call->reply,
                    "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        return false;
    }
    bool high_first = range->reverse && range->by != RANGE_BY_RANK;
    return range_parse(call, key + (high_first ? 2 : 1), key + (high_first ? 1 : 2), range);
}

/* LIMIT counts in the order of reading. */
static struct zset_span selection_span(const struct selection *selection, const struct zset *zset)
{
    struct zset_span span = range_span(&selection->range, zset);
    if (!selection->limited || selection->range.by == RANGE_BY_RANK) return span;
    if (selection->offset < 0 || (uint64_t)selection->offset >= span.count)
        return (struct zset_span){0};
    uint64_t skipped = (uint64_t)selection->offset, count = span.count - skipped;
    if (selection->limit >= 0) count = u64_min(count, (uint64_t)selection->limit);
    uint64_t first = span.first + skipped;
    if (selection->range.reverse) first = span.first + span.count - skipped - count;
    return (struct zset_span){first, count};
}

static void reply_selection(struct call *call, struct selection selection)
{
    const struct zset *zset;
    if (!selection_parse(call, 1, &selection)) return;
    if (!zset_read(call, call->argv[1], &zset)) return;
    if (zset == NULL) {
        reply_array(&call->reply, 0);
        return;
    }
    struct zset_span span = selection_span(&selection, zset);
    zset_reply_header(call, span.count, selection.scores);
    struct zset_walk walk;
    zset_walk_begin(&walk, zset, span, selection.range.reverse);
    for (struct zset_item item; zset_walk_next(&walk, &item);)
        zset_reply_item(call, item, selection.scores);
}

void cmd_zrange(struct call *call)
{
    reply_selection(call, (struct selection){0});
}

static struct selection given(enum range_by by, bool reverse)
{
    return (struct selection){
        .range = {.by = by, .reverse = reverse}, .by_is_given = true, .reverse_is_given = true};
}

void cmd_zrevrange(struct call *call)
{
    reply_selection(call, given(RANGE_BY_RANK, true));
}

void cmd_zrangebyscore(struct call *call)
{
    reply_selection(call, given(RANGE_BY_SCORE, false));
}

void cmd_zrevrangebyscore(struct call *call)
{
    reply_selection(call, given(RANGE_BY_SCORE, true));
}

void cmd_zrangebylex(struct call *call)
{
    reply_selection(call, given(RANGE_BY_LEX, false));
}

void cmd_zrevrangebylex(struct call *call)
{
    reply_selection(call, given(RANGE_BY_LEX, true));
}

void cmd_zrangestore(struct call *call)
{
    struct selection selection = {.stores = true};
    struct room *room = store_room(call->store);
    const struct zset *zset;
    if (!selection_parse(call, 2, &selection)) return;
    if (!zset_read(call, call->argv[2], &zset)) return;
    struct zset *chosen = zset_new(room);
    struct zset_span span = {0};
    if (zset != NULL) span = selection_span(&selection, zset);
    if (span.count > 0) {
        struct zset_walk walk;
        zset_expect(room, chosen, span.count, 0);
        zset_walk_begin(&walk, zset, span, false);
        for (struct zset_item item; zset_walk_next(&walk, &item);)
            zset_add(room, chosen, item.member, &item.score, 0);
    }
    zset_store(call, call->argv[1], chosen, "zrangestore");
}

/* --- counting and removing -------------------------------------------------------------------- */

static void reply_span_count(struct call *call, enum range_by by)
{
    struct range range = {.by = by};
    const struct zset *zset;
    if (!range_parse(call, 2, 3, &range)) return;
    if (!zset_read(call, call->argv[1], &zset)) return;
    reply_integer(&call->reply, zset == NULL ? 0 : (int64_t)range_span(&range, zset).count);
}

void cmd_zcount(struct call *call)
{
    reply_span_count(call, RANGE_BY_SCORE);
}

void cmd_zlexcount(struct call *call)
{
    reply_span_count(call, RANGE_BY_LEX);
}

static void remove_range(struct call *call, enum range_by by, const char *event)
{
    struct range range = {.by = by};
    struct zset *zset;
    if (!range_parse(call, 2, 3, &range)) return;
    if (!zset_write(call, call->argv[1], &zset)) return;
    struct zset_span span = {0};
    if (zset != NULL) span = range_span(&range, zset);
    reply_integer(&call->reply, (int64_t)span.count);
    if (span.count == 0) return;
    zset_remove_span(store_room(call->store), zset, span);
    zset_taken(call, call->argv[1], zset, event);
}

void cmd_zremrangebyrank(struct call *call)
{
    remove_range(call, RANGE_BY_RANK, "zremrangebyrank");
}

void cmd_zremrangebyscore(struct call *call)
{
    remove_range(call, RANGE_BY_SCORE, "zremrangebyscore");
}

void cmd_zremrangebylex(struct call *call)
{
    remove_range(call, RANGE_BY_LEX, "zremrangebylex");
}
