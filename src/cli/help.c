/* help.c -- plain help, 80 columns wide. See help.h. */
#include "cli/help.h"
#include "cli/cluster_options.h"
#include "cli/help_rows.h"
#include "cli/option_rows.h"
#include "cli/start_rows.h"

enum { HELP_COLUMNS = 80, INDENT = 8 };

/* The words of `text`, each line indented by `indent`; the first goes on at `column`. */
static void wrap(struct buffer *out, const char *text, size_t column, size_t indent)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (column != indent && column + len > HELP_COLUMNS) {
            buffer_append_byte(out, '\n');
            column = 0;
        }
        if (column == 0) {
            buffer_append_format(out, "%*s", (int)indent, "");
            column = indent;
        }
        buffer_append(out, slice_of(text, len));
        column += len;
        text += len;
        if (*text == ' ') {
            text++;
            /* A space that would end the line is not written. */
            if (column + 1 + strcspn(text, " ") <= HELP_COLUMNS) buffer_append_byte(out, ' ');
            column++;
        }
    }
    buffer_append_byte(out, '\n');
}

static void heading(struct buffer *out, const char *title)
{
    buffer_append_format(out, "\n%s\n", title);
}

/* "  name  help", the help in a column of its own. */
static void row(struct buffer *out, size_t name_columns, const char *name, const char *help)
{
    size_t column = 2 + name_columns + 2;
    buffer_append_format(out, "  %-*s  ", (int)name_columns, name);
    if (strlen(name) > name_columns) {
        buffer_append_byte(out, '\n');
        wrap(out, help, 0, column);
    } else {
        wrap(out, help, column, column);
    }
}

static void operators(struct buffer *out, const struct help_row *rows, size_t count)
{
    enum { NAME_COLUMNS = 20, NAME_MAX = 64 };
    for (size_t i = 0; i < count; i++) {
        struct buffer name = {0};
        const char *colon = rows[i].word[0] == '\0' ? "" : ":";
        buffer_append_format(&name, "%s%s%s", rows[i].name, colon, rows[i].word);
        buffer_append_byte(&name, '\0');
        row(out, NAME_COLUMNS, (const char *)name.data, rows[i].help);
        buffer_free(&name);
    }
}

static void option(struct buffer *out, const char *text, const char *word, const char *standard,
                   const char *help)
{
    const char *space = word[0] == '\0' ? "" : " ";
    buffer_append_format(out, "  --%s%s%s\n", text, space, word);
    wrap(out, help, 0, INDENT);
    if (standard[0] == '\0') return;
    buffer_append_format(out, "%*sDefault: %s.\n", INDENT, "", standard);
}

static void options(struct buffer *out, enum option_section section)
{
    heading(out, option_section_titles[section]);
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->section == section) option(out, row->text, row->word, row->standard, row->help);
    }
}

static void hadoop(struct buffer *out)
{
    enum { NAME_COLUMNS = 22 };
    heading(out, "Hadoop Streaming's names, so that its command lines run as they are");
    for (size_t i = 0; i < HADOOP_COUNT; i++) {
        struct buffer name = {0};
        const char *space = hadoop_rows[i].word[0] == '\0' ? "" : " ";
        buffer_append_format(&name, "-%s%s%s", hadoop_rows[i].text, space, hadoop_rows[i].word);
        buffer_append_byte(&name, '\0');
        row(out, NAME_COLUMNS, (const char *)name.data, hadoop_rows[i].help);
        buffer_free(&name);
    }
    heading(out, "Properties that -D sets");
    for (size_t i = 0; i < property_rows_count; i++) {
        buffer_append_format(out, "  %s\n", property_rows[i].name);
        wrap(out, property_rows[i].help, 0, INDENT);
    }
}

static void examples(struct buffer *out)
{
    heading(out, "Examples");
    for (size_t i = 0; i < help_examples_count; i++) {
        buffer_append_format(out, "  %s:\n    %s\n", help_examples[i].help, help_examples[i].word);
    }
}

static void exits(struct buffer *out)
{
    heading(out, "Exit status");
    for (size_t i = 0; i < help_exits_count; i++) {
        buffer_append_format(out, "  %3d  ", help_exits[i].status);
        wrap(out, help_exits[i].help, 7, 7);
    }
}

void help_mapreduce(struct buffer *out)
{
    buffer_append(out, SLICE("Usage: tutti mapreduce --map OPERATOR --reduce OPERATOR --input PATH "
                             "--output DIR\n\n"));
    wrap(out,
         "Reads records, makes key-value pairs of them (map), brings all values of a key together, "
         "and makes one result of them (reduce), on all cores. Each line of the output is a key, a "
         "TAB and a value.",
         0, 0);
    for (enum option_section section = 0; section < SECTIONS_COUNT; section++) {
        options(out, section);
    }
    heading(out, "Map operators");
    operators(out, help_maps, HELP_MAPS_COUNT);
    heading(out, "Reduce operators");
    operators(out, help_reduces, HELP_REDUCES_COUNT);
    hadoop(out);
    exits(out);
    examples(out);
    buffer_append(out, SLICE("\nSizes: 512k, 64MiB, 1.5G are powers of 1024; 64MB of 1000. "
                             "More: man tutti, docs/mapreduce.md.\n"));
}

void help_start(struct buffer *out)
{
    struct start_row rows[START_ROWS_MAX];
    size_t count = start_rows(rows);
    buffer_append(out, SLICE("Usage: tutti start [OPTIONS]\n\n"));
    wrap(out,
         "Runs a node in the foreground: any Redis client can connect. Keys are durable once they "
         "are acknowledged, or a cache, by the policy of their prefix (see tutti help policy). It "
         "says on standard error when it is ready. SIGTERM or Ctrl-C: it finishes what it has "
         "received and ends with 0; a second one ends it at once.",
         0, 0);
    buffer_append_byte(out, '\n');
    wrap(out,
         "With --node and --peers it is one of several nodes that hold the same data: what is "
         "acknowledged is durable on most of them, any node answers any client, and all goes on "
         "while most of them run. All of them are given the same --peers, --cluster and --lanes.",
         0, 0);
    heading(out, "Options");
    for (size_t i = 0; i < count; i++) {
        option(out, rows[i].text, rows[i].word, rows[i].standard, rows[i].help);
    }
    buffer_append_byte(out, '\n');
    wrap(out,
         "Every setting of docs/configuration.md is an option too (--maxclients 100), and can be "
         "given in the environment (TUTTI_PORT=6380) or in the file. Sizes are read as Redis reads "
         "them: 1k is 1000 bytes, 1kb 1024.",
         0, 0);
    heading(out, "Exit status");
    row(out, 3, "0", "It was asked to end. All that was acknowledged is on disk.");
    row(out, 3, "1", "It could not start, or had to stop; it has said why.");
    row(out, 3, "2", "The command line, the file or the environment is wrong.");
    heading(out, "Examples");
    buffer_append(out, SLICE("  A node, and a client:\n    tutti start\n    redis-cli ping\n"
                             "  In the data folder of a service, for other machines too:\n"
                             "    TUTTI_REQUIREPASS=secret tutti start --data /srv/tutti --bind "
                             "'*'\n"
                             "  Three nodes, to try it on one machine (the others: --node 2 "
                             "--port 6380, …):\n"
                             "    tutti start --node 1 --port 6379 --data one \\\n"
                             "      --peers "
                             "1=127.0.0.1:7401,2=127.0.0.1:7402,3=127.0.0.1:7403\n"));
}

void help_policy(struct buffer *out)
{
    enum { NAME_COLUMNS = 34 };
    buffer_append(out, SLICE("Usage: tutti policy [--port N] [--host ADDR] WORD ...\n\n"));
    wrap(out,
         "Asks a running node for the policies of key prefixes, or sets them. The longest prefix "
         "wins. A strong key is durable before its write is acknowledged; a cache key is kept in "
         "memory alone, and goes when there is no room.",
         0, 0);
    heading(out, "Words");
    row(out, NAME_COLUMNS, "list", "All policies. Keys and bytes are counted for caches.");
    row(out, NAME_COLUMNS, "get PREFIX", "One of them.");
    row(out, NAME_COLUMNS, "set PREFIX [mode strong|cache] ...",
        "Make or change one. Also: memory SIZE (of the cache), evict "
        "s3fifo|lru|lfu|random|ttl|none, ttl SECONDS (for keys made without an expiry), warm "
        "yes|no "
        "(does a cache go along when another node is asked to lead?).");
    row(out, NAME_COLUMNS, "del PREFIX",
        "Remove one; its keys fall under the next shorter prefix.");
    row(out, NAME_COLUMNS, "explain KEY", "Which policy a key is under, and why.");
    heading(out, "Options");
    option(out, "host", "ADDR", "127.0.0.1", "Where the node is, or the path of its Unix socket.");
    option(out, "port", "N", "6379, or TUTTI_PORT", "Its port.");
    option(out, "user", "NAME", "default", "Who we are there.");
    option(out, "password", "PASSWORD", "TUTTI_PASSWORD", "Better given in the environment.");
    heading(out, "Examples");
    buffer_append(out, SLICE("  tutti policy set session: mode cache memory 1gb ttl 3600\n"
                             "  tutti policy explain session:42\n"));
}

void help_cluster(enum cluster_verb verb, struct buffer *out)
{
    const struct cluster_verb_row *row = &cluster_verbs[verb];
    buffer_append_format(out, "Usage: tutti %s%s%s [OPTIONS]\n\n", row->name,
                         row->arguments[0] == '\0' ? "" : " ", row->arguments);
    wrap(out, row->details, 0, 0);
    heading(out, "Options");
    if (verb == VERB_leave) option(out, "node", "N", "", "Another node than the one that answers.");
    if (!cluster_verb_is_online(verb)) {
        option(out, "data", "DIR", "tutti-data, or TUTTI_DATA", "The data folder of the node.");
    }
    if (verb == VERB_rebalance) {
        option(out, "dry-run", "", "", "Show what would move, and why; move nothing.");
        option(out, "pause", "", "",
               "Move nothing any more but for repair, until it is said again.");
    }
    if (verb == VERB_top) {
        option(out, "shards", "", "", "Shards alone: load, keys and bytes of each.");
        option(out, "slots", "", "", "The busiest slots alone.");
        option(out, "keys", "", "", "The busiest keys alone.");
        option(out, "large", "", "", "The largest keys alone.");
        option(out, "count", "N", "10", "So many of each.");
        option(out, "node", "N", "", "Of one node; without it, of all that answer.");
    }
    if (verb == VERB_remove) option(out, "force", "", "", "Also one that still holds copies.");
    if (verb == VERB_recover) {
        option(out, "force", "", "", "Do it; without it, only what would be is told.");
        option(out, "yes", "", "", "Do not ask for the cluster's name first.");
    }
    if (verb <= VERB_explain) {
        option(out, "watch", "", "", "Again every second, in place, until Ctrl-C.");
    }
    if (!cluster_verb_is_online(verb)) return;
    option(out, "json", "", "", "For programs.");
    option(out, "host", "ADDR", "127.0.0.1", "A node, by name or address, or its Unix socket.");
    option(out, "port", "N", "6379, or TUTTI_PORT", "Its port for clients; also -p N.");
    option(out, "user", "NAME", "default", "Who we are there.");
    option(out, "password-file", "FILE", "TUTTI_PASSWORD", "Where our password is.");
}

static void data_option(struct buffer *out)
{
    option(out, "data", "DIR", "tutti-data, or TUTTI_DATA", "The data folder of the node.");
}

void help_backup(struct buffer *out)
{
    buffer_append(out, SLICE("Usage: tutti backup DIR [--from HOST:PORT | --data DIR]\n\n"));
    wrap(
        out,
        "Writes all strong keys into a new folder DIR: a snapshot for each shard, every byte under "
        "a checksum. With --from a running node does it, and goes on serving: one that is alone "
        "writes DIR on its own machine; of a cluster all shards are gathered from its nodes, and "
        "DIR is made where this runs. Otherwise the node must not run.",
        0, 0);
    heading(out, "Options");
    option(out, "from", "HOST:PORT", "",
           "The running node; of a cluster, any of its nodes. TUTTI_PASSWORD is given where it is "
           "set.");
    data_option(out);
}

void help_restore(struct buffer *out)
{
    buffer_append(out, SLICE("Usage: tutti restore DIR [--data DIR]\n\n"));
    wrap(out,
         "Makes a new data folder out of the backup DIR, which is verified first. A folder that "
         "holds anything is refused. The data folder appears whole or not at all.",
         0, 0);
    heading(out, "Options");
    data_option(out);
}

void help_doctor(struct buffer *out)
{
    buffer_append(out, SLICE("Usage: tutti doctor [--repair | --give-up] [--data DIR]\n\n"));
    wrap(out,
         "Reads every byte of a data folder whose node does not run, and tells what is good and "
         "what "
         "is damaged, with file and offset, and what is lost. Where other nodes of a cluster have "
         "the data nothing is changed: the node gets it from them when it starts.",
         0, 0);
    heading(out, "Options");
    option(out, "repair", "", "",
           "Cut a damaged log behind its last good record, and set damaged snapshots aside. What "
           "is cut off is kept in files named *.damaged. Writes that came later are lost to the "
           "node: prefer a backup where there is one.");
    option(out, "give-up", "", "",
           "The same, and shards of which nothing good is left begin again, empty: their keys are "
           "lost. Say --repair first: it tells which they are.");
    data_option(out);
}

void help_overview(struct buffer *out)
{
    enum { NAME_COLUMNS = 22 };
    buffer_append(out, SLICE("tutti: one machine, or many, as one distributed system.\n\n"));
    for (size_t i = 0; i < HELP_COMMANDS_COUNT; i++) {
        buffer_append_format(out, "  tutti %-9s %-12s  %s\n", help_commands[i].name,
                             help_commands[i].word, help_commands[i].help);
    }
    buffer_append(out, SLICE("  tutti --version               show which tutti this is\n"));
    buffer_append_format(out,
                         "\nA database and cache, for any Redis client:\n  tutti start\n"
                         "\nA first job, with all cores of this machine:\n  %s\n",
                         help_examples[0].word);
}
