/* asks.c -- see asks.h. */
#include "sim/asks.h"

#include <stdio.h>

enum {
    KEYS_REGISTER = 3,
    KEYS_OTHER = 2,
    FIELDS = 3,
    EXPIRING_RECENT = 4,
    TTL_MS_LEAST = 100,
    TTL_MS_SPREAD = 3000,
    PIPELINE_MAX = 8,
    LIST_APPENDS_MAX = 200, /* about: then other lists take the place of these */
    FILLER_ONE_IN = 8,
    FILLER_KEYS = 8
};
#define KEY_LIFE_NS INT64_C(10000000000)

struct asking { /* one ask */
    struct asks *asks;
    struct client *client;
    int64_t now_ns;
    char key[CLIENT_TEXT_MAX], value[CLIENT_TEXT_MAX];
};

static uint64_t draw(struct asking *asking, uint64_t bound)
{
    return prng_below(asking->asks->prng, bound);
}

/* One of a few keys of the time. */
static void choose_key(struct asking *asking, const char *name, uint64_t keys_count)
{
    snprintf(asking->key, sizeof asking->key, "%s%llu.%lld", name,
             (unsigned long long)draw(asking, keys_count),
             (long long)(asking->now_ns / KEY_LIFE_NS));
}

static void choose_value(struct asking *asking)
{
    snprintf(asking->value, sizeof asking->value, "v%llu",
             (unsigned long long)++asking->asks->values_count);
}

static size_t invoke(struct asking *asking, enum history_kind kind, const char *key,
                     const char *value, int64_t number)
{
    struct history_call call = {.client = asking->client->id,
                                .kind = kind,
                                .key = slice_text(key),
                                .value = value == NULL ? slice_of(NULL, 0) : slice_text(value),
                                .number = number};
    return history_invoke(asking->asks->history, &call, asking->now_ns);
}

/* An operation on the key chosen, answered by the last of `replies`. */
static void expect(struct asking *asking, enum step_kind step, enum history_kind kind,
                   const char *value, int64_t number, uint32_t replies)
{
    size_t op = invoke(asking, kind, asking->key, value, number);
    client_expect(asking->client, step, op, replies);
}

/* --- registers ------------------------------------------------------------------------------- */

static void say_watch(struct asking *asking)
{
    struct client *client = asking->client;
    client_say(client, "WATCH %s", asking->key);
    client_say(client, "GET %s", asking->key);
    expect(asking, STEP_WATCHED, HISTORY_READ, NULL, 0, 2);
    client->watched.sent = true;
    memcpy(client->watched.key, asking->key, sizeof client->watched.key);
}

/* The second half of compare-and-set: what was read under WATCH, to something new. */
static void say_exec(struct asking *asking)
{
    struct client *client = asking->client;
    client->watched.sent = false;
    if (!client->watched.active) {
        client_say(client, "UNWATCH");
        client_expect(client, STEP_DONE, STEP_NO_OP, 1);
        return;
    }
    client->watched.active = false;
    choose_value(asking);
    client_say(client, "MULTI");
    client_say(client, "SET %s %s", client->watched.key, asking->value);
    client_say(client, "EXEC");
    struct slice expected = slice_text(client->watched.value);
    struct history_call call = {.client = client->id,
                                .kind = HISTORY_CAS,
                                .key = slice_text(client->watched.key),
                                .value = slice_text(asking->value),
                                .expected = client->watched.is_nil ? slice_of(NULL, 0) : expected};
    size_t op = history_invoke(asking->asks->history, &call, asking->now_ns);
    client_expect(client, STEP_EXEC, op, 3);
}

static void say_set(struct asking *asking)
{
    choose_value(asking);
    client_say(asking->client, "SET %s %s", asking->key, asking->value);
    expect(asking, STEP_DONE, HISTORY_WRITE, asking->value, 0, 1);
}

static void say_set_nx(struct asking *asking)
{
    choose_value(asking);
    client_say(asking->client, "SET %s %s NX", asking->key, asking->value);
    expect(asking, STEP_SET_NX, HISTORY_CAS, asking->value, 0, 1);
}

static void say_get(struct asking *asking, enum history_kind kind)
{
    client_say(asking->client, "GET %s", asking->key);
    expect(asking, STEP_VALUE, kind, NULL, 0, 1);
}

static void say_delete(struct asking *asking)
{
    client_say(asking->client, "DEL %s", asking->key);
    expect(asking, STEP_DONE, HISTORY_WRITE, NULL, 0, 1);
}

static void ask_register(struct asking *asking)
{
    choose_key(asking, "register", KEYS_REGISTER);
    uint64_t what = draw(asking, 20);
    if (asking->client->only_reads) {
        say_get(asking, HISTORY_READ);
    } else if (what < 6) {
        say_watch(asking);
    } else if (what < 12) {
        say_get(asking, HISTORY_READ);
    } else if (what < 16) {
        say_set(asking);
    } else if (what < 19) {
        say_set_nx(asking);
    } else {
        say_delete(asking);
    }
}

/* --- counters, lists, queues ----------------------------------------------------------------- */

static void say_add(struct asking *asking)
{
    int64_t number = 1 + (int64_t)draw(asking, 3);
    if (number == 1) {
        client_say(asking->client, "INCR %s", asking->key);
    } else {
        client_say(asking->client, "INCRBY %s %lld", asking->key, (long long)number);
    }
    expect(asking, STEP_SUM, HISTORY_ADD, NULL, number, 1);
}

static void say_count(struct asking *asking, enum history_kind kind)
{
    client_say(asking->client, "GET %s", asking->key);
    expect(asking, STEP_SUM, kind, NULL, 0, 1);
}

static void ask_counter(struct asking *asking)
{
    choose_key(asking, "counter", KEYS_OTHER);
    if (draw(asking, 3) > 0 && !asking->client->only_reads) {
        say_add(asking);
    } else {
        say_count(asking, HISTORY_COUNT);
    }
}

static void say_append(struct asking *asking)
{
    asking->asks->appends_count++;
    choose_value(asking);
    client_say(asking->client, "RPUSH %s %s", asking->key, asking->value);
    expect(asking, STEP_SUM, HISTORY_APPEND, asking->value, 0, 1);
}

static void say_list(struct asking *asking, enum history_kind kind, int64_t from)
{
    client_say(asking->client, "LRANGE %s %lld -1", asking->key, (long long)from);
    expect(asking, STEP_VALUES, kind, NULL, from, 1);
}

/* All of a list is read again and again: a long one costs more than it finds. */
static void choose_list(struct asking *asking)
{
    uint64_t number = asking->asks->appends_count / LIST_APPENDS_MAX;
    choose_key(asking, "list", KEYS_OTHER);
    size_t len = strlen(asking->key);
    snprintf(asking->key + len, sizeof asking->key - len, ".%llu", (unsigned long long)number);
}

static void ask_list(struct asking *asking)
{
    choose_list(asking);
    uint64_t what = draw(asking, 6);
    if (what < 4 && !asking->client->only_reads) {
        say_append(asking);
    } else {
        say_list(asking, HISTORY_LIST, what == 4 ? 0 : (int64_t)draw(asking, 50));
    }
}

static void say_pop(struct asking *asking)
{
    client_say(asking->client, "LPOP %s", asking->key);
    expect(asking, STEP_POP, HISTORY_POP, NULL, 0, 1);
}

static void ask_queue(struct asking *asking)
{
    choose_key(asking, "queue", KEYS_OTHER);
    uint64_t what = draw(asking, 20);
    if (what < 10) {
        choose_value(asking);
        client_say(asking->client, "RPUSH %s %s", asking->key, asking->value);
        expect(asking, STEP_DONE, HISTORY_PUSH, asking->value, 0, 1);
    } else if (what < 15) {
        say_pop(asking);
    } else {
        client_say(asking->client, "BLPOP %s 0.%u", asking->key, 1 + (unsigned)draw(asking, 9));
        expect(asking, STEP_POP, HISTORY_POP, NULL, 0, 1);
    }
}

/* --- hashes, transactions: fields are registers; what is written together is one ------------- */

static void ask_hash(struct asking *asking)
{
    struct client *client = asking->client;
    char name[CLIENT_TEXT_MAX / 2];
    snprintf(name, sizeof name, "hash.%lld", (long long)(asking->now_ns / KEY_LIFE_NS));
    uint64_t field = draw(asking, FIELDS);
    snprintf(asking->key, sizeof asking->key, "%s/%llu", name, (unsigned long long)field);
    choose_value(asking);
    switch (draw(asking, 5)) {
    case 0:
    case 1:
        client_say(client, "HSET %s %llu %s", name, (unsigned long long)field, asking->value);
        expect(asking, STEP_DONE, HISTORY_WRITE, asking->value, 0, 1);
        break;
    case 2:
        client_say(client, "HGET %s %llu", name, (unsigned long long)field);
        expect(asking, STEP_VALUE, HISTORY_READ, NULL, 0, 1);
        break;
    case 3:
        snprintf(asking->key, sizeof asking->key, "%s/all", name);
        client_say(client, "HSET %s a %s b %s c %s", name, asking->value, asking->value,
                   asking->value);
        expect(asking, STEP_DONE, HISTORY_WRITE, asking->value, 0, 1);
        break;
    case 4:
        snprintf(asking->key, sizeof asking->key, "%s/all", name);
        client_say(client, "HMGET %s a b c", name);
        expect(asking, STEP_VALUES, HISTORY_READ, NULL, 0, 1);
        break;
    }
}

static void ask_transaction(struct asking *asking)
{
    struct client *client = asking->client;
    choose_key(asking, "together", KEYS_OTHER);
    const char *key = asking->key;
    choose_value(asking);
    switch (draw(asking, 3)) {
    case 0:
        client_say(client, "MULTI");
        for (int i = 0; i < FIELDS; i++) client_say(client, "SET {%s}%d %s", key, i, asking->value);
        client_say(client, "EXEC");
        expect(asking, STEP_EXEC_DONE, HISTORY_WRITE, asking->value, 0, FIELDS + 2);
        break;
    case 1:
        client_say(client, "MULTI");
        for (int i = 0; i < FIELDS; i++) client_say(client, "GET {%s}%d", key, i);
        client_say(client, "EXEC");
        expect(asking, STEP_EXEC_VALUES, HISTORY_READ, NULL, 0, FIELDS + 2);
        break;
    case 2:
        client_say(client, "MGET {%s}0 {%s}1 {%s}2", key, key, key);
        expect(asking, STEP_VALUES, HISTORY_READ, NULL, 0, 1);
        break;
    }
}

/* --- expiry, pipelines, stale reads ---------------------------------------------------------- */

static void ask_expiry(struct asking *asking)
{
    struct asks *asks = asking->asks;
    bool puts = asks->expiring_count == 0 || draw(asking, 4) == 0;
    if (puts) asks->expiring_count++;
    uint64_t number = asks->expiring_count;
    if (!puts) number -= u64_min(number, draw(asking, EXPIRING_RECENT));
    snprintf(asking->key, sizeof asking->key, "expiring%llu", (unsigned long long)number);
    if (!puts) {
        say_get(asking, HISTORY_GET);
        return;
    }
    int64_t ttl_ms = TTL_MS_LEAST + (int64_t)draw(asking, TTL_MS_SPREAD);
    choose_value(asking);
    client_say(asking->client, "SET %s %s PX %lld", asking->key, asking->value, (long long)ttl_ms);
    expect(asking, STEP_DONE, HISTORY_PUT, asking->value, ttl_ms, 1);
}

static void ask_pipeline(struct asking *asking)
{
    uint64_t count = 2 + draw(asking, PIPELINE_MAX - 1);
    for (uint64_t i = 0; i < count; i++) {
        switch (draw(asking, 4)) {
        case 0: ask_counter(asking); break;
        case 1: ask_list(asking); break;
        case 2: ask_hash(asking); break;
        case 3: ask_transaction(asking); break;
        }
    }
}

static void ask_stale(struct asking *asking)
{
    switch (draw(asking, 3)) {
    case 0:
        choose_key(asking, "register", KEYS_REGISTER);
        say_get(asking, HISTORY_STALE_READ);
        break;
    case 1:
        choose_key(asking, "counter", KEYS_OTHER);
        say_count(asking, HISTORY_STALE_COUNT);
        break;
    case 2:
        choose_list(asking);
        say_list(asking, HISTORY_STALE_LIST, 0);
        break;
    }
}

/* Nobody reads it: it makes logs long, so that snapshots are taken and needed. */
static void say_filler(struct asking *asking)
{
    snprintf(asking->key, sizeof asking->key, "filler%llu",
             (unsigned long long)draw(asking, FILLER_KEYS));
    client_say_filler(asking->client, asking->key, 1 + draw(asking, asking->asks->filler_bytes));
    client_expect(asking->client, STEP_DONE, STEP_NO_OP, 1);
}

/* --- all ------------------------------------------------------------------------------------- */

void asks_next(struct asks *asks, struct client *client, int64_t now_ns)
{
    struct asking asking = {.asks = asks, .client = client, .now_ns = now_ns};
    if (client->watched.sent) {
        say_exec(&asking);
        return;
    }
    if (asks->filler_bytes > 0 && draw(&asking, FILLER_ONE_IN) == 0) {
        say_filler(&asking);
        return;
    }
    switch (client->kind) {
    case WORKLOAD_REGISTER: ask_register(&asking); break;
    case WORKLOAD_COUNTER: ask_counter(&asking); break;
    case WORKLOAD_LIST: ask_list(&asking); break;
    case WORKLOAD_QUEUE: ask_queue(&asking); break;
    case WORKLOAD_HASH: ask_hash(&asking); break;
    case WORKLOAD_EXPIRY: ask_expiry(&asking); break;
    case WORKLOAD_TRANSACTION: ask_transaction(&asking); break;
    case WORKLOAD_PIPELINE: ask_pipeline(&asking); break;
    case WORKLOAD_STALE: ask_stale(&asking); break;
    case WORKLOAD_KINDS_COUNT: UNREACHABLE("a workload");
    }
}

void asks_probe(struct asks *asks, struct client *client, uint32_t number, int64_t now_ns)
{
    struct asking asking = {.asks = asks, .client = client, .now_ns = now_ns};
    snprintf(asking.key, sizeof asking.key, "probe%u.%u", client->host, number);
    say_add(&asking);
}

bool asks_all(struct asks *asks, struct client *client, const struct history_op *op, int64_t now_ns)
{
    struct asking asking = {.asks = asks, .client = client, .now_ns = now_ns};
    struct slice key = history_key_text(asks->history, op->key);
    ASSERT(key.len < sizeof asking.key);
    memcpy(asking.key, key.data, key.len);
    switch (history_model_of(op->kind)) {
    case HISTORY_OF_LIST: say_list(&asking, HISTORY_LIST, 0); return true;
    case HISTORY_OF_QUEUE: say_pop(&asking); return true;
    case HISTORY_OF_COUNTER: say_count(&asking, HISTORY_COUNT); return true;
    case HISTORY_OF_EXPIRY: return false;
    case HISTORY_OF_REGISTER:
        if (!slice_starts_with(key, SLICE("register"))) return false;
        say_get(&asking, HISTORY_READ);
        return true;
    }
    UNREACHABLE("a model");
}
