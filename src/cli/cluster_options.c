/* cluster_options.c -- see cluster_options.h. */
#include "cli/cluster_options.h"

#include <stdlib.h>

#include "base/size.h"
#include "io/whole_file.h"

enum {
    PORT_STANDARD = 6379,
    PORT_MAX = 65535,
    PASSWORD_BYTES_MAX = 4096,
    COUNT_STANDARD = 10,
    COUNT_MAX = 100000,
};

struct parse {
    struct arena *arena;
    struct cluster_options *options;
    struct fault *fault;
    const char *port, *password_file, *node, *count;
};

bool cluster_verb_is_online(enum cluster_verb verb)
{
    return verb != VERB_token && verb != VERB_recover;
}

static bool *flag_place(struct cluster_options *options, struct slice name)
{
    bool online = cluster_verb_is_online(options->verb);
    const struct {
        const char *name;
        bool *place, allowed;
    } flags[] = {
        {"--json", &options->json, online},
        {"--watch", &options->watch,
         options->verb == VERB_status || options->verb == VERB_nodes ||
             options->verb == VERB_shards || options->verb == VERB_top ||
             options->verb == VERB_explain},
        {"--dry-run", &options->dry_run, options->verb == VERB_rebalance},
        {"--pause", &options->pause, options->verb == VERB_rebalance},
        {"--shards", &options->shards, options->verb == VERB_top},
        {"--slots", &options->slots, options->verb == VERB_top},
        {"--keys", &options->keys, options->verb == VERB_top},
        {"--large", &options->large, options->verb == VERB_top},
        {"--force", &options->force, options->verb == VERB_remove || options->verb == VERB_recover},
        {"--yes", &options->yes, options->verb == VERB_recover},
        {"--help", &options->help, true},
        {"-h", &options->help, true},
    };
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        if (flags[i].allowed && slice_eq(name, slice_text(flags[i].name))) return flags[i].place;
    }
    return NULL;
}

static const char **value_place(struct parse *parse, struct slice name)
{
    struct cluster_options *options = parse->options;
    bool online = cluster_verb_is_online(options->verb);
    const struct {
        const char *name;
        const char **place;
        bool allowed;
    } values[] = {
        {"--host", &options->host, online},
        {"--port", &parse->port, online},
        {"-p", &parse->port, online},
        {"--user", &options->user, online},
        {"--password-file", &parse->password_file, online},
        {"--data", &options->data, !online},
        {"--node", &parse->node, options->verb == VERB_leave || options->verb == VERB_top},
        {"--count", &parse->count, options->verb == VERB_top},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        if (values[i].allowed && slice_eq(name, slice_text(values[i].name))) {
            return values[i].place;
        }
    }
    return NULL;
}

static enum err take_word(struct parse *parse, const char *typed)
{
    struct cluster_options *options = parse->options;
    bool wants = cluster_verbs[options->verb].arguments[0] != '\0';
    if (typed[0] == '-' && typed[1] != '\0') {
        return fault_set(parse->fault, ERR_USAGE,
                         "there is no option %s; 'tutti help %s' lists "
                         "them",
                         typed, cluster_verbs[options->verb].name);
    }
    if (!wants || options->word != NULL) {
        return fault_set(parse->fault, ERR_USAGE, "'%s' is one word too many: see 'tutti help %s'",
                         typed, cluster_verbs[options->verb].name);
    }
    options->word = typed;
    return ERR_OK;
}

static enum err take_words(struct parse *parse, int argc, char **argv)
{
    enum err err = ERR_OK;
    for (int at = 0; at < argc && err == ERR_OK; at++) {
        const char *typed = argv[at];
        size_t len = strcspn(typed, "=");
        struct slice name = slice_of(typed, len);
        bool *flag = flag_place(parse->options, slice_text(typed));
        const char **value = value_place(parse, name);
        if (flag != NULL) {
            *flag = true;
        } else if (value != NULL && typed[len] == '=') {
            *value = typed + len + 1;
        } else if (value != NULL && at + 1 < argc) {
            *value = argv[++at];
        } else if (value != NULL) {
            err = fault_set(parse->fault, ERR_USAGE, "%s needs a value", typed);
        } else {
            err = take_word(parse, typed);
        }
    }
    return err;
}

static enum err read_password(struct parse *parse)
{
    struct buffer text = {0};
    struct cluster_options *options = parse->options;
    options->password = getenv("TUTTI_PASSWORD");
    if (parse->password_file == NULL) return ERR_OK;
    enum err err = whole_file_read(parse->password_file, PASSWORD_BYTES_MAX, &text, parse->fault);
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    options->password = arena_text(parse->arena, buffer_slice(&text));
    buffer_free(&text);
    return err == ERR_OK ? ERR_OK : fault_prefix(parse->fault, "--password-file");
}

static enum err read_numbers(struct parse *parse)
{
    struct cluster_options *options = parse->options;
    const char *port = parse->port == NULL ? getenv("TUTTI_PORT") : parse->port;
    uint64_t number = PORT_STANDARD;
    bool good = port == NULL || (count_parse(slice_text(port), &number) && number <= PORT_MAX);
    if (!good || number == 0) {
        return fault_set(parse->fault, ERR_USAGE, "the port is '%s': it must be from 1 to %d", port,
                         PORT_MAX);
    }
    options->port = (uint16_t)number;
    number = COUNT_STANDARD;
    bool counts = parse->count == NULL || count_parse(slice_text(parse->count), &number);
    if (!counts || number == 0 || number > COUNT_MAX) {
        return fault_set(parse->fault, ERR_USAGE, "--count is '%s': it must be from 1 to %d",
                         parse->count, COUNT_MAX);
    }
    options->count = (uint32_t)number;
    const char *node = options->verb == VERB_remove ? options->word : parse->node;
    if (node == NULL) return ERR_OK;
    if (!count_parse(slice_text(node), &number) || number == 0 || number > UINT32_MAX) {
        return fault_set(parse->fault, ERR_USAGE,
                         "'%s' is no node: a number is meant, as 'tutti nodes' shows them", node);
    }
    options->node = (uint32_t)number;
    return ERR_OK;
}

enum err cluster_options_read(struct arena *arena, enum cluster_verb verb, int argc, char **argv,
                              struct cluster_options *options, struct fault *fault)
{
    struct parse parse = {.arena = arena, .options = options, .fault = fault};
    *options = (struct cluster_options){.verb = verb, .host = "127.0.0.1", .user = "default"};
    enum err err = take_words(&parse, argc, argv);
    if (err != ERR_OK || options->help) return err;
    if (cluster_verbs[verb].arguments[0] != '\0' && options->word == NULL) {
        return fault_set(fault, ERR_USAGE, "which %s? See 'tutti help %s'",
                         cluster_verbs[verb].arguments, cluster_verbs[verb].name);
    }
    if (options->dry_run && options->pause) {
        return fault_set(fault, ERR_USAGE, "give --dry-run or --pause, not both");
    }
    err = read_numbers(&parse);
    return err == ERR_OK ? read_password(&parse) : err;
}
