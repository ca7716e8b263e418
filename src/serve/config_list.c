/* config_list.c -- the settings that are several words: what they mean. See config_impl.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/call.h"
#include "serve/config_impl.h"

static const char *const class_names[CLIENT_CLASSES_COUNT] = {"normal", "slave", "pubsub"};

static bool find_class(struct slice word, enum config_client_class *class)
{
    if (config_same_word(word, SLICE("replica"))) {
        *class = CLIENT_CLASS_REPLICA;
        return true;
    }
    for (enum config_client_class at = 0; at < CLIENT_CLASSES_COUNT; at++) {
        if (!config_same_word(word, slice_text(class_names[at]))) continue;
        *class = at;
        return true;
    }
    return false;
}

static const char *set_output_limits(struct config_lists *lists, const struct slice *words,
                                     uint32_t count)
{
    enum { WORDS_EACH = 4 };
    if (count == 0 || count % WORDS_EACH != 0) {
        return "Wrong number of arguments in buffer limit configuration.";
    }
    for (uint32_t i = 0; i < count; i += WORDS_EACH) {
        enum config_client_class class;
        struct config_output_limit limit;
        if (!find_class(words[i], &class)) {
            return "Invalid client class specified in buffer limit configuration.";
        }
        bool good = config_size_parse(words[i + 1], &limit.hard_bytes) &&
                    config_size_parse(words[i + 2], &limit.soft_bytes) &&
                    config_integer_parse(words[i + 3], &limit.soft_seconds) &&
                    limit.soft_seconds >= 0;
        if (!good) {
            return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        }
        lists->output_limits[class] = limit;
    }
    return NULL;
}

static const char *set_saves(struct config_lists *lists, const struct slice *words, uint32_t count)
{
    static const char wrong[] = "Invalid save parameters";
    bool none = count == 1 && words[0].len == 0;
    if (none) count = 0;
    if (count % 2 != 0 || count / 2 > CONFIG_SAVES_MAX) return wrong;
    for (uint32_t i = 0; i < count / 2; i++) {
        struct config_save *save = &lists->saves[i];
        if (!config_integer_parse(words[2 * i], &save->seconds) || save->seconds < 1) return wrong;
        if (!config_integer_parse(words[2 * i + 1], &save->changes) || save->changes < 0) {
            return wrong;
        }
    }
    lists->saves_count = count / 2;
    return NULL;
}

static const char *set_percentiles(struct config_lists *lists, const struct slice *words,
                                   uint32_t count, struct arena *arena)
{
    static const char name[] = "latency-tracking-info-percentiles";
    if (count == 1 && words[0].len == 0) count = 0;
    if (count > CONFIG_PERCENTILES_MAX) {
        return arena_format(arena, "%s takes at most %d numbers", name, CONFIG_PERCENTILES_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        char *text = arena_text(arena, words[i]), *end;
        double value = strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(value)) {
            return arena_format(arena, "Invalid %s parameters", name);
        }
        if (value < 0 || value > 100) {
            return arena_format(arena, "%s parameters should sit between [0.0,100.0]", name);
        }
        lists->percentiles[i] = value;
    }
    lists->percentiles_count = count;
    return NULL;
}

/* In the order in which they are shown; A stands for those up to NOTIFY_ALL_LAST. */
static const struct notify_letter {
    char letter;
    uint32_t class;
} notify_letters[] = {
    {'g', NOTIFY_GENERIC},  {'$', NOTIFY_STRING},
    {'l', NOTIFY_LIST},     {'s', NOTIFY_SET},
    {'h', NOTIFY_HASH},     {'z', NOTIFY_ZSET},
    {'x', NOTIFY_EXPIRED},  {'e', NOTIFY_EVICTED},
    {'t', NOTIFY_STREAM},   {'d', 0},
    {'n', NOTIFY_NEW},      {'K', NOTIFY_KEYSPACE},
    {'E', NOTIFY_KEYEVENT}, {'m', NOTIFY_KEY_MISS},
};
enum {
    NOTIFY_ALL_LETTERS = 10, /* the first so many are what A stands for */
    NOTIFY_ALL = NOTIFY_GENERIC | NOTIFY_STRING | NOTIFY_LIST | NOTIFY_SET | NOTIFY_HASH |
                 NOTIFY_ZSET | NOTIFY_EXPIRED | NOTIFY_EVICTED | NOTIFY_STREAM
};

static const char *set_notify(struct config_lists *lists, struct slice value)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < value.len; i++) {
        bool found = value.data[i] == 'A';
        if (found) bits |= NOTIFY_ALL;
        for (size_t at = 0; at < COUNT_OF(notify_letters) && !found; at++) {
            if (notify_letters[at].letter != (char)value.data[i]) continue;
            bits |= notify_letters[at].class;
            found = true;
        }
        if (!found) return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    }
    lists->notify = bits;
    return NULL;
}

static void format_notify(uint32_t bits, struct buffer *out)
{
    bool all = (bits & NOTIFY_ALL) == NOTIFY_ALL;
    if (all) buffer_append_byte(out, 'A');
    for (size_t at = all ? NOTIFY_ALL_LETTERS : 0; at < COUNT_OF(notify_letters); at++) {
        if ((bits & notify_letters[at].class) == 0) continue;
        buffer_append_byte(out, (uint8_t)notify_letters[at].letter);
    }
}

const char *config_list_set(struct config_lists *lists, enum setting_id id, struct slice value,
                            struct arena *arena)
{
    struct slice *words;
    uint32_t count;
    if (id == SETTING_NOTIFY_KEYSPACE_EVENTS) return set_notify(lists, value);
    if (!config_split(value, arena, &words, &count)) return "unbalanced quotes";
    if (id == SETTING_CLIENT_OUTPUT_BUFFER_LIMIT) return set_output_limits(lists, words, count);
    if (id == SETTING_SAVE) return set_saves(lists, words, count);
    ASSERT(id == SETTING_LATENCY_TRACKING_INFO_PERCENTILES);
    return set_percentiles(lists, words, count, arena);
}

static const char *blank(uint32_t i)
{
    return i == 0 ? "" : " ";
}

void config_list_format(const struct config_lists *lists, enum setting_id id, struct buffer *out)
{
    if (id == SETTING_NOTIFY_KEYSPACE_EVENTS) {
        format_notify(lists->notify, out);
    } else if (id == SETTING_CLIENT_OUTPUT_BUFFER_LIMIT) {
        for (uint32_t i = 0; i < CLIENT_CLASSES_COUNT; i++) {
            const struct config_output_limit *limit = &lists->output_limits[i];
            buffer_append_format(out, "%s%s %lld %lld %lld", blank(i), class_names[i],
                                 (long long)limit->hard_bytes, (long long)limit->soft_bytes,
                                 (long long)limit->soft_seconds);
        }
    } else if (id == SETTING_SAVE) {
        for (uint32_t i = 0; i < lists->saves_count; i++) {
            buffer_append_format(out, "%s%lld %lld", blank(i), (long long)lists->saves[i].seconds,
                                 (long long)lists->saves[i].changes);
        }
    } else {
        ASSERT(id == SETTING_LATENCY_TRACKING_INFO_PERCENTILES);
        for (uint32_t i = 0; i < lists->percentiles_count; i++) {
            buffer_append_format(out, "%s%g", blank(i), lists->percentiles[i]);
        }
    }
}
