/* info.c -- see info.h. */
#include <stdio.h>
#include <strings.h>

#include "cmd/call.h"
#include "core/store/policy.h"
#include "io/clock.h"
#include "io/memory.h"
#include "io/process.h"
#include "serve/cluster_map.h"
#include "serve/config.h"
#include "serve/info.h"
#include "serve/measure.h"
#include "serve/pubsub.h"
#include "serve/replication_command.h"
#include "serve/store_sum.h"
#include "serve/top_command.h"

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_US INT64_C(1000)

enum section {
#define SECTION(name, title, standard) SECTION_##name,
#include "serve/info.def"
#undef SECTION
    SECTIONS
};

static void line(struct buffer *out, const char *name, int64_t value)
{
    buffer_append_format(out, "%s:%lld\r\n", name, (long long)value);
}

static void line_text(struct buffer *out, const char *name, const char *value)
{
    buffer_append_format(out, "%s:%s\r\n", name, value);
}

/* "1.50M", as Redis shows sizes for people. */
static void line_human(struct buffer *out, const char *name, uint64_t bytes)
{
    static const char units[] = "BKMGTP";
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit + 2 < sizeof units; unit++) value /= 1024;
    buffer_append_format(out, unit == 0 ? "%s:%.0f%c\r\n" : "%s:%.2f%c\r\n", name, value,
                         units[unit]);
}

static void line_size(struct buffer *out, const char *name, uint64_t bytes)
{
    enum { NAME_MAX = 64 };
    char human[NAME_MAX];
    line(out, name, (int64_t)bytes);
    (void)snprintf(human, sizeof human, "%s_human", name);
    line_human(out, human, bytes);
}

static void line_setting(struct buffer *out, const char *name, const struct config *config,
                         enum setting_id id)
{
    buffer_append_format(out, "%s:", name);
    config_format(config, id, out);
    buffer_append(out, SLICE("\r\n"));
}

static void server_section(const struct server *server, struct buffer *out)
{
    int64_t uptime = (io_now(server->io).ns - server->started.ns) / NS_PER_S;
    line_text(out, "redis_version", REDIS_VERSION);
    line_text(out, "tutti_version", server->version);
    line_text(out, "redis_mode", cluster_map_is_alone(server) ? "standalone" : "cluster");
    line_text(out, "os", "Linux");
    line(out, "arch_bits", (int64_t)sizeof(void *) * 8);
    line_text(out, "multiplexing_api", "epoll");
    line_text(out, "disk_io", io_disk_name(server->io));
    line(out, "process_id", process_own_id());
    line_text(out, "process_supervised", "no");
    line_text(out, "run_id", server->run_id);
    line_setting(out, "tcp_port", server->config, SETTING_PORT);
    line_setting(out, "lanes", server->config, SETTING_LANES);
    line(out, "server_time_usec", clock_unix_us());
    line(out, "uptime_in_seconds", uptime);
    line(out, "uptime_in_days", uptime / 86400);
    line_setting(out, "hz", server->config, SETTING_HZ);
    line_setting(out, "configured_hz", server->config, SETTING_HZ);
    line(out, "lru_clock", io_unix_ms(server->io) / 1000 & 0xffffff);
    line_text(out, "config_file", server->config_path == NULL ? "" : server->config_path);
    line_text(out, "data_folder", server->data_folder);
    line(out, "io_threads_active", 0);
}

static void clients_section(const struct server *server, struct buffer *out)
{
    uint64_t blocked = sessions_blocked_count(server);
    line(out, "connected_clients", sessions_count(server->sessions));
    line(out, "cluster_connections", 0);
    line_setting(out, "maxclients", server->config, SETTING_MAXCLIENTS);
    line(out, "blocked_clients", (int64_t)blocked);
    line(out, "tracking_clients", 0);
    line(out, "clients_in_timeout_table", 0);
}

static uint64_t dataset_bytes(const struct server *server)
{
    return store_sum(server).used_bytes;
}

static void memory_section(const struct server *server, struct buffer *out)
{
    uint64_t used = dataset_bytes(server), rss = memory_rss_bytes();
    uint64_t max = (uint64_t)config_integer(server->config, SETTING_MAXMEMORY);
    line_size(out, "used_memory", used);
    line_size(out, "used_memory_rss", rss);
    line_size(out, "used_memory_peak", u64_max(memory_peak_rss_bytes(), used));
    line(out, "used_memory_dataset", (int64_t)used);
    line_size(out, "total_system_memory", memory_machine_bytes());
    line_size(out, "maxmemory", max);
    line_setting(out, "maxmemory_policy", server->config, SETTING_MAXMEMORY_POLICY);
    buffer_append_format(out, "mem_fragmentation_ratio:%.2f\r\n",
                         used == 0 ? 0.0 : (double)rss / (double)used);
    line(out, "mem_fragmentation_bytes", (int64_t)rss - (int64_t)used);
    top_info_memory(server, out);
    line_text(out, "mem_allocator", "jemalloc");
    line(out, "mem_not_counted_for_evict", 0);
    line(out, "active_defrag_running", 0);
    line(out, "lazyfree_pending_objects", (int64_t)store_sum(server).stats.pending_free_blocks);
}

static void persistence_section(const struct server *server, struct buffer *out)
{
    struct shard_saving saving = lane_saving(server->lane);
    const struct log_stats *log = lane_log_stats(server->lane);
    const struct fault *failed = lane_failed(server->lane);
    line(out, "loading", 0);
    line(out, "async_loading", 0);
    line(out, "rdb_changes_since_last_save", (int64_t)saving.changes_since);
    line(out, "rdb_bgsave_in_progress", saving.active);
    line(out, "rdb_last_save_time", saving.last_done_ms / 1000);
    line_text(out, "rdb_last_bgsave_status", saving.last_failed ? "err" : "ok");
    line(out, "rdb_last_bgsave_time_sec", saving.last_took.ns / NS_PER_S);
    line(out, "rdb_current_bgsave_time_sec", saving.active ? 0 : -1);
    buffer_append_format(out, "rdb_current_bgsave_percent:%.1f\r\n",
                         saving.active ? saving.progress * 100 : 0.0);
    line(out, "aof_enabled", 1);
    line(out, "aof_rewrite_in_progress", saving.active);
    line(out, "aof_rewrite_scheduled", 0);
    line_text(out, "aof_last_bgrewrite_status", saving.last_failed ? "err" : "ok");
    line_text(out, "aof_last_write_status", failed == NULL ? "ok" : "err");
    line(out, "aof_current_size", (int64_t)lane_log_bytes(server->lane));
    line(out, "aof_pending_bio_fsync", !lane_is_agreed(server->lane));
    line(out, "log_flushes", (int64_t)log->flushes);
    line(out, "log_flushed_bytes", (int64_t)log->flushed_bytes);
    line(out, "log_flushed_records", (int64_t)log->flushed_records);
    line(out, "log_last_flush_usec", log->last_flush.ns / NS_PER_US);
    line(out, "log_longest_flush_usec", log->longest_flush.ns / NS_PER_US);
}

static void stats_section(const struct server *server, struct buffer *out)
{
    const struct server_stats *stats = &server->stats;
    const struct store_stats store = store_sum(server).stats;
    line(out, "total_connections_received", (int64_t)stats->connections_received);
    line(out, "total_commands_processed", (int64_t)stats->commands_processed);
    line(out, "instantaneous_ops_per_sec", (int64_t)stats->commands_per_second);
    line(out, "total_net_input_bytes", (int64_t)stats->input_bytes);
    line(out, "total_net_output_bytes", (int64_t)stats->output_bytes);
    line(out, "rejected_connections", (int64_t)stats->connections_rejected);
    line(out, "sync_full", 0);
    line(out, "sync_partial_ok", 0);
    line(out, "sync_partial_err", 0);
    line(out, "expired_keys", (int64_t)store.expired_keys);
    line(out, "evicted_keys", (int64_t)store.evicted_keys);
    line(out, "evicted_clients", (int64_t)stats->evicted_clients);
    line(out, "keyspace_hits", (int64_t)store.hits);
    line(out, "keyspace_misses", (int64_t)store.misses);
    line(out, "pubsub_channels", (int64_t)pubsub_count(server->pubsub, PUBSUB_CHANNEL));
    line(out, "pubsub_patterns", (int64_t)pubsub_count(server->pubsub, PUBSUB_PATTERN));
    line(out, "pubsubshard_channels", (int64_t)pubsub_count(server->pubsub, PUBSUB_SHARD));
    top_info_stats(server, out);
    line(out, "latest_fork_usec", 0);
    line(out, "total_forks", 0);
    line(out, "acl_access_denied_auth", (int64_t)stats->auth_failures);
    line(out, "acl_access_denied_cmd", (int64_t)stats->acl_denied_commands);
    line(out, "acl_access_denied_key", (int64_t)stats->acl_denied_keys);
    line(out, "acl_access_denied_channel", (int64_t)stats->acl_denied_channels);
    line(out, "total_error_replies", (int64_t)stats->errors_replied);
}

static void replication_section(const struct server *server, struct buffer *out)
{
    replication_info(server, out);
}

static void cpu_section(const struct server *server, struct buffer *out)
{
    (void)server;
    duration user, system;
    clock_cpu_parts(&user, &system);
    buffer_append_format(out, "used_cpu_sys:%.6f\r\nused_cpu_user:%.6f\r\n",
                         (double)system.ns / (double)NS_PER_S, (double)user.ns / (double)NS_PER_S);
}

static void modules_section(const struct server *server, struct buffer *out)
{
    (void)server;
    (void)out; /* there are none */
}

static void commandstats_section(const struct server *server, struct buffer *out)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command_stats *stats = &server->command_stats[id];
        if (stats->calls == 0 && stats->rejected == 0 && stats->failed == 0) continue;
        double microseconds = (double)stats->nanoseconds / (double)NS_PER_US;
        buffer_append_format(
            out,
            "cmdstat_%s:calls=%llu,usec=%.0f,usec_per_call=%.2f,rejected_calls=%llu,"
            "failed_calls=%llu\r\n",
            command_get(server->commands, id)->name, (unsigned long long)stats->calls, microseconds,
            stats->calls == 0 ? 0.0 : microseconds / (double)stats->calls,
            (unsigned long long)stats->rejected, (unsigned long long)stats->failed);
    }
}

static void errorstats_section(const struct server *server, struct buffer *out)
{
    uint32_t count;
    const struct measure_error_count *errors = measures_errors(server->measures, &count);
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_format(out, "errorstat_%s:count=%llu\r\n", errors[i].code,
                             (unsigned long long)errors[i].count);
    }
}

static void latencystats_section(const struct server *server, struct buffer *out)
{
    const struct config_lists *lists = &server->config->lists;
    if (!config_bool(server->config, SETTING_LATENCY_TRACKING)) return;
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        if (measures_calls(server->measures, id) == 0) continue;
        buffer_append_format(
            out, "latency_percentiles_usec_%s:", command_get(server->commands, id)->name);
        for (uint32_t i = 0; i < lists->percentiles_count; i++) {
            double percent = lists->percentiles[i];
            duration took = measures_percentile(server->measures, id, percent);
            buffer_append_format(out, "%sp%g=%.3f", i == 0 ? "" : ",", percent,
                                 (double)took.ns / (double)NS_PER_US);
        }
        buffer_append(out, SLICE("\r\n"));
    }
}

static void cluster_section(const struct server *server, struct buffer *out)
{
    (void)server;
    line(out, "cluster_enabled", 1);
}

static void keyspace_section(const struct server *server, struct buffer *out)
{
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        struct database_sum sum = store_sum_database(server, i);
        if (sum.keys_count == 0) continue;
        buffer_append_format(out, "db%u:keys=%llu,expires=%llu,avg_ttl=%lld\r\n", i,
                             (unsigned long long)sum.keys_count,
                             (unsigned long long)sum.expiring_count, (long long)sum.average_ttl_ms);
    }
}

static const struct {
    const char *name, *title;
    bool standard;
    void (*write)(const struct server *server, struct buffer *out);
} sections[SECTIONS] = {
#define SECTION(name, title, standard) {#name, title, standard, name##_section},
#include "serve/info.def"
#undef SECTION
};

static bool is_asked(const struct session_call *call, enum section section)
{
    if (call->argc == 1) return sections[section].standard;
    for (uint32_t i = 1; i < call->argc; i++) {
        struct slice word = call->argv[i];
        if (word_is(word, "ALL") || word_is(word, "EVERYTHING")) return true;
        if (word_is(word, "DEFAULT") && sections[section].standard) return true;
        if (word.len == strlen(sections[section].name) &&
            strncasecmp((const char *)word.data, sections[section].name, word.len) == 0) {
            return true;
        }
    }
    return false;
}

void info_command(struct session_call *call)
{
    struct buffer out = {0};
    for (enum section section = 0; section < SECTIONS; section++) {
        if (!is_asked(call, section)) continue;
        if (out.len != 0) buffer_append(&out, SLICE("\r\n"));
        buffer_append_format(&out, "# %s\r\n", sections[section].title);
        sections[section].write(call->server, &out);
    }
    reply_verbatim(&call->reply, "txt", buffer_slice(&out));
    buffer_free(&out);
}
