/* policy.c -- POLICY: which consistency keys have, by prefix. See core/store/policy.h. */
#include "core/store/policy.h"
#include "cmd/handlers.h"

static const char *const mode_words[] = {"strong", "cache"};
static const char *const no_yes[] = {"no", "yes"};
static const char *const evict_words[] = {"s3fifo", "lru", "lfu", "random", "ttl", "none"};

/* The place of a word in any case; `count`: it is none of them. */
static size_t find_word(struct slice text, const char *const *words, size_t count)
{
    enum { WORD_BYTES_MAX = 16 };
    char lower[WORD_BYTES_MAX];
    if (text.len >= sizeof lower) return count;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        lower[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    lower[text.len] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (strcmp(lower, words[i]) == 0) return i;
    }
    return count;
}

static bool set_mode(struct call *call, struct slice value, struct policy *policy)
{
    size_t mode = find_word(value, mode_words, COUNT_OF(mode_words));
    if (mode < COUNT_OF(mode_words)) {
        policy->mode = (enum policy_mode)mode;
        return true;
    }
    if (word_is(value, "EVENTUAL")) {
        reply_error(&call->reply, "ERR mode eventual is not here yet. Use strong or cache");
    } else {
        reply_error(&call->reply, "ERR MODE must be strong, cache or eventual");
    }
    return false;
}

static bool set_evict(struct call *call, struct slice value, struct policy *policy)
{
    size_t kind = find_word(value, evict_words, COUNT_OF(evict_words));
    if (kind == COUNT_OF(evict_words)) {
        reply_error(&call->reply, "ERR EVICT must be s3fifo, lru, lfu, random, ttl or none");
        return false;
    }
    policy->evict = (enum evict_kind)kind;
    return true;
}

static bool set_warm(struct call *call, struct slice value, struct policy *policy)
{
    size_t warm = find_word(value, no_yes, COUNT_OF(no_yes));
    if (warm == COUNT_OF(no_yes)) {
        reply_error(&call->reply, "ERR WARM must be yes or no");
        return false;
    }
    policy->warm = warm == 1;
    return true;
}

/* A number of bytes, or one with kb, mb or gb behind it. */
static bool parse_bytes(struct slice text, uint64_t *bytes)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"B", 1}};
    uint64_t factor = 1;
    for (size_t i = 0; i < COUNT_OF(units) && factor == 1; i++) {
        size_t len = strlen(units[i].unit);
        if (text.len <= len || !word_is(slice_from(text, text.len - len), units[i].unit)) continue;
        factor = units[i].bytes;
        text = slice_of(text.data, text.len - len);
    }
    int64_t count;
    if (!integer_parse(text, &count) || count < 0) return false;
    return !__builtin_mul_overflow((uint64_t)count, factor, bytes) && *bytes <= INT64_MAX;
}

/* One option and its value. False: refused, and replied. */
static bool set_option(struct call *call, struct slice option, struct slice value,
                       struct policy *policy)
{
    int64_t seconds;
    if (word_is(option, "MODE")) return set_mode(call, value, policy);
    if (word_is(option, "EVICT")) return set_evict(call, value, policy);
    if (word_is(option, "WARM")) return set_warm(call, value, policy);
    if (word_is(option, "MEMORY")) {
        if (parse_bytes(value, &policy->memory_max_bytes)) return true;
        reply_error(&call->reply,
                    "ERR MEMORY must be a number of bytes, or such as 64mb; 0: no cap "
                    "of its own");
    } else if (word_is(option, "TTL")) {
        bool good = integer_parse(value, &seconds) && seconds >= 0 && seconds <= INT64_MAX / 1000;
        if (good) policy->ttl_seconds = (uint64_t)seconds;
        if (good) return true;
        reply_error(&call->reply, "ERR TTL must be a number of seconds; 0: none");
    } else {
        call_syntax_error(call);
    }
    return false;
}

static bool check_sense(struct call *call, const struct policy *policy, bool evict_said)
{
    if (policy->mode == POLICY_CACHE) return true;
    bool evicts = evict_said && policy->evict != EVICT_NONE;
    bool capped = policy->memory_max_bytes > 0 || policy->ttl_seconds > 0;
    if (!capped && !evicts && !policy->warm) return true;
    reply_error(&call->reply,
                "ERR EVICT, MEMORY, TTL and WARM are for caches: a strong key is never dropped by "
                "itself, and is on several nodes. Say MODE cache, or MEMORY 0 TTL 0 WARM no");
    return false;
}

void cmd_policy_set(struct call *call)
{
    enum { FIRST_OPTION = 3 };
    struct policy policy = {.evict = EVICT_S3FIFO};
    uint32_t index;
    bool evict_said = false;
    if (store_policy_find(call->store, call->argv[2], &index)) {
        policy = *store_policy(call->store, index);
    }
    policy.prefix = call->argv[2];
    if (call->argc % 2 == 0) {
        call_syntax_error(call);
        return;
    }
    for (uint32_t i = FIRST_OPTION; i < call->argc; i += 2) {
        if (!set_option(call, call->argv[i], call->argv[i + 1], &policy)) return;
        evict_said = evict_said || word_is(call->argv[i], "EVICT");
    }
    if (!check_sense(call, &policy, evict_said)) return;
    struct fault fault;
    if (store_policy_set(call->store, &policy, &fault) != ERR_OK) {
        reply_error(&call->reply, "ERR %s", fault.text);
        return;
    }
    call->changes++;
    reply_ok(&call->reply);
}

void cmd_policy_del(struct call *call)
{
    struct fault fault;
    enum err err = store_policy_delete(call->store, call->argv[2], &fault);
    if (err == ERR_OK) call->changes++;
    if (err == ERR_OK || err == ERR_NOT_FOUND) {
        reply_integer(&call->reply, err == ERR_OK);
    } else {
        reply_error(&call->reply, "ERR %s", fault.text);
    }
}

/* --- telling --------------------------------------------------------------------------------- */

enum { POLICY_PAIRS = 8 };

static void reply_pairs(struct reply *reply, const struct policy *policy)
{
    reply_bulk_text(reply, "prefix");
    reply_bulk(reply, policy->prefix);
    reply_bulk_text(reply, "mode");
    reply_bulk_text(reply, mode_words[policy->mode]);
    reply_bulk_text(reply, "memory");
    reply_integer(reply, (int64_t)policy->memory_max_bytes);
    reply_bulk_text(reply, "evict");
    reply_bulk_text(reply, policy->mode == POLICY_CACHE ? evict_words[policy->evict] : "none");
    reply_bulk_text(reply, "ttl");
    reply_integer(reply, (int64_t)policy->ttl_seconds);
    reply_bulk_text(reply, "warm");
    reply_bulk_text(reply, no_yes[policy->warm]);
    reply_bulk_text(reply, "keys");
    reply_integer(reply, (int64_t)policy->keys_count);
    reply_bulk_text(reply, "bytes");
    reply_integer(reply, (int64_t)policy->used_bytes);
}

void cmd_policy_get(struct call *call)
{
    uint32_t index;
    if (!store_policy_find(call->store, call->argv[2], &index)) {
        reply_null(&call->reply);
        return;
    }
    reply_map(&call->reply, POLICY_PAIRS);
    reply_pairs(&call->reply, store_policy(call->store, index));
}

void cmd_policy_list(struct call *call)
{
    uint32_t count = store_policy_count(call->store);
    reply_array(&call->reply, count);
    for (uint32_t i = 0; i < count; i++) {
        reply_map(&call->reply, POLICY_PAIRS);
        reply_pairs(&call->reply, store_policy(call->store, i));
    }
}

void cmd_policy_explain(struct call *call)
{
    const struct policy *policy =
        store_policy(call->store, store_policy_of(call->store, call->argv[2]));
    reply_map(&call->reply, POLICY_PAIRS + 1);
    reply_pairs(&call->reply, policy);
    reply_bulk_text(&call->reply, "why");
    const char *which = policy->prefix.len == 0
                            ? "no prefix of it has a policy, so the root's counts"
                            : "this is its longest prefix that has a policy";
    const char *so = policy->mode == POLICY_STRONG
                         ? "a write is on disk before it is acknowledged, and the key is never "
                           "dropped by itself"
                         : "the key is kept in the memory of the node that leads alone, is gone "
                           "after a failure or a restart, and may be dropped for room";
    const char *moves = policy->mode == POLICY_STRONG ? ""
                        : policy->warm ? "; it goes along when another node is asked to lead"
                                       : "; where another node comes to lead, it is gone";
    reply_bulk_format(&call->reply, "%s: %s%s", which, so, moves);
}

void cmd_policy_help(struct call *call)
{
    static const char *const lines[] = {
        "POLICY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DEL <prefix>",
        "    Remove the policy of a prefix.",
        "EXPLAIN <key>",
        "    Say which policy a key is under, and what follows from it.",
        "GET <prefix>",
        "    Return the policy of a prefix.",
        "LIST",
        "    Return all policies.",
        "SET <prefix> [MODE <mode>] [MEMORY <bytes>] [EVICT <kind>] [TTL <seconds>] [WARM <warm>]",
        "    Make or change the policy of a prefix. The longest prefix counts.",
        "HELP",
        "    Prints this help.",
    };
    reply_array(&call->reply, COUNT_OF(lines));
    for (size_t i = 0; i < COUNT_OF(lines); i++) reply_simple(&call->reply, lines[i]);
}
