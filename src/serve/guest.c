/* guest.c -- see guest.h. */
#include <stdlib.h>

#include "serve/acl.h"
#include "serve/crossing_impl.h"

struct guests {
    uint32_t lanes_count;
    struct session ***by_slot; /* [lanes_count][slots_count]: of each lane's sessions */
    uint32_t *slots_counts;
};

struct answer { /* written, and waiting for its gate */
    uint64_t entry, gate;
    size_t end; /* in the guest's output */
};

struct session_guest {
    uint32_t from_lane;
    uint64_t slot, id;      /* of the session at home */
    struct buffer answers;  /* of struct answer */
    uint64_t waiting_entry; /* whose call waits for keys */
    bool waiting, waiting_quiet;
};

struct guests *guests_new(uint32_t lanes_count)
{
    struct guests *guests = calloc(1, sizeof *guests);
    ASSERT(guests != NULL);
    guests->lanes_count = lanes_count;
    guests->by_slot = calloc(lanes_count, sizeof *guests->by_slot);
    guests->slots_counts = calloc(lanes_count, sizeof *guests->slots_counts);
    ASSERT(guests->by_slot != NULL);
    ASSERT(guests->slots_counts != NULL);
    return guests;
}

void guests_free(struct guests *guests)
{
    for (uint32_t i = 0; i < guests->lanes_count; i++) free(guests->by_slot[i]);
    free(guests->by_slot);
    free(guests->slots_counts);
    free(guests);
}

/* --- who they are ---------------------------------------------------------------------------- */

static struct session **place_of(struct guests *guests, uint32_t lane, uint64_t slot)
{
    uint32_t count = guests->slots_counts[lane];
    if (slot >= count) {
        uint32_t wanted = count == 0 ? 64 : count;
        while (wanted <= slot) wanted *= 2;
        guests->by_slot[lane] = realloc(guests->by_slot[lane], wanted * sizeof(struct session *));
        ASSERT(guests->by_slot[lane] != NULL);
        memset(guests->by_slot[lane] + count, 0, (wanted - count) * sizeof(struct session *));
        guests->slots_counts[lane] = wanted;
    }
    return &guests->by_slot[lane][slot];
}

static struct session *guest_open(struct server *server, uint32_t lane, uint64_t slot, uint64_t id)
{
    struct session *guest = session_open(server, IO_NONE);
    guest->flags |= SESSION_GUEST;
    guest->authenticated = true; /* its home has asked the ACL */
    guest->user = acl_default_user(server->acl);
    guest->guest = calloc(1, sizeof(struct session_guest));
    ASSERT(guest->guest != NULL);
    *guest->guest = (struct session_guest){.from_lane = lane, .slot = slot, .id = id};
    return guest;
}

void guest_free_parts(struct session *guest)
{
    if (guest->guest == NULL) return;
    buffer_free(&guest->guest->answers);
    free(guest->guest);
    guest->guest = NULL;
}

/* --- asks ------------------------------------------------------------------------------------ */

struct ask {
    uint64_t slot, id, entry;
    uint8_t flags;
    uint32_t database, argc;
};

static struct ask ask_read(struct cursor *in)
{
    struct ask ask = {.slot = cursor_varint(in), .id = cursor_varint(in)};
    ask.entry = cursor_varint(in);
    ask.flags = cursor_u8(in);
    ask.database = (uint32_t)cursor_varint(in);
    ask.argc = (uint32_t)cursor_varint(in);
    return ask;
}

void guests_receive(struct server *server, uint32_t from_lane, struct slice asks)
{
    struct cursor in = cursor_of(asks);
    while (cursor_left(&in) > 0) {
        const uint8_t *start = in.at;
        struct ask ask = ask_read(&in);
        for (uint32_t i = 0; i < ask.argc; i++) (void)cursor_sized(&in);
        ASSERT(!in.bad); /* our own lanes write them */
        struct session **place = place_of(server->crossing->guests, from_lane, ask.slot);
        if (*place == NULL) *place = guest_open(server, from_lane, ask.slot, ask.id);
        struct session *guest = *place;
        ASSERT(guest->guest->id == ask.id);
        if (ask.flags & ASK_BYE) {
            *place = NULL;
            session_close(server, guest);
            continue;
        }
        buffer_borrow(server->sessions, &guest->query);
        buffer_append(&guest->query, slice_of(start, (size_t)(in.at - start)));
        session_enter(server->sessions, SESSIONS_RUN, guest);
    }
}

/* --- running --------------------------------------------------------------------------------- */

static void answer_note(struct server *server, struct session *guest, uint64_t entry, bool quiet)
{
    struct session_guest *of = guest->guest;
    size_t begin = 0;
    if (of->answers.len > 0) {
        const struct answer *last =
            (const struct answer *)(void *)(of->answers.data + of->answers.len) - 1;
        begin = last->end;
    }
    if (quiet) {
        guest->output.len = begin;
        return;
    }
    struct answer answer = {entry, guest->gate, guest->output.len};
    buffer_append(&of->answers, slice_of(&answer, sizeof answer));
    session_enter(server->sessions, SESSIONS_SEND, guest);
}

/* A call that waited for keys has been served, or its time is over. */
static void waited(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    if (!of->waiting || (guest->flags & SESSION_BLOCKED)) return;
    of->waiting = false;
    answer_note(server, guest, of->waiting_entry, of->waiting_quiet);
}

static bool may_run(const struct session *guest)
{
    return !(guest->flags & (SESSION_BLOCKED | SESSION_CLOSING)) &&
           !session_in(guest, SESSIONS_PAUSED) && !session_in(guest, SESSIONS_LATER);
}

/* False: nothing happened to it. */
static bool ask_run(struct server *server, struct session *guest, const struct ask *ask,
                    const struct slice *argv)
{
    guest->protocol = ask->flags & ASK_RESP3 ? 3 : 2;
    guest->database = ask->database;
    guest->flags &= ~(uint32_t)(SESSION_NO_TOUCH | SESSION_RESTRICTED);
    if (ask->flags & ASK_NO_TOUCH) guest->flags |= SESSION_NO_TOUCH;
    if (ask->flags & ASK_RESTRICTED) guest->flags |= SESSION_RESTRICTED;
    struct request request = {.argv = argv, .argc = ask->argc};
    request.command = command_find(server->commands, argv, ask->argc, &request.container);
    session_output_begin(server, guest);
    switch (dispatch(server, guest, &request)) {
    case DISPATCH_RAN:
    case DISPATCH_ANSWERED: break;
    case DISPATCH_OWED: UNREACHABLE("an answer owed to a guest"); break;
    case DISPATCH_LATER: session_enter(server->sessions, SESSIONS_LATER, guest); return false;
    case DISPATCH_PAUSED: session_enter(server->sessions, SESSIONS_PAUSED, guest); return false;
    }
    bool quiet = (ask->flags & ASK_QUIET) != 0;
    if (guest->flags & SESSION_BLOCKED) {
        guest->guest->waiting = true;
        guest->guest->waiting_entry = ask->entry;
        guest->guest->waiting_quiet = quiet;
    } else {
        answer_note(server, guest, ask->entry, quiet);
    }
    return true;
}

void guest_run(struct server *server, struct session *guest)
{
    waited(server, guest);
    struct buffer *arguments = &server->sessions->guest_arguments;
    struct cursor in = cursor_of(buffer_slice(&guest->query));
    const uint8_t *done = in.at;
    server->sessions->current = guest;
    while (cursor_left(&in) > 0 && may_run(guest)) {
        struct ask ask = ask_read(&in);
        buffer_clear(arguments);
        struct slice *argv =
            (struct slice *)(void *)buffer_reserve(arguments, ask.argc * sizeof(struct slice));
        for (uint32_t i = 0; i < ask.argc; i++) argv[i] = cursor_sized(&in);
        if (!ask_run(server, guest, &ask, argv)) break;
        done = in.at;
    }
    server->sessions->current = NULL;
    if (done == in.end) {
        buffer_return(server->sessions, &guest->query);
    } else if (guest->query.len > 0) {
        buffer_consume(&guest->query, (size_t)(done - guest->query.data));
    }
}

/* --- answers --------------------------------------------------------------------------------- */

void guest_send(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    uint64_t durable = lane_agreed(server->lane);
    const struct answer *answers = (const struct answer *)(void *)of->answers.data;
    size_t count = of->answers.len / sizeof *answers, sent = 0, begin = 0;
    for (; sent < count && answers[sent].gate <= durable; sent++) {
        struct buffer *out = crossing_answers(server->crossing, of->from_lane);
        put_varint(out, of->slot);
        put_varint(out, of->id);
        put_varint(out, answers[sent].entry);
        put_sized(out, slice_of(guest->output.data + begin, answers[sent].end - begin));
        begin = answers[sent].end;
    }
    buffer_consume(&guest->output, begin);
    buffer_consume(&of->answers, sent * sizeof *answers);
    struct answer *rest = (struct answer *)(void *)of->answers.data;
    for (size_t i = 0; i < count - sent; i++) rest[i].end -= begin;
    guest->early_bytes = 0;
    if (of->answers.len > 0) return;
    session_leave(server->sessions, SESSIONS_SEND, guest);
    if (guest->output.len == 0) buffer_return(server->sessions, &guest->output);
}
