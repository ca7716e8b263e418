/* config_test.c -- settings: every row is good, values are checked as Redis does, files are read
 * and written again. */
#include "serve/config.h"
#include "test/rows.h"

/* --- the rows -------------------------------------------------------------------------------- */

Test(config_rows, are_good)
{
    struct config config;
    struct buffer text = {0};
    config_init(&config); /* asserts that each standard is within its limits */
    for (enum setting_id id = 0; id < SETTINGS_COUNT; id++) {
        const struct setting *setting = &setting_rows[id];
        enum setting_id found;
        cr_expect(setting_find(slice_text(setting->name), &found) && found == id,
                  "%s is found by its name", setting->name);
        bool numeric = setting->type == SETTING_TYPE_INTEGER || setting->type == SETTING_TYPE_SIZE;
        if (numeric) {
            cr_expect(setting->simulate_low >= setting->low &&
                          setting->simulate_high <= setting->high &&
                          setting->simulate_low <= setting->simulate_high,
                      "%s: the simulator stays within what is allowed", setting->name);
        }
        size_t len = strlen(setting->help);
        bool accepted = setting->section == SETTINGS_ACCEPTED;
        cr_expect(accepted ? len == 0 : len != 0 && strchr(".)", setting->help[len - 1]) != NULL,
                  "%s: help is a sentence, but for what has no meaning", setting->name);
        buffer_clear(&text);
        config_format(&config, id, &text);
        cr_expect(slice_eq(buffer_slice(&text), slice_text(setting->standard)),
                  "%s shows its standard as the row writes it: '%.*s'", setting->name,
                  (int)text.len, (const char *)text.data);
    }
    buffer_free(&text);
    config_free(&config);
}

/* --- values ---------------------------------------------------------------------------------- */

static const struct value_row {
    const char *why, *name, *value;
    const char *shown; /* NULL: it is refused */
    const char *error;
} value_rows[] = {
    {"a number", "timeout", "12", "12", NULL},
    {"names in any case", "TimeOut", "12", "12", NULL},
    {"not a number", "timeout", "12s", NULL, "argument couldn't be parsed into an integer"},
    {"an empty one", "timeout", "", NULL, "argument couldn't be parsed into an integer"},
    {"too small", "timeout", "-1", NULL, "argument must be between 0 and 2147483647 inclusive"},
    {"a longer one than any", "timeout", "99999999999999999999", NULL,
     "argument couldn't be parsed into an integer"},
    {"a negative one that may be", "slowlog-log-slower-than", "-1", "-1", NULL},
    {"bytes", "maxmemory", "100", "100", NULL},
    {"kilobytes by 1000", "maxmemory", "2k", "2000", NULL},
    {"by 1024", "maxmemory", "2KB", "2048", NULL},
    {"megabytes", "maxmemory", "100mb", "104857600", NULL},
    {"gibibytes", "maxmemory", "1GiB", "1073741824", NULL},
    {"no unit", "maxmemory", "1x", NULL, "argument must be a memory value"},
    {"more than there is", "maxmemory", "9999999999gb", NULL, "argument must be a memory value"},
    {"yes", "latency-tracking", "YES", "yes", NULL},
    {"maybe", "latency-tracking", "maybe", NULL, "argument must be 'yes' or 'no'"},
    {"a choice", "maxmemory-policy", "ALLKEYS-lru", "allkeys-lru", NULL},
    {"none of them", "log-format", "xml", NULL,
     "argument(s) must be one of the following: text, json"},
    {"an octal mode", "unixsocketperm", "700", "700", NULL},
    {"not an octal one", "unixsocketperm", "9", NULL,
     "argument couldn't be parsed as an octal number"},
    {"an older name", "hash-max-ziplist-entries", "7", "7", NULL},
    {"letters of events", "notify-keyspace-events", "KEA", "AKE", NULL},
    {"some of them", "notify-keyspace-events", "lK$", "$lK", NULL},
    {"another letter", "notify-keyspace-events", "q", NULL,
     "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
    {"pairs", "save", "900 1  300 10", "900 1 300 10", NULL},
    {"no pairs", "save", "", "", NULL},
    {"half a pair", "save", "900", NULL, "Invalid save parameters"},
    {"a class of clients alone", "client-output-buffer-limit", "pubsub 1mb 2mb 3",
     "normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 2097152 3", NULL},
    {"its newer name", "client-output-buffer-limit", "replica 0 0 0",
     "normal 0 0 0 slave 0 0 0 pubsub 33554432 8388608 60", NULL},
    {"another class", "client-output-buffer-limit", "friends 0 0 0", NULL,
     "Invalid client class specified in buffer limit configuration."},
    {"percentiles", "latency-tracking-info-percentiles", "0.0 50.0 100.0", "0 50 100", NULL},
    {"past a hundred", "latency-tracking-info-percentiles", "101", NULL,
     "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"},
    {"what is fixed, as it is", "appendonly", "yes", "yes", NULL},
    {"what is fixed, otherwise", "appendonly", "no", NULL, "it is always 'yes' here"},
};

Test(config, checks_values)
{
    FOR_ROWS (row, value_rows) {
        struct arena *arena = arena_new();
        struct config config;
        struct buffer text = {0};
        enum setting_id id = SETTINGS_COUNT;
        config_init(&config);
        cr_assert(setting_find(slice_text(row->name), &id), "%s: no such setting", row->why);
        const char *error = config_set(&config, id, slice_text(row->value), arena);
        if (row->error != NULL) {
            cr_expect_str_eq(error, row->error, "%s", row->why);
        } else {
            cr_expect_null(error, "%s: %s", row->why, error);
            config_format(&config, id, &text);
            cr_expect(slice_eq(buffer_slice(&text), slice_text(row->shown)), "%s: '%.*s'", row->why,
                      (int)text.len, (const char *)text.data);
        }
        buffer_free(&text);
        config_free(&config);
        arena_free(arena);
    }
}

/* --- files ----------------------------------------------------------------------------------- */

static const struct file_row {
    const char *why, *text;
    const char *fault; /* NULL: it is read */
} file_rows[] = {
    {"nothing", "", NULL},
    {"comments and blanks", "# a\n\n   \t\n  # b\n", NULL},
    {"a line without an end", "timeout 5", NULL},
    {"quotes", "requirepass \"a b\\x41\\n\"\nunixsocket '/tmp/it\\'s'\n", NULL},
    {"words of a list", "client-output-buffer-limit normal 1 2 3\nbind 127.0.0.1 -::1\n", NULL},
    {"a user", "user alice on >secret ~* +@all\n", NULL},
    {"no such setting", "timeout 5\nnonsense 1\n",
     "f, line 2: nonsense 1: there is no such setting"},
    {"no value", "timeout\n", "f, line 1: timeout: a setting is a name and a value"},
    {"two values", "timeout 1 2\n", "f, line 1: timeout 1 2: a setting is a name and a value"},
    {"an open quote", "requirepas \"x\n", "f, line 1: requirepas \"x: quotes that do not match"},
    {"a password in a wrong line", "requirepass a b\n",
     "f, line 1: (hidden): a setting is a name and a value"},
};

Test(config, reads_files)
{
    FOR_ROWS (row, file_rows) {
        struct config config;
        struct fault fault = {0};
        config_init(&config);
        enum err err = config_read(&config, slice_text(row->text), "f", &fault);
        cr_expect_eq(err, row->fault == NULL ? ERR_OK : ERR_USAGE, "%s: %s", row->why, fault.text);
        if (row->fault != NULL) cr_expect_str_eq(fault.text, row->fault, "%s", row->why);
        config_free(&config);
    }
}

Test(config, keeps_quoted_bytes)
{
    struct config config;
    struct fault fault;
    config_init(&config);
    enum err err = config_read(&config, SLICE("requirepass \"a b\\x41\\\"\"\n"), "f", &fault);
    cr_assert_eq(err, ERR_OK);
    cr_expect_str_eq(config_text(&config, SETTING_REQUIREPASS), "a bA\"");
    config_free(&config);
}

static void rewrite(const char *before, const char *name, const char *value, struct buffer *out)
{
    struct arena *arena = arena_new();
    struct config config;
    struct fault fault;
    enum setting_id id = SETTINGS_COUNT;
    config_init(&config);
    cr_assert_eq(config_read(&config, slice_text(before), "f", &fault), ERR_OK);
    cr_assert(setting_find(slice_text(name), &id));
    cr_assert_null(config_set(&config, id, slice_text(value), arena));
    config_rewrite(&config, slice_text(before), out);
    buffer_append_byte(out, '\0');
    config_free(&config);
    arena_free(arena);
}

static const struct rewrite_row {
    const char *why, *before, *name, *value, *after;
} rewrite_rows[] = {
    {"at its place, comments kept", "# top\ntimeout 1\n# mid\nhz 20\n", "timeout", "2",
     "# top\ntimeout 2\n# mid\nhz 20\n"},
    {"what had no line is appended", "# top\n", "timeout", "2", "# top\ntimeout 2\n"},
    {"several lines of save become one", "save 1 1\nhz 20\nsave 2 2\n", "timeout", "3",
     "save 1 1 2 2\nhz 20\ntimeout 3\n"},
    {"no save at all", "hz 20\n", "save", "", "hz 20\nsave \"\"\n"},
    {"quoted where it must be", "", "requirepass", "a b\"\n", "requirepass \"a b\\\"\\x0a\"\n"},
    {"the newer name", "hash-max-ziplist-entries 3\n", "hash-max-listpack-entries", "4",
     "hash-max-listpack-entries 4\n"},
};

Test(config, rewrites_files)
{
    FOR_ROWS (row, rewrite_rows) {
        struct buffer out = {0}, again = {0};
        rewrite(row->before, row->name, row->value, &out);
        cr_expect_str_eq((const char *)out.data, row->after, "%s", row->why);
        rewrite((const char *)out.data, row->name, row->value, &again);
        cr_expect_str_eq((const char *)again.data, row->after, "%s: a second time", row->why);
        buffer_free(&out);
        buffer_free(&again);
    }
}

static const char *variable(const char *name)
{
    if (strcmp(name, "TUTTI_DATA") == 0) return "/srv/x";
    return strcmp(name, "TUTTI_MAXCLIENTS") == 0 ? "77" : NULL;
}

Test(config, reads_the_environment)
{
    struct config config;
    struct fault fault;
    config_init(&config);
    cr_assert_eq(config_read_environment(&config, variable, &fault), ERR_OK);
    cr_expect_str_eq(config_text(&config, SETTING_DIR), "/srv/x", "by its option's name");
    cr_expect_eq(config_integer(&config, SETTING_MAXCLIENTS), 77, "or its own");
    config_free(&config);
}
