/*
 * raft_transcript_test.c -- small scenarios: transcripts/NAME.txt has commands, and under each,
 * indented, what the members said and did. `make golden` writes those lines anew; whoever runs it
 * reads the difference. Clocks count in units: an election takes 100 to 200, a heartbeat 30.
 *
 *   group VOTERS [NODES]      wait UNITS            tick N             campaign N (when it is due)
 *   deliver [A>B]             drop [A>B]            cut A>B            heal
 *   durable [N]               settle (all of both, until nothing is left)
 *   propose N COUNT [BYTES]   read N                compact N          room N yes|no
 *   members N 1,2,3,4L        transfer N TO         down N PEER        up N PEER
 *   crash N                   wipe N                start N            set NAME VALUE
 *   quiet | loud              show
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/core/raft/raft_world_fixture.h"

enum { WORDS_MAX = 4, WORD_BYTES_MAX = 64, SETTLE_MAX = 200, PATH_BYTES_MAX = 512 };
#define FOLDER "test/core/raft/transcripts"

struct script {
    struct world *world;
    struct buffer trace;
    bool quiet;
    int words_count;
    char words[WORDS_MAX][WORD_BYTES_MAX];
};

static uint32_t number(const struct script *script, int word)
{
    cr_assert_lt(word, script->words_count, "%s: a number is missing", script->words[0]);
    return (uint32_t)strtoul(script->words[word], NULL, 10);
}

static bool matches(const struct script *script, node_id from, node_id to)
{
    unsigned int a, b;
    if (script->words_count < 2) return true;
    cr_assert_eq(sscanf(script->words[1], "%u>%u", &a, &b), 2);
    return from.n == a && to.n == b;
}

/* Of the letters there are now, not of those that come of them. */
static void deliver(struct script *script, bool drop)
{
    struct world *world = script->world;
    size_t count = world->letters_count, at = 0;
    for (size_t i = 0; i < count; i++) {
        struct world_letter *letter = &world->letters[at];
        if (!matches(script, letter->from, letter->to)) {
            at++;
        } else if (drop) {
            raft_world_drop(world, at);
        } else {
            raft_world_deliver(world, at);
        }
    }
}

static void durable(struct world *world, uint32_t node)
{
    raft_world_durable(world, node, world->nodes[node].disk.count);
}

static bool is_settled(const struct world *world)
{
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        const struct world_node *node = &world->nodes[i];
        if (node->raft != NULL && node->disk.durable < node->disk.count) return false;
    }
    return world->letters_count == 0;
}

static void settle(struct script *script)
{
    script->words_count = 1;
    for (int i = 0; !is_settled(script->world); i++) {
        cr_assert_lt(i, SETTLE_MAX, "it does not come to rest");
        for (uint32_t node = 1; node <= script->world->nodes_count; node++) {
            durable(script->world, node);
        }
        deliver(script, false);
    }
}

static void group(struct script *script)
{
    uint32_t voters = number(script, 1);
    uint32_t nodes = script->words_count > 2 ? number(script, 2) : voters;
    script->world = raft_world_new(nodes, voters, 1);
    for (uint32_t i = 1; i <= nodes; i++) {
        script->world->nodes[i].disk.wiped = i > voters;
        raft_world_start(script->world, i);
    }
}

static void campaign(struct script *script)
{
    uint32_t node = number(script, 1);
    instant deadline = script->world->nodes[node].deadline;
    cr_assert_neq(deadline.ns, INT64_MAX);
    if (deadline.ns > script->world->now_ns) script->world->now_ns = deadline.ns;
    raft_world_tick(script->world, node);
}

static void members(struct script *script)
{
    struct raft_event event = {.kind = RAFT_EV_MEMBERS};
    char *at = script->words[2];
    while (*at != '\0') {
        struct raft_member *member = &event.members.members[event.members.count++];
        member->node.n = (uint32_t)strtoul(at, &at, 10);
        member->role = *at == 'L' ? RAFT_LEARNER : RAFT_VOTER;
        while (*at == 'L' || *at == ',') at++;
    }
    raft_world_step(script->world, number(script, 1), &event);
}

static void tell(struct script *script, enum raft_event_kind kind)
{
    struct raft_event event = {.kind = kind, .peer = {number(script, 2)}};
    raft_world_step(script->world, number(script, 1), &event);
}

static void show(struct script *script)
{
    static const char *const roles[] = {"follower", "pre-candidate", "candidate", "leader"};
    for (uint32_t i = 1; i <= script->world->nodes_count; i++) {
        const struct raft *raft = script->world->nodes[i].raft;
        if (raft == NULL) {
            buffer_append_format(&script->trace, "  %u is down\n", i);
            continue;
        }
        struct raft_pos last = raft_last(raft);
        buffer_append_format(&script->trace, "  %u %s%s term %" PRIu64 " commit %" PRIu64, i,
                             roles[raft_role(raft)], raft_is_recovering(raft) ? " recovering" : "",
                             raft_term(raft), raft_commit(raft));
        buffer_append_format(&script->trace, " last %" PRIu64 "/%" PRIu64, last.term, last.index);
        bool never = script->world->nodes[i].deadline.ns == INT64_MAX;
        bool lease = raft_lease_until(raft).ns > raft_world_clock(script->world, i).ns;
        buffer_append_format(&script->trace, "%s%s members", lease ? " lease" : "",
                             never ? " silent" : "");
        const struct raft_members *of = raft_members(raft);
        for (uint32_t j = 0; j < of->count; j++) {
            static const char *const marks[] = {"L", "", ">", "", "L>L", "L", ">", ""};
            const char *mark =
                of->joint && of->members[j].role == RAFT_VOTER ? "<" : marks[of->members[j].role];
            buffer_append_format(&script->trace, " %u%s", of->members[j].node.n, mark);
        }
        buffer_append_format(&script->trace, "\n");
    }
}

static void set(struct script *script)
{
    struct raft_config *config = &script->world->config;
    const struct {
        const char *name;
        size_t *size;
    } sizes[] = {{"window_bytes", &config->window_bytes},
                 {"append_bytes", &config->append_bytes},
                 {"tail_bytes", &config->tail_bytes}};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        if (strcmp(script->words[1], sizes[i].name) == 0) *sizes[i].size = number(script, 2);
    }
    if (strcmp(script->words[1], "window_entries") == 0) {
        config->window_entries = number(script, 2);
    }
    if (strcmp(script->words[1], "lease") == 0) config->lease = number(script, 2) == 1;
    if (strcmp(script->words[1], "hibernate_after") == 0) {
        config->hibernate_after.ns = number(script, 2);
    }
}

static void run_fault(struct script *script)
{
    struct world *world = script->world;
    const char *command = script->words[0];
    unsigned int a, b;
    if (strcmp(command, "crash") == 0) {
        raft_world_crash(world, number(script, 1), 0);
    } else if (strcmp(command, "wipe") == 0) {
        raft_world_wipe(world, number(script, 1));
    } else if (strcmp(command, "start") == 0) {
        raft_world_start(world, number(script, 1));
    } else if (strcmp(command, "heal") == 0) {
        memset(world->cut, 0, sizeof world->cut);
    } else if (strcmp(command, "room") == 0) {
        world->nodes[number(script, 1)].no_room = strcmp(script->words[2], "no") == 0;
    } else if (strcmp(command, "set") == 0) {
        set(script);
    } else if (strcmp(command, "cut") == 0) {
        cr_assert_eq(sscanf(script->words[1], "%u>%u", &a, &b), 2);
        world->cut[a][b] = true;
    } else {
        cr_assert_fail("no such command: %s", command);
    }
}

static void run_event(struct script *script)
{
    struct world *world = script->world;
    const char *command = script->words[0];
    if (strcmp(command, "propose") == 0) {
        size_t bytes = script->words_count > 3 ? number(script, 3) : 8;
        if (!raft_world_propose(world, number(script, 1), number(script, 2), bytes)) {
            buffer_append_format(&script->trace, "  it may not\n");
        }
    } else if (strcmp(command, "read") == 0) {
        raft_world_read(world, number(script, 1));
        const struct world_node *node = &world->nodes[number(script, 1)];
        if (node->reads_count == 0) buffer_append_format(&script->trace, "  it may, at once\n");
    } else if (strcmp(command, "compact") == 0) {
        raft_world_compact(world, number(script, 1));
    } else if (strcmp(command, "members") == 0) {
        members(script);
    } else if (strcmp(command, "transfer") == 0) {
        tell(script, RAFT_EV_TRANSFER);
    } else if (strcmp(command, "down") == 0) {
        tell(script, RAFT_EV_PEER_DOWN);
    } else if (strcmp(command, "up") == 0) {
        tell(script, RAFT_EV_PEER_UP);
    } else {
        run_fault(script);
    }
}

static void run(struct script *script)
{
    const char *command = script->words[0];
    if (strcmp(command, "group") == 0) {
        group(script);
    } else if (strcmp(command, "wait") == 0) {
        script->world->now_ns += number(script, 1);
    } else if (strcmp(command, "tick") == 0) {
        raft_world_tick(script->world, number(script, 1));
    } else if (strcmp(command, "campaign") == 0) {
        campaign(script);
    } else if (strcmp(command, "deliver") == 0 || strcmp(command, "drop") == 0) {
        deliver(script, command[1] == 'r');
    } else if (strcmp(command, "settle") == 0) {
        settle(script);
    } else if (strcmp(command, "durable") == 0 && script->words_count > 1) {
        durable(script->world, number(script, 1));
    } else if (strcmp(command, "durable") == 0) {
        for (uint32_t i = 1; i <= script->world->nodes_count; i++) durable(script->world, i);
    } else if (strcmp(command, "quiet") == 0 || strcmp(command, "loud") == 0) {
        script->quiet = command[0] == 'q';
    } else if (strcmp(command, "show") == 0) {
        show(script);
    } else {
        run_event(script);
    }
}

static void run_line(struct script *script, char *line)
{
    script->words_count = 0;
    char *rest = line;
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL; script->words_count++) {
        cr_assert_lt(script->words_count, WORDS_MAX);
        (void)snprintf(script->words[script->words_count], WORD_BYTES_MAX, "%s", word);
    }
    if (script->words_count == 0) return;
    if (script->world != NULL) script->world->trace = script->quiet ? NULL : &script->trace;
    run(script);
    raft_world_check(script->world);
}

/* The same text, but for the indented lines, which are what happens now. */
static void replay(struct slice text, struct buffer *again)
{
    struct script script = {0};
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        cr_assert_not_null(end);
        size_t len = (size_t)(end - text.data);
        char line[WORLD_LINE_MAX];
        (void)snprintf(line, sizeof line, "%.*s", (int)len, (const char *)text.data);
        text = slice_from(text, len + 1);
        if (line[0] == ' ') continue;
        buffer_append_format(again, "%s\n", line);
        if (line[0] == '#') continue;
        buffer_clear(&script.trace);
        run_line(&script, line);
        buffer_append(again, buffer_slice(&script.trace));
    }
    raft_world_free(script.world);
    buffer_free(&script.trace);
}

static void read_whole(const char *path, struct buffer *text)
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s cannot be read", path);
    for (int c; (c = fgetc(file)) != EOF;) buffer_append_byte(text, (uint8_t)c);
    (void)fclose(file);
}

static void check_file(const char *name)
{
    char path[PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, FOLDER "/%s", name);
    struct buffer text = {0}, again = {0};
    read_whole(path, &text);
    replay(buffer_slice(&text), &again);
    if (getenv("GOLDEN") != NULL) {
        FILE *file = fopen(path, "w");
        cr_assert_not_null(file);
        (void)fwrite(again.data, 1, again.len, file);
        (void)fclose(file);
    } else if (!slice_eq(buffer_slice(&text), buffer_slice(&again))) {
        size_t at = 0, line = 1;
        while (at < text.len && at < again.len && text.data[at] == again.data[at]) {
            line += text.data[at++] == '\n';
        }
        cr_expect_fail("%s, line %zu: it goes another way now (make golden shows which)", name,
                       line);
    }
    buffer_free(&text);
    buffer_free(&again);
}

Test(raft_transcript, all)
{
    DIR *folder = opendir(FOLDER);
    cr_assert_not_null(folder, "tests run in the root of the tree");
    uint32_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strstr(entry->d_name, ".txt") == NULL) continue;
        check_file(entry->d_name);
        count++;
    }
    (void)closedir(folder);
    cr_expect_gt(count, 10);
}
