/* crossing_share.c -- commands that several lanes do together: parted, and sent to each. */
#include <stdio.h>
#include <stdlib.h>

#include "serve/crossing_impl.h"

/* clang-format off */
static const struct share_row {
    enum command_id id;
    enum crossing_share share;
    enum crossing_combine combine;
} rows[] = {
#define CROSSING(id, share, combine) {COMMAND_##id, SHARE_##share, COMBINE_##combine},
#include "serve/crossing.def"
#undef CROSSING
};
/* clang-format on */

static const struct share_row *row_of(enum command_id id)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].id == id) return &rows[i];
    }
    return NULL;
}

bool crossing_is_for_all(enum command_id id)
{
    const struct share_row *row = row_of(id);
    return row != NULL && row->share != SHARE_KEYS;
}

struct sharing {
    struct server *server;
    struct session *session;
    const struct request *request;
    struct held *held;
    uint64_t entry;
};

static void ask(struct sharing *sharing, uint32_t lane, const struct slice *argv, uint32_t argc)
{
    sharing->held->owed_count++;
    crossing_ask(sharing->server, sharing->session, lane, sharing->entry, 0, argv, argc);
}

static void share_all(struct sharing *sharing)
{
    uint32_t lanes_count = sharing->server->crossing->config.lanes_count;
    for (uint32_t lane = 0; lane < lanes_count; lane++) {
        ask(sharing, lane, sharing->request->argv, sharing->request->argc);
    }
}

/* The arguments of one lane's keys, in their order, behind the command's name. */
static uint32_t arguments_of(const struct sharing *sharing, uint32_t lane, struct slice *argv)
{
    const struct request *request = sharing->request;
    uint32_t step = (uint32_t)request->command->key_specs[0].step;
    uint32_t argc = 1;
    argv[0] = request->argv[0];
    for (uint32_t k = 0; k < sharing->held->keys_count; k++) {
        if (sharing->held->order[k] != lane) continue;
        for (uint32_t i = 0; i < step; i++) argv[argc++] = request->argv[1 + k * step + i];
    }
    return argc;
}

/* False: MSET with a value missing; the lane of its first key will say so. */
static bool share_by_keys(struct sharing *sharing)
{
    const struct crossing *crossing = sharing->server->crossing;
    const struct request *request = sharing->request;
    uint32_t step = (uint32_t)request->command->key_specs[0].step;
    uint32_t count = (request->argc - 1) / step;
    bool whole = (request->argc - 1) % step == 0;
    sharing->held->keys_count = whole ? count : 0;
    sharing->held->order = calloc(count, sizeof(uint32_t));
    struct slice *argv = calloc(request->argc, sizeof(struct slice));
    ASSERT(sharing->held->order != NULL);
    ASSERT(argv != NULL);
    for (uint32_t k = 0; k < count; k++) {
        sharing->held->order[k] = crossing_lane_of(crossing, request->argv[1 + k * step]);
    }
    for (uint32_t lane = 0; whole && lane < crossing->config.lanes_count; lane++) {
        uint32_t argc = arguments_of(sharing, lane, argv);
        if (argc > 1) ask(sharing, lane, argv, argc);
    }
    free(argv);
    return whole;
}

/* Cursors of the lanes are dealt in turn: the client's modulo the lanes is the lane. */
static void share_cursor(struct sharing *sharing)
{
    uint32_t lanes_count = sharing->server->crossing->config.lanes_count;
    const struct request *request = sharing->request;
    char text[32];
    uint64_t cursor = 0;
    size_t len = u64_min(request->argv[1].len, sizeof text - 1);
    memcpy(text, request->argv[1].data, len);
    text[len] = '\0';
    char *end;
    cursor = strtoull(text, &end, 10);
    struct slice *argv = calloc(request->argc, sizeof(struct slice));
    ASSERT(argv != NULL);
    memcpy(argv, request->argv, request->argc * sizeof(struct slice));
    if (*end == '\0' && len > 0) { /* else the lane says what is wrong with it */
        sharing->held->cursor_lane = (uint32_t)(cursor % lanes_count);
        int written =
            snprintf(text, sizeof text, "%llu", (unsigned long long)(cursor / lanes_count));
        argv[1] = slice_of(text, (size_t)written);
    }
    ask(sharing, sharing->held->cursor_lane, argv, request->argc);
    free(argv);
}

bool crossing_share_out(struct server *server, struct session *session,
                        const struct request *request)
{
    const struct share_row *row = row_of(request->command->id);
    if (row == NULL) return false;
    enum command_id id = request->command->id;
    if (id == COMMAND_PUBLISH || id == COMMAND_SPUBLISH)
        crossing_tell_nodes(server, request->argv, request->argc);
    struct session_crossing *of = crossing_of(server->crossing, session);
    struct held *held = held_push(of);
    held->combine = row->combine;
    held->silent = (session->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP)) != 0;
    session->flags &= ~(uint32_t)SESSION_REPLY_SKIP;
    held->parts = calloc(server->crossing->config.lanes_count, sizeof(struct buffer));
    ASSERT(held->parts != NULL);
    struct sharing sharing = {server, session, request, held, of->first + held_count(of) - 1};
    switch (row->share) {
    case SHARE_ALL: share_all(&sharing); break;
    case SHARE_CURSOR: share_cursor(&sharing); break;
    case SHARE_KEYS:
        if (!share_by_keys(&sharing)) {
            held->combine = COMBINE_FIRST;
            ask(&sharing, held->order[0], request->argv, request->argc);
        }
        break;
    }
    return true;
}
