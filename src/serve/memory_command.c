/* memory_command.c -- see memory_command.h. */
#include "serve/memory_command.h"
#include "base/heap.h"
#include "base/size.h"
#include "io/memory.h"
#include "serve/config.h"
#include "serve/reply_lines.h"
#include "serve/store_sum.h"

struct facts {
    uint64_t used, rss, peak, max, keys, blocks;
};

static struct facts gather(const struct server *server)
{
    struct store_sum sum = store_sum(server);
    return (struct facts){
        .used = sum.used_bytes,
        .rss = memory_rss_bytes(),
        .peak = memory_peak_rss_bytes(),
        .max = (uint64_t)config_integer(server->config, SETTING_MAXMEMORY),
        .keys = sum.keys_count,
        .blocks = sum.blocks_count,
    };
}

static void pair(struct reply *reply, const char *name, uint64_t value)
{
    reply_bulk_text(reply, name);
    reply_integer(reply, (int64_t)value);
}

static void stats(struct session_call *call)
{
    struct facts facts = gather(call->server);
    struct reply *reply = &call->reply;
    size_t opened = reply_open(reply);
    uint64_t pairs = 8; /* of all databases */
    pair(reply, "peak.allocated", u64_max(facts.peak, facts.used));
    pair(reply, "total.allocated", facts.used);
    pair(reply, "dataset.bytes", facts.used);
    pair(reply, "keys.count", facts.keys);
    pair(reply, "keys.bytes-per-key", facts.keys == 0 ? 0 : facts.used / facts.keys);
    pair(reply, "rss.bytes", facts.rss);
    pair(reply, "maxmemory", facts.max);
    pair(reply, "blocks.count", facts.blocks);
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        struct database_sum database = store_sum_database(call->server, i);
        if (database.keys_count == 0) continue;
        reply_bulk_format(reply, "db.%u", i);
        reply_map(reply, 2);
        pair(reply, "keys.count", database.keys_count);
        pair(reply, "expires.count", database.expiring_count);
        pairs++;
    }
    reply_close_map(reply, opened, pairs);
}

static void doctor(struct session_call *call)
{
    struct facts facts = gather(call->server);
    struct buffer out = {0};
    if (facts.max != 0 && facts.used > facts.max / 10 * 9) {
        buffer_append(&out, SLICE("Keys take "));
        size_append(&out, facts.used);
        buffer_append(&out, SLICE(" of a maxmemory of "));
        size_append(&out, facts.max);
        buffer_append(&out, SLICE(": caches evict soon, and strong writes get -OOM.\n"));
    }
    if (facts.used > (64 << 20) && facts.rss > facts.used * 2) {
        buffer_append(&out, SLICE("The process holds twice the memory that keys take: much was "
                                  "deleted, or there are large client buffers. MEMORY PURGE gives "
                                  "some of it back.\n"));
    }
    if (out.len == 0) buffer_append(&out, SLICE("Nothing is the matter with memory.\n"));
    reply_verbatim(&call->reply, "txt", buffer_slice(&out));
    buffer_free(&out);
}

static void malloc_stats(struct session_call *call)
{
    struct facts facts = gather(call->server);
    struct buffer out = {0};
    buffer_append_format(&out, "used bytes: %llu\nblocks: %llu\nresident bytes: %llu\n",
                         (unsigned long long)facts.used, (unsigned long long)facts.blocks,
                         (unsigned long long)facts.rss);
    reply_verbatim(&call->reply, "txt", buffer_slice(&out));
    buffer_free(&out);
}

static void help(struct session_call *call)
{
    static const char *const lines[] = {
        "MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DOCTOR",
        "    Say in words what is the matter with memory.",
        "MALLOC-STATS",
        "    Return what the allocator says of itself.",
        "PURGE",
        "    Give unused memory back to the system.",
        "STATS",
        "    Return how much memory is used for what.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return the bytes that <key> and its value take.",
        "HELP",
        "    Prints this help.",
    };
    REPLY_LINES(&call->reply, lines);
}

void memory_command(struct session_call *call)
{
    enum command_id id = call->command->id;
    if (id == COMMAND_MEMORY_STATS) {
        stats(call);
    } else if (id == COMMAND_MEMORY_DOCTOR) {
        doctor(call);
    } else if (id == COMMAND_MEMORY_MALLOC_STATS) {
        malloc_stats(call);
    } else if (id == COMMAND_MEMORY_PURGE) {
        heap_purge();
        reply_ok(&call->reply);
    } else {
        help(call);
    }
}
