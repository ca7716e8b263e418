/* debug_command.c -- see debug_command.h. */
#include "serve/debug_command.h"
#include "cmd/call.h"
#include "core/store/walk.h"
#include "io/clock.h"
#include "serve/config.h"
#include "serve/config_apply.h"
#include "serve/crossing.h"
#include "serve/debug_protocol.h"
#include "serve/reply_lines.h"
#include "serve/session_impl.h"

enum { HEX_LEN = 2 * DIGEST_BYTES };

/* Of a key; NULL: it is not here. */
static const struct store *store_of(const struct session_call *call, struct slice key)
{
    return crossing_store_of(call->server, key);
}

static void hex_of(const uint8_t digest[DIGEST_BYTES], char text[HEX_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[HEX_LEN] = '\0';
}

static void digest(struct session_call *call)
{
    const struct lane *lane = call->server->lane;
    uint8_t bytes[DIGEST_BYTES] = {0};
    char text[HEX_LEN + 1];
    for (struct shard *shard = lane_shard_first(lane); shard != NULL;
         shard = lane_shard_next(lane, shard)) {
        uint8_t one[DIGEST_BYTES] = {0};
        if (!shard_eq(shard_number(shard), SHARD_ROOT)) store_digest(shard_store(shard), one);
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] ^= one[i];
    }
    hex_of(bytes, text);
    reply_simple(&call->reply, text);
}

static void digest_value(struct session_call *call)
{
    enum { FIRST = 2 };
    reply_array(&call->reply, call->argc - FIRST);
    for (uint32_t i = FIRST; i < call->argc; i++) {
        const struct store *store = store_of(call, call->argv[i]);
        const struct entry *entry =
            store == NULL ? NULL : store_peek(store, call->session->database, call->argv[i]);
        uint8_t bytes[DIGEST_BYTES] = {0};
        char text[HEX_LEN + 1];
        if (entry != NULL) store_digest_value(store, entry, bytes);
        hex_of(bytes, text);
        reply_simple(&call->reply, text);
    }
}

static void object(struct session_call *call)
{
    if (call->argc != 3) {
        reply_unknown_subcommand(call, "DEBUG");
        return;
    }
    const struct store *store = store_of(call, call->argv[2]);
    const struct entry *entry =
        store == NULL ? NULL : store_peek(store, call->session->database, call->argv[2]);
    if (entry == NULL) {
        reply_error(&call->reply, "ERR no such key");
        return;
    }
    struct buffer encoded = {0}, text = {0};
    entry_encode(call->session->database, entry, &encoded);
    uint64_t idle = entry_idle_seconds(store, entry);
    buffer_append_format(&text,
                         "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%llu "
                         "lru_seconds_idle:%llu",
                         (const void *)entry, entry_encoding(entry), encoded.len,
                         (unsigned long long)(store_now_ms(store) / 1000) - idle,
                         (unsigned long long)idle);
    buffer_append_byte(&text, '\0');
    reply_simple(&call->reply, (const char *)text.data);
    buffer_free(&encoded);
    buffer_free(&text);
}

static void sleep_for(struct session_call *call)
{
    double seconds;
    if (call->argc != 3) {
        reply_unknown_subcommand(call, "DEBUG");
        return;
    }
    if (!double_parse(call->argv[2], &seconds)) {
        reply_error(&call->reply, "ERR value is not a valid float");
        return;
    }
    clock_sleep((duration){(int64_t)(seconds * 1e9)});
    reply_ok(&call->reply);
}

static void keep_record(void *context, struct slice records, uint64_t count)
{
    (void)count;
    buffer_append(context, records);
}

/* Everything through its encoded form, as a snapshot and a start would do. */
static void reload_one(struct store *store)
{
    struct buffer records = {0};
    store_walk_begin(store, keep_record, &records);
    while (store_walk_step(store, UINT32_MAX)) { /* ends: each step saves buckets */
    }
    for (uint32_t i = 0; i < STORE_DATABASES; i++) store_flush(store, i);
    struct cursor cursor = cursor_of(buffer_slice(&records));
    bool good = true;
    while (good && cursor_left(&cursor) != 0) good = store_decode_entry(store, &cursor);
    ASSERT(good); /* it was encoded just now */
    buffer_free(&records);
}

static void reload(struct session_call *call)
{
    const struct lane *lane = call->server->lane;
    for (struct shard *shard = lane_shard_first(lane); shard != NULL;
         shard = lane_shard_next(lane, shard))
        call->later |= store_walk_is_active(shard_store(shard));
    if (call->later) return; /* a snapshot is under way: after it */
    for (struct shard *shard = lane_shard_first(lane); shard != NULL;
         shard = lane_shard_next(lane, shard))
        reload_one(shard_store(shard));
    reply_ok(&call->reply);
}

static void set_active_expire(struct session_call *call)
{
    int64_t active;
    if (call->argc != 3 || !session_integer(call, 2, &active)) {
        if (call->argc != 3) reply_unknown_subcommand(call, "DEBUG");
        return;
    }
    const struct lane *lane = call->server->lane;
    for (struct shard *shard = lane_shard_first(lane); shard != NULL;
         shard = lane_shard_next(lane, shard))
        store_set_active_expire(shard_store(shard), active != 0);
    reply_ok(&call->reply);
}

static void packed_threshold(struct session_call *call)
{
    static const int64_t most = INT64_C(1) << 32;
    int64_t bytes;
    if (call->argc != 3 || !config_size_parse(call->argv[2], &bytes)) {
        reply_error(&call->reply, "ERR argument must be a memory value");
    } else if (bytes > most) {
        reply_error(&call->reply, "ERR argument must be a memory value bigger than 1 and smaller "
                                  "than 4gb");
    } else {
        const struct lane *lane = call->server->lane;
        for (struct shard *shard = lane_shard_first(lane); shard != NULL;
             shard = lane_shard_next(lane, shard))
            store_room(shard_store(shard))->limits.list_packed_threshold = (uint64_t)bytes;
        if (bytes == 0) config_apply(call->server);
        reply_ok(&call->reply);
    }
}

/* What has no meaning here, and does not matter to a test. */
static void accept(struct session_call *call)
{
    reply_ok(&call->reply);
}

/* Keys prefix:0 … count - 1, as if a client had set those that are not there. */
static void populate(struct session_call *call)
{
    enum { PREFIX = 3, SIZE = 4, KEY_MAX = 512, COUNT_MAX = 10000000 };
    int64_t count, size = 0;
    struct slice prefix = call->argc > PREFIX ? call->argv[PREFIX] : SLICE("key");
    if (call->argc < 3 || !session_integer(call, 2, &count)) {
        if (call->argc < 3) reply_unknown_subcommand(call, "DEBUG");
        return;
    }
    if (call->argc > SIZE && !session_integer(call, SIZE, &size)) return;
    struct server *server = call->server;
    const struct command *set = command_find_name(server->commands, SLICE("set"));
    bool good = count >= 0 && count <= COUNT_MAX && size >= 0 && prefix.len < KEY_MAX / 2 &&
                size <= config_integer(server->config, SETTING_PROTO_MAX_BULK_LEN);
    if (!good || set == NULL) {
        reply_error(&call->reply, "ERR value is out of range");
        return;
    }
    struct buffer key = {0}, value = {0}, unread = {0};
    for (int64_t i = 0; i < count; i++) {
        buffer_clear(&key);
        buffer_clear(&value);
        buffer_clear(&unread);
        buffer_append(&key, prefix);
        buffer_append_format(&key, ":%lld", (long long)i);
        buffer_append_format(&value, "value:%lld", (long long)i);
        for (; (int64_t)value.len < size;) buffer_append_byte(&value, 0);
        if (size != 0) value.len = (size_t)size;
        const struct slice argv[] = {SLICE("SET"), buffer_slice(&key), buffer_slice(&value),
                                     SLICE("NX")};
        struct call one = {.command = set,
                           .argv = argv,
                           .argc = COUNT_OF(argv),
                           .database = call->session->database,
                           .reply = {&unread, 2}};
        /* What is of others, and without room in the log the rest, is left out. */
        shard_id id = crossing_shard_of(server->crossing, argv[1]);
        struct shard *shard = lane_shard(server->lane, id);
        if (shard == NULL || shard_way_of_write(shard) != SHARD_HERE) continue;
        uint64_t index = 0;
        if (shard_run(shard, &one, &index) == SHARD_LATER) break;
        session_mark(call->session, call->session->output.len,
                     gate_of(call->session, shard, index));
    }
    buffer_free(&key);
    buffer_free(&value);
    buffer_free(&unread);
    reply_ok(&call->reply);
}

static void help(struct session_call *call)
{
    static const char *const lines[] = {
        "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CHANGE-REPL-ID",
        "    Accepted: there are no replicas.",
        "DIGEST",
        "    Return a digest of all data.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Return the digests of values.",
        "LOADAOF",
        "    As RELOAD.",
        "OBJECT <key>",
        "    Show how a key is kept.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Set <count> keys that are not there yet.",
        "PROTOCOL <type>",
        "    Reply with a value of a type of RESP.",
        "QUICKLIST-PACKED-THRESHOLD <size>",
        "    Elements of lists from this size on have a node of their own; 0: as usual.",
        "RELOAD",
        "    Bring all data through its encoded form.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Whether keys whose time is over are dropped by themselves.",
        "SLEEP <seconds>",
        "    Stop the lane for so long.",
        "HELP",
        "    Prints this help.",
    };
    REPLY_LINES(&call->reply, lines);
}

static const struct {
    const char *word;
    session_handler run;
} subcommands[] = {
    {"CHANGE-REPL-ID", accept},
    {"DIGEST", digest},
    {"DIGEST-VALUE", digest_value},
    {"HELP", help},
    {"LOADAOF", reload},
    {"OBJECT", object},
    {"PAUSE-CRON", accept},
    {"POPULATE", populate},
    {"PROTOCOL", debug_protocol},
    {"QUICKLIST-PACKED-THRESHOLD", packed_threshold},
    {"RELOAD", reload},
    {"REPLYBUFFER", accept},
    {"SET-ACTIVE-EXPIRE", set_active_expire},
    {"SLEEP", sleep_for},
};

static bool is_local(const struct session *session)
{
    return (session->flags & SESSION_UNIX_SOCKET) != 0 || io_address_is_local(&session->peer);
}

/* enable-debug-command, in the order of its choices. */
static bool is_allowed(const struct session_call *call)
{
    enum { NO, YES, LOCAL };
    uint32_t who = config_choice(call->server->config, SETTING_ENABLE_DEBUG_COMMAND);
    return who == YES || (who == LOCAL && is_local(call->session));
}

void debug_command(struct session_call *call)
{
    if (!is_allowed(call)) {
        reply_error(&call->reply,
                    "ERR DEBUG command not allowed. If the enable-debug-command option is set to "
                    "\"local\", you can run it from a local connection, otherwise you need to set "
                    "this option in the configuration file, and then restart the server.");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(subcommands); i++) {
        if (!word_is(call->argv[1], subcommands[i].word)) continue;
        subcommands[i].run(call);
        return;
    }
    reply_unknown_subcommand(call, "DEBUG");
}
