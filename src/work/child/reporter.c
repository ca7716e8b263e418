/* reporter.c -- see reporter.h. */
#include <stdlib.h>

#include "work/child/reporter.h"

enum { AMOUNT_DIGITS_MAX = 20 };

struct reporter {
    struct arena *arena; /* the counters' names */
    struct child_counter counters[REPORTER_COUNTERS_MAX];
    uint32_t counters_count;
    uint8_t line[REPORTER_LINE_MAX]; /* of the line that has not ended yet */
    size_t line_len;
    bool line_overlong; /* its first part is in the tail already */
    uint8_t status[REPORTER_STATUS_MAX];
    size_t status_len;
    /* The tail slides: when the second half is full it becomes the first. */
    uint8_t tail[2 * REPORTER_TAIL_BYTES];
    size_t tail_len;
};

struct reporter *reporter_new(void)
{
    struct reporter *reporter = calloc(1, sizeof *reporter);
    ASSERT(reporter != NULL);
    reporter->arena = arena_new();
    return reporter;
}

void reporter_free(struct reporter *reporter)
{
    if (reporter == NULL) return;
    arena_free(reporter->arena);
    free(reporter);
}

static void tail_append(struct reporter *reporter, struct slice bytes)
{
    if (bytes.len > REPORTER_TAIL_BYTES) {
        bytes = slice_from(bytes, bytes.len - REPORTER_TAIL_BYTES);
    }
    if (reporter->tail_len + bytes.len > sizeof reporter->tail) {
        size_t kept = REPORTER_TAIL_BYTES;
        memmove(reporter->tail, reporter->tail + reporter->tail_len - kept, kept);
        reporter->tail_len = kept;
    }
    memcpy(reporter->tail + reporter->tail_len, bytes.data, bytes.len);
    reporter->tail_len += bytes.len;
}

/* A whole number with an optional sign, nothing around it. */
static bool parse_amount(struct slice text, int64_t *amount)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    bool sign = negative || (text.len > 0 && text.data[0] == '+');
    struct slice digits = slice_from(text, sign ? 1 : 0);
    if (digits.len == 0 || digits.len > AMOUNT_DIGITS_MAX) return false;
    int64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') return false;
        int64_t digit = digits.data[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_sub_overflow(value, digit, &value)) return false; /* downwards: INT64_MIN */
    }
    if (!negative && value == INT64_MIN) return false;
    *amount = negative ? value : -value;
    return true;
}

static struct child_counter *counter_of(struct reporter *reporter, struct slice group,
                                        struct slice name)
{
    for (uint32_t i = 0; i < reporter->counters_count; i++) {
        struct child_counter *counter = &reporter->counters[i];
        if (slice_eq(counter->name, name) && slice_eq(counter->group, group)) return counter;
    }
    if (reporter->counters_count == REPORTER_COUNTERS_MAX) return NULL;
    struct child_counter *counter = &reporter->counters[reporter->counters_count++];
    counter->group = arena_copy(reporter->arena, group);
    counter->name = arena_copy(reporter->arena, name);
    return counter;
}

bool reporter_count(struct reporter *reporter, struct slice group, struct slice name,
                    int64_t amount)
{
    struct child_counter *counter = counter_of(reporter, group, name);
    if (counter == NULL) return false;
    int64_t sum;
    if (__builtin_add_overflow(counter->amount, amount, &sum)) {
        sum = amount < 0 ? INT64_MIN : INT64_MAX;
    }
    counter->amount = sum;
    return true;
}

/* GROUP,NAME,AMOUNT: the name may have commas, the group may not. */
static bool take_counter(struct reporter *reporter, struct slice text)
{
    const uint8_t *first = text.len > 0 ? memchr(text.data, ',', text.len) : NULL;
    const uint8_t *last = text.len > 0 ? memrchr(text.data, ',', text.len) : NULL;
    if (first == NULL || first == last) return false;
    struct slice group = slice_of(text.data, (size_t)(first - text.data));
    struct slice name = slice_of(first + 1, (size_t)(last - first) - 1);
    int64_t amount;
    if (!parse_amount(slice_from(text, (size_t)(last - text.data) + 1), &amount)) return false;
    return reporter_count(reporter, group, name, amount);
}

static void take_status(struct reporter *reporter, struct slice text)
{
    reporter->status_len = u64_min(text.len, sizeof reporter->status);
    memcpy(reporter->status, text.data, reporter->status_len);
}

/* `line` is without its LF; a CR before that is no part of what it says. */
static bool take_report(struct reporter *reporter, struct slice line)
{
    const struct slice counter = SLICE("reporter:counter:"), status = SLICE("reporter:status:");
    if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
    if (slice_starts_with(line, counter)) {
        return take_counter(reporter, slice_from(line, counter.len));
    }
    if (!slice_starts_with(line, status)) return false;
    take_status(reporter, slice_from(line, status.len));
    return true;
}

static void line_ended(struct reporter *reporter, struct slice end)
{
    struct slice line = slice_of(reporter->line, reporter->line_len);
    if (reporter->line_overlong || !take_report(reporter, line)) {
        tail_append(reporter, line);
        tail_append(reporter, end);
    }
    reporter->line_len = 0;
    reporter->line_overlong = false;
}

static void line_append(struct reporter *reporter, struct slice bytes)
{
    if (reporter->line_len + bytes.len > sizeof reporter->line) {
        tail_append(reporter, slice_of(reporter->line, reporter->line_len));
        reporter->line_len = 0;
        reporter->line_overlong = true;
    }
    if (bytes.len > sizeof reporter->line) {
        tail_append(reporter, bytes);
        return;
    }
    memcpy(reporter->line + reporter->line_len, bytes.data, bytes.len);
    reporter->line_len += bytes.len;
}

void reporter_feed(struct reporter *reporter, struct slice bytes)
{
    while (bytes.len > 0) {
        const uint8_t *end = memchr(bytes.data, '\n', bytes.len);
        size_t len = end != NULL ? (size_t)(end - bytes.data) : bytes.len;
        line_append(reporter, slice_of(bytes.data, len));
        if (end == NULL) return;
        line_ended(reporter, SLICE("\n"));
        bytes = slice_from(bytes, len + 1);
    }
}

void reporter_end(struct reporter *reporter)
{
    line_ended(reporter, SLICE(""));
}

const struct child_counter *reporter_counters(const struct reporter *reporter, uint32_t *count)
{
    *count = reporter->counters_count;
    return reporter->counters;
}

struct slice reporter_status(const struct reporter *reporter)
{
    return slice_of(reporter->status, reporter->status_len);
}

struct slice reporter_tail(struct reporter *reporter)
{
    size_t len = u64_min(reporter->tail_len, REPORTER_TAIL_BYTES);
    return slice_of(reporter->tail + reporter->tail_len - len, len);
}
