/* plugin_host.c -- see plugin_host.h and include/tutti_job.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/plugin_host.h"
#include "io/library.h"
#include "io/process.h"
#include "tutti_job.h"
#include "work/child/frames.h"
#include "work/child/reporter.h"

enum {
    READ_BYTES = 256 * 1024,
    WRITE_BYTES = 256 * 1024,
    SAY_COUNTERS_EVERY = 1 << 16, /* calls: they are to be seen while the task runs */
};

typedef int map_function(struct tutti_context *context, const void *record, size_t len);
typedef int reduce_function(struct tutti_context *context, const void *key, size_t key_len);
typedef int hook_function(struct tutti_context *context);

struct plugin {
    hook_function *open, *close; /* NULL: it has none */
    map_function *map;
    reduce_function *reduce;
};

struct host {
    struct tutti_context context; /* first: the plug-in hands us its address back */
    struct plugin plugin;
    struct file input, output;
    uint64_t bytes_max;
    struct buffer unread; /* from standard input; `taken` bytes of it are behind us */
    size_t taken;
    bool input_ended;
    struct buffer unwritten;
    struct buffer key; /* of the group that is being reduced */
    bool has_pair;     /* a pair of this group or the next is held in next_* */
    struct slice next_key, next_value;
    struct reporter *counters;
    uint32_t calls;
    enum err failed; /* where the plug-in calls us and cannot be told; with the fault */
    struct fault *fault;
};

static struct host *host_of(struct tutti_context *context)
{
    return (struct host *)context;
}

static void fail(struct host *host, enum err err)
{
    if (host->failed == ERR_OK) host->failed = err;
}

static MUST_USE enum err flush(struct host *host)
{
    enum err err = file_write(&host->output, buffer_slice(&host->unwritten), host->fault);
    buffer_clear(&host->unwritten);
    return err;
}

static void host_emit(struct tutti_context *context, const void *key, size_t key_len,
                      const void *value, size_t value_len)
{
    struct host *host = host_of(context);
    if (host->failed != ERR_OK) return;
    frame_put_pair(&host->unwritten, slice_of(key, key_len), slice_of(value, value_len));
    if (host->unwritten.len >= WRITE_BYTES) fail(host, flush(host));
}

/* Read more behind what is not taken yet. */
static MUST_USE enum err refill(struct host *host)
{
    size_t got;
    buffer_consume(&host->unread, host->taken);
    host->taken = 0;
    uint8_t *to = buffer_reserve(&host->unread, READ_BYTES);
    enum err err = file_read(&host->input, to, READ_BYTES, &got, host->fault);
    host->unread.len += got;
    host->input_ended = got == 0;
    return err;
}

static struct slice untaken(const struct host *host)
{
    return slice_from(buffer_slice(&host->unread), host->taken);
}

static MUST_USE enum err at_end(struct host *host)
{
    if (untaken(host).len == 0) return ERR_OK;
    return fault_set(host->fault, ERR_CORRUPT, "the input ends inside a frame");
}

static MUST_USE enum err next_record(struct host *host, struct slice *record, bool *got)
{
    for (;;) {
        struct slice rest = untaken(host);
        enum err err = frame_take_record(&rest, host->bytes_max, record, got, host->fault);
        if (err != ERR_OK) return err;
        host->taken = host->unread.len - rest.len;
        if (*got) return ERR_OK;
        if (host->input_ended) return at_end(host);
        err = refill(host);
        if (err != ERR_OK) return err;
    }
}

/* Hold the next pair; it is borrowed from `unread`, so until the next call. */
static MUST_USE enum err hold_pair(struct host *host)
{
    for (;;) {
        struct slice rest = untaken(host);
        enum err err = frame_take_pair(&rest, host->bytes_max, &host->next_key, &host->next_value,
                                       &host->has_pair, host->fault);
        if (err != ERR_OK) return err;
        host->taken = host->unread.len - rest.len;
        if (host->has_pair) return ERR_OK;
        if (host->input_ended) return at_end(host);
        err = refill(host);
        if (err != ERR_OK) return err;
    }
}

/* The held pair is the one given last, unless a group has just begun. */
static int host_next_value(struct tutti_context *context, const void **value, size_t *value_len)
{
    struct host *host = host_of(context);
    if (host->failed != ERR_OK) return 0;
    if (!host->has_pair) fail(host, hold_pair(host));
    if (host->failed != ERR_OK || !host->has_pair) return 0;
    if (!slice_eq(host->next_key, buffer_slice(&host->key))) return 0;
    host->has_pair = false;
    *value = host->next_value.data;
    *value_len = host->next_value.len;
    return 1;
}

static void say_counters(struct host *host)
{
    uint32_t count;
    const struct child_counter *counters = reporter_counters(host->counters, &count);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(stderr, "reporter:counter:%.*s,%.*s,%" PRId64 "\n",
                      (int)counters[i].group.len, (const char *)counters[i].group.data,
                      (int)counters[i].name.len, (const char *)counters[i].name.data,
                      counters[i].amount);
    }
    reporter_free(host->counters);
    host->counters = reporter_new();
}

static void host_count(struct tutti_context *context, const char *group, const char *name,
                       int64_t amount)
{
    struct host *host = host_of(context);
    struct slice group_text = slice_text(group), name_text = slice_text(name);
    if (reporter_count(host->counters, group_text, name_text, amount)) return;
    say_counters(host);
    (void)reporter_count(host->counters, group_text, name_text, amount);
}

static void host_status(struct tutti_context *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "reporter:status:%s\n", text);
}

static const char *host_environment(struct tutti_context *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static MUST_USE enum err check_call(struct host *host, const char *function, int result)
{
    if (++host->calls % SAY_COUNTERS_EVERY == 0) say_counters(host);
    if (host->failed != ERR_OK) return host->failed;
    if (result == 0) return ERR_OK;
    return fault_set(host->fault, ERR_CHILD_FAILED, "%s returned %d", function, result);
}

static MUST_USE enum err map_all(struct host *host)
{
    struct slice record;
    bool got = true;
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        err = next_record(host, &record, &got);
        if (err != ERR_OK || !got) break;
        int result = host->plugin.map(&host->context, record.data, record.len);
        err = check_call(host, "tutti_map", result);
    }
    return err;
}

static MUST_USE enum err reduce_group(struct host *host)
{
    buffer_clear(&host->key);
    (void)buffer_reserve(&host->key, 1); /* an empty key has an address too */
    buffer_append(&host->key, host->next_key);
    int result = host->plugin.reduce(&host->context, host->key.data, host->key.len);
    enum err err = check_call(host, "tutti_reduce", result);
    const void *value;
    size_t len;
    while (err == ERR_OK && host_next_value(&host->context, &value, &len)) continue;
    return err == ERR_OK ? host->failed : err;
}

static MUST_USE enum err reduce_all(struct host *host)
{
    enum err err = hold_pair(host);
    while (err == ERR_OK && host->has_pair) err = reduce_group(host);
    return err;
}

static MUST_USE enum err call_hook(struct host *host, hook_function *hook, const char *name)
{
    if (hook == NULL) return ERR_OK;
    return check_call(host, name, hook(&host->context));
}

static MUST_USE enum err run_plugin(struct host *host)
{
    enum err err = call_hook(host, host->plugin.open, "tutti_open");
    if (err == ERR_OK) err = host->plugin.map != NULL ? map_all(host) : reduce_all(host);
    if (err == ERR_OK) err = call_hook(host, host->plugin.close, "tutti_close");
    if (err == ERR_OK) err = flush(host);
    say_counters(host);
    return err;
}

static MUST_USE enum err load_plugin(const char *path, bool is_map, struct plugin *plugin,
                                     struct fault *fault)
{
    struct library library;
    enum err err = library_open(path, &library, fault);
    if (err != ERR_OK) return err;
    const uint32_t *version = library_symbol(&library, "tutti_job_version");
    const char *wanted = is_map ? "tutti_map" : "tutti_reduce";
    void *function = library_symbol(&library, wanted);
    if (version == NULL) {
        return fault_set(fault, ERR_USAGE,
                         "%s is no plug-in: it has no tutti_job_version; write "
                         "TUTTI_PLUGIN into it once (see tutti_job.h)",
                         path);
    }
    if (*version != TUTTI_JOB_VERSION) {
        return fault_set(fault, ERR_USAGE,
                         "%s was built for version %" PRIu32 " of tutti_job.h, "
                         "and this is version %d: build it again",
                         path, *version, TUTTI_JOB_VERSION);
    }
    if (function == NULL) {
        return fault_set(fault, ERR_USAGE, "%s exports no %s", path, wanted);
    }
    plugin->open = (hook_function *)library_symbol(&library, "tutti_open");
    plugin->close = (hook_function *)library_symbol(&library, "tutti_close");
    if (is_map) plugin->map = (map_function *)function;
    if (!is_map) plugin->reduce = (reduce_function *)function;
    return ERR_OK;
}

static MUST_USE enum err host_plugin(const char *path, bool is_map, uint64_t bytes_max,
                                     struct fault *fault)
{
    static const struct tutti_host functions = {
        .emit = host_emit,
        .next_value = host_next_value,
        .count = host_count,
        .status = host_status,
        .environment = host_environment,
    };
    struct host host = {.context = {.host = &functions},
                        .input = {0, "standard input"},
                        .bytes_max = bytes_max,
                        .fault = fault};
    enum err err = process_claim_output(&host.output, fault);
    if (err == ERR_OK) err = load_plugin(path, is_map, &host.plugin, fault);
    if (err != ERR_OK) return err;
    host.counters = reporter_new();
    err = run_plugin(&host);
    reporter_free(host.counters);
    buffer_free(&host.unread);
    buffer_free(&host.unwritten);
    buffer_free(&host.key);
    return err;
}

int plugin_host_main(int argc, char **argv)
{
    char *end = NULL;
    uint64_t bytes_max = argc == 3 ? strtoull(argv[2], &end, 10) : 0;
    bool is_map = argc == 3 && strcmp(argv[0], "map") == 0;
    bool is_reduce = argc == 3 && strcmp(argv[0], "reduce") == 0;
    if ((!is_map && !is_reduce) || end == argv[2] || *end != '\0') {
        (void)fprintf(stderr, "usage: tutti plugin-host map|reduce FILE BYTES\n");
        return EXIT_FAILURE;
    }
    struct fault fault = {0};
    enum err err = host_plugin(argv[1], is_map, bytes_max, &fault);
    if (err == ERR_OK) return EXIT_SUCCESS;
    (void)fprintf(stderr, "%s\n", fault.text);
    return EXIT_FAILURE;
}
