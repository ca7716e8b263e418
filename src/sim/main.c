/*
 * main.c -- tutti-sim: runs of simulated nodes, from seeds. See docs/sim.md.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/check.h"
#include "sim/child.h"
#include "sim/crowd.h"
#include "sim/shrink.h"
#include "sim/sim.h"

enum { EXIT_DONE = 0, EXIT_BROKEN = 1, EXIT_USE = 2, JOBS_MAX = 64 };

struct arguments {
    struct sim_options options;
    uint64_t first, last; /* seeds */
    uint32_t jobs;
    bool shrinks, quiet, first_only;
    const char *plot; /* of the workload gossip */
    uint8_t keep[PLAN_FAULTS_MAX];
};

static const char usage[] =
    "usage: tutti-sim --seed N | --seeds A..B [options]\n"
    "       tutti-sim check FILE [SLACK]      judge a recorded history (sim/history.h); SLACK is\n"
    "                                         what clocks may be off by: 500ms\n"
    "  --until TIME     how long, in virtual time: 60s, 500ms, 2m (60s)\n"
    "  --nodes N        hosts (3)\n"
    "  --spares N       of the hosts: those that are no members, and may join (0)\n"
    "  --lanes N        of each node (drawn)\n"
    "  --shards N       of the cluster (drawn)\n"
    "  --workload NAME  what clients do; gossip: no clients, but figures of core/gossip for\n"
    "                   --nodes N, with --plot FILE an SVG of them\n"
    "  --faults LIST    of the seed's plan, those that happen: 1,4-6; none; all (all)\n"
    "  --kinds LIST     of faults, those that happen: kill,pause (drawn)\n"
    "  --plan           show the plan of the seed, and run nothing\n"
    "  --trace          show what happens\n"
    "  --jobs N         runs at a time (1)\n"
    "  --shrink         look for less that still fails\n"
    "  --quiet          say only what fails\n"
    "  --first          end with the first seed that fails\n";

/* --- reading the command line ------------------------------------------------------------------
 */

static bool read_time(const char *text, int64_t *ns)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    int64_t unit = 0;
    if (strcmp(end, "s") == 0 || *end == '\0') unit = 1000000000;
    if (strcmp(end, "ms") == 0) unit = 1000000;
    if (strcmp(end, "m") == 0) unit = INT64_C(60) * 1000000000;
    *ns = (int64_t)value * unit;
    return unit != 0 && end != text && value > 0 && value < 1000000;
}

static bool read_range(const char *text, const char *between, uint64_t *first, uint64_t *last)
{
    char *end;
    *first = *last = strtoull(text, &end, 10);
    if (end == text) return false;
    if (*between != '\0' && strncmp(end, between, strlen(between)) == 0) {
        text = end + strlen(between);
        *last = strtoull(text, &end, 10);
        if (end == text) return false;
    }
    return *end == '\0' && *first <= *last;
}

static bool read_faults(char *text, struct arguments *arguments)
{
    char *rest = text;
    if (strcmp(text, "all") == 0) return true;
    arguments->options.keep = arguments->keep;
    if (strcmp(text, "none") == 0) return true;
    for (char *word; (word = strsep(&rest, ",")) != NULL;) { /* ends: with the text */
        uint64_t first, last;
        if (!read_range(word, "-", &first, &last) || first == 0 || last > PLAN_FAULTS_MAX) {
            return false;
        }
        for (uint64_t i = first; i <= last; i++) arguments->keep[i - 1] = 1;
    }
    return true;
}

static bool read_count(const char *text, uint32_t most, uint32_t *count)
{
    uint64_t first, last;
    bool good = read_range(text, "", &first, &last) && first >= 1 && first <= most;
    if (good) *count = (uint32_t)first;
    return good;
}

static const struct option option_rows[] = {
    {"seed", required_argument, NULL, 's'},   {"seeds", required_argument, NULL, 'S'},
    {"until", required_argument, NULL, 'u'},  {"nodes", required_argument, NULL, 'n'},
    {"lanes", required_argument, NULL, 'l'},  {"workload", required_argument, NULL, 'w'},
    {"faults", required_argument, NULL, 'f'}, {"kinds", required_argument, NULL, 'k'},
    {"spares", required_argument, NULL, 'g'}, {"shards", required_argument, NULL, 'd'},
    {"plan", no_argument, NULL, 'p'},         {"trace", no_argument, NULL, 't'},
    {"jobs", required_argument, NULL, 'j'},   {"shrink", no_argument, NULL, 'x'},
    {"quiet", no_argument, NULL, 'q'},        {"first", no_argument, NULL, '1'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static bool read_one(int letter, char *value, struct arguments *arguments, bool *plan_only)
{
    struct sim_options *options = &arguments->options;
    switch (letter) {
    case 's':
    case 'S': return read_range(value, "..", &arguments->first, &arguments->last);
    case 'u': return read_time(value, &options->until_ns);
    case 'n': return read_count(value, GOSSIP_MEMBERS_MAX, &options->hosts_count);
    case 'P': arguments->plot = value; return true;
    case 'l': return read_count(value, SIM_LANES_MAX, &options->lanes_count);
    case 'd': return read_count(value, SIM_SHARDS_MAX, &options->shards_count);
    case 'g': return read_count(value, SIM_HOSTS_MAX, &options->spares_count);
    case 'w': options->program = value; return true;
    case 'f': return read_faults(value, arguments);
    case 'k': return plan_read_kinds(value, &options->kinds);
    case 'p': *plan_only = true; return true;
    case 't': options->trace = true; return true;
    case 'j': return read_count(value, JOBS_MAX, &arguments->jobs);
    case 'x': arguments->shrinks = true; return true;
    case 'q': arguments->quiet = true; return true;
    case '1': arguments->first_only = true; return true;
    default: return false;
    }
}

/* --- what is said ------------------------------------------------------------------------------
 */

static void say_plan(const struct sim_options *options)
{
    struct plan plan;
    struct buffer text = {0};
    plan_draw(&plan, options);
    for (uint32_t i = 0; i < plan.count; i++) {
        if (options->keep != NULL && !options->keep[i]) continue;
        buffer_append_format(&text, "%3u  ", i + 1);
        plan_format(&plan.faults[i], &text);
        buffer_append_byte(&text, '\n');
    }
    (void)fwrite(text.data, 1, text.len, stdout);
    buffer_free(&text);
}

static void append_faults(const uint8_t *keep, struct buffer *out)
{
    bool any = false;
    for (uint32_t i = 0; i < PLAN_FAULTS_MAX; i++) {
        if (!keep[i]) continue;
        uint32_t last = i;
        while (last + 1 < PLAN_FAULTS_MAX && keep[last + 1]) last++;
        buffer_append_format(out, any ? ",%u" : "%u", i + 1);
        if (last > i) buffer_append_format(out, "-%u", last + 1);
        any = true;
        i = last;
    }
    if (!any) buffer_append(out, SLICE("none"));
}

static void say_failure(const struct sim_options *options, const struct sim_result *result)
{
    struct buffer faults = {0};
    (void)printf("seed %" PRIu64 " FAILED: %s: %.*s\n", options->seed, result->property,
                 (int)result->why.len, (const char *)result->why.data);
    (void)printf("  again: build/tutti-sim --seed %" PRIu64 " --until %" PRId64 "ms --nodes %u",
                 options->seed, options->until_ns / 1000000, options->hosts_count);
    if (options->lanes_count != 0) (void)printf(" --lanes %u", options->lanes_count);
    if (options->shards_count != 0) (void)printf(" --shards %u", options->shards_count);
    if (options->spares_count != 0) (void)printf(" --spares %u", options->spares_count);
    if (options->program != NULL) (void)printf(" --workload %s", options->program);
    if (options->kinds != 0) {
        plan_format_kinds(options->kinds, &faults);
        (void)printf(" --kinds %.*s", (int)faults.len, (const char *)faults.data);
        buffer_clear(&faults);
    }
    if (options->keep != NULL) {
        append_faults(options->keep, &faults);
        (void)printf(" --faults %.*s", (int)faults.len, (const char *)faults.data);
    }
    (void)printf(" --trace\n");
    buffer_free(&faults);
}

static void say_result(const struct arguments *arguments, const struct sim_options *options,
                       struct sim_result *result)
{
    if (result->failed) {
        say_failure(options, result);
    } else if (!arguments->quiet) {
        (void)printf("seed %" PRIu64 " passed: %u faults, %" PRIu64 " turns, %" PRIu64
                     " events, trace %016" PRIx64 "\n",
                     options->seed, result->faults_count, result->turns_count, result->events_count,
                     result->trace_hash);
    }
    (void)fflush(stdout);
    buffer_free(&result->why);
}

/* --- running -----------------------------------------------------------------------------------
 */

struct running { /* as many at a time as there are jobs */
    struct child *children[JOBS_MAX];
    struct sim_options options[JOBS_MAX];
    uint32_t count;
    uint64_t failed_count;
};

static enum err start_one(const struct arguments *arguments, struct running *running, uint64_t seed,
                          struct fault *fault)
{
    uint32_t place = 0;
    while (running->children[place] != NULL) place++; /* ends: fewer run than there are jobs */
    running->options[place] = arguments->options;
    running->options[place].seed = seed;
    running->count++;
    return child_start(&running->options[place], &running->children[place], fault);
}

static void finish_one(const struct arguments *arguments, struct running *running)
{
    struct sim_result result;
    uint32_t place = child_wait(running->children, arguments->jobs, &result);
    running->count--;
    running->failed_count += result.failed;
    say_result(arguments, &running->options[place], &result);
}

static int run_seeds(const struct arguments *arguments)
{
    struct running *running = calloc(1, sizeof *running);
    ASSERT(running != NULL);
    struct fault fault = {0};
    for (uint64_t seed = arguments->first; seed <= arguments->last && fault.code == ERR_OK;
         seed++) {
        if (arguments->first_only && running->failed_count > 0) break;
        if (start_one(arguments, running, seed, &fault) != ERR_OK) running->count--;
        if (running->count == arguments->jobs) finish_one(arguments, running);
    }
    while (running->count > 0) finish_one(arguments, running);
    uint64_t count = arguments->last - arguments->first + 1, failed = running->failed_count;
    if (count > 1) (void)printf("%" PRIu64 " seeds, %" PRIu64 " failed\n", count, failed);
    if (fault.code != ERR_OK) (void)fprintf(stderr, "tutti-sim: %s\n", fault.text);
    free(running);
    return failed == 0 && fault.code == ERR_OK ? EXIT_DONE : EXIT_BROKEN;
}

static int run_shrink(struct arguments *arguments)
{
    struct fault fault = {0};
    struct sim_result result;
    struct sim_options *options = &arguments->options;
    options->seed = arguments->first;
    enum err err = child_run(options, &result, &fault);
    if (err == ERR_OK && result.failed) {
        buffer_free(&result.why);
        err = shrink(options, arguments->keep, &fault);
        if (err == ERR_OK) err = child_run(options, &result, &fault);
        say_plan(options);
    }
    if (err != ERR_OK) {
        (void)fprintf(stderr, "tutti-sim: %s\n", fault.text);
        return EXIT_BROKEN;
    }
    bool failed = result.failed;
    say_result(arguments, options, &result);
    return failed ? EXIT_BROKEN : EXIT_DONE;
}

/* --- recorded histories ------------------------------------------------------------------------
 */

static int run_check(const char *path, const char *slack)
{
    struct check_options options = {0};
    struct check_verdict verdict = {0};
    struct fault fault;
    if (!read_time(slack, &options.clock_slack_ns)) {
        (void)fputs(usage, stderr);
        return EXIT_USE;
    }
    if (check_file(path, &options, &verdict, &fault) != ERR_OK) {
        (void)fprintf(stderr, "tutti-sim: %s\n", fault.text);
        return EXIT_USE;
    }
    (void)fwrite(verdict.text.data, 1, verdict.text.len, stdout);
    (void)printf(
        "%" PRIu64 " operations on %" PRIu64 " keys: %" PRIu64 " wrong, %" PRIu64 " undecided\n",
        verdict.ops_count, verdict.keys_count, verdict.wrongs_count, verdict.undecided_count);
    bool good = verdict.wrongs_count == 0 && verdict.undecided_count == 0;
    check_verdict_free(&verdict);
    return good ? EXIT_DONE : EXIT_BROKEN;
}

/* --- gossip ------------------------------------------------------------------------------------
 */

static int run_gossip(const struct arguments *arguments)
{
    struct fault fault;
    struct crowd_report_options options = {.nodes_count = arguments->options.hosts_count,
                                           .seed = arguments->first,
                                           .plot = arguments->plot};
    if (crowd_report(&options, &fault) == ERR_OK) return EXIT_DONE;
    (void)fprintf(stderr, "tutti-sim: %s\n", fault.text);
    return EXIT_BROKEN;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && argc <= 4 && strcmp(argv[1], "check") == 0) {
        return run_check(argv[2], argc == 4 ? argv[3] : "500ms");
    }
    struct arguments arguments = {.first = 1, .jobs = 1};
    struct buffer why = {0};
    bool plan_only = false, good = argc > 1;
    arguments.options = (struct sim_options){.until_ns = INT64_C(60000000000), .hosts_count = 3};
    for (int letter; good && (letter = getopt_long(argc, argv, "", option_rows, NULL)) != -1;) {
        good = read_one(letter, optarg, &arguments, &plan_only);
    }
    if (!good || optind != argc) {
        (void)fputs(usage, stderr);
        return EXIT_USE;
    }
    arguments.options.seed = arguments.first;
    const char *workload = arguments.options.program;
    if (workload != NULL && strcmp(workload, "gossip") == 0) return run_gossip(&arguments);
    if (!sim_check_options(&arguments.options, &why)) {
        (void)fprintf(stderr, "tutti-sim: %.*s\n", (int)why.len, (const char *)why.data);
        buffer_free(&why);
        return EXIT_USE;
    }
    if (plan_only) {
        say_plan(&arguments.options);
        return EXIT_DONE;
    }
    return arguments.shrinks ? run_shrink(&arguments) : run_seeds(&arguments);
}
