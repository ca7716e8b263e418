/*
 * keep_gather.c -- see keep_gather.h.
 *
 * [I1] Of a shard's copies the one that goes furthest counts: who leads it has applied all that was
 *      acknowledged before it began to write, and no other copy that goes further lacks any of it.
 * [I2] What was not verified whole never gets its name.
 */
#include "cli/keep_gather.h"

#include <stdio.h>
#include <time.h>

#include "base/host_port.h"
#include "base/integer.h"
#include "base/size.h"
#include "io/file.h"
#include "node/backup.h"

enum {
    NODES_GATHERED_MAX = 128,
    ATTEMPTS_MAX = 20, /* while a node writes a snapshot of its own */
    PAUSE_NS = 200 * 1000 * 1000,
    FILE_FIELDS = 4
};

struct place { /* a node */
    struct slice name;
    struct io_address address;
    bool is_there; /* alive, or leaving */
    struct keep_talk talk;
};

struct copy {            /* of a shard */
    struct place *place; /* NULL: none yet */
    struct slice file;
    int64_t index, bytes;
};

struct keep_members {
    struct place *places;
    uint32_t count, there, lanes_count;
};

struct gathering {
    struct arena *arena;
    const struct keep_members *members;
    struct copy *copies; /* [SHARDS_MAX] */
    const char *aside;
    struct fault *fault;
};

/* --- who is there ----------------------------------------------------------------------------- */

/* A map, or in RESP2 a list of names and values. */
static struct slice field(const struct answer *row, const char *name)
{
    for (uint32_t i = 0; i + 1 < row->count; i += 2) {
        if (slice_eq(row->items[i].text, slice_text(name))) return row->items[i + 1].text;
    }
    return SLICE("");
}

static enum err read_address(struct arena *arena, struct slice text, struct io_address *address,
                             struct fault *fault)
{
    struct slice host;
    uint16_t port;
    if (host_port_split(text, &host, &port)) {
        return io_address_resolve(arena_text(arena, host), port, address, fault);
    }
    return fault_set(fault, ERR_BAD_RECORD, "the node says that another is at '%.*s'",
                     (int)text.len, (const char *)text.data);
}

static enum err take_member(struct arena *arena, const struct answer *row,
                            struct keep_members *members, struct fault *fault)
{
    uint64_t lanes;
    struct slice state = field(row, "state");
    struct place *place = &members->places[members->count++];
    *place = (struct place){.name = arena_copy(arena, field(row, "node"))};
    place->is_there = slice_eq(state, SLICE("alive")) || slice_eq(state, SLICE("leaving"));
    members->there += place->is_there;
    bool me = slice_eq(field(row, "me"), SLICE("1")) || slice_eq(field(row, "me"), SLICE("yes"));
    if (me && count_parse(field(row, "lanes"), &lanes)) members->lanes_count = (uint32_t)lanes;
    return place->is_there ? read_address(arena, field(row, "address"), &place->address, fault)
                           : ERR_OK;
}

enum err keep_members_ask(struct keep_talk *talk, struct arena *arena, struct keep_members **made)
{
    struct answer answer;
    struct keep_members *members = ARENA_NEW(arena, struct keep_members);
    *members = (struct keep_members){.lanes_count = 1};
    *made = members;
    enum err err =
        keep_talk_ask(talk, (struct slice[]){SLICE("CLUSTER"), SLICE("MEMBERS")}, 2, &answer);
    if (err != ERR_OK) return err;
    if (answer.kind != ANSWER_LIST || answer.count > NODES_GATHERED_MAX) {
        return fault_set(talk->fault, ERR_BAD_RECORD, "the node does not say who its others are");
    }
    members->places = ARENA_ARRAY(arena, struct place, answer.count + 1);
    for (uint32_t i = 0; i < answer.count && err == ERR_OK; i++) {
        err = take_member(arena, &answer.items[i], members, talk->fault);
    }
    return err;
}

bool keep_members_are_many(const struct keep_members *members)
{
    return members->count > 1;
}

/* --- each writes what it has -------------------------------------------------------------------
 */

static enum err prefix(struct fault *fault, const struct place *place)
{
    return fault_prefix(fault, "node %.*s", (int)place->name.len, (const char *)place->name.data);
}

/* A snapshot of its own may be under way. */
static enum err prepare(struct place *place)
{
    const struct timespec pause = {0, PAUSE_NS};
    enum err err = ERR_OK;
    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct answer answer;
        uint64_t failed;
        if (attempt > 0) (void)nanosleep(&pause, NULL);
        err = keep_talk_ask(&place->talk, (struct slice[]){SLICE("BACKUP"), SLICE("PREPARE")}, 2,
                            &answer);
        if (err != ERR_CANCELLED) return err;
        struct fault refused = *place->talk.fault;
        err = keep_talk_wait(&place->talk, &failed);
        if (err != ERR_OK) return err;
        *place->talk.fault = refused;
        err = refused.code;
    }
    return err;
}

static enum err prepare_all(struct gathering *gathering)
{
    const struct keep_members *members = gathering->members;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < members->count && err == ERR_OK; i++) {
        struct place *place = &members->places[i];
        if (!place->is_there) continue;
        place->talk = (struct keep_talk){.arena = gathering->arena, .fault = gathering->fault};
        err = keep_talk_open(&place->talk, &place->address);
        if (err == ERR_OK) err = prepare(place);
        if (err != ERR_OK) err = prefix(gathering->fault, place);
    }
    return err;
}

static enum err wait_for(struct place *place)
{
    uint64_t failed = 0;
    enum err err = keep_talk_wait(&place->talk, &failed);
    if (err != ERR_OK || failed == 0) return err;
    return fault_set(place->talk.fault, ERR_IO,
                     "it could not write the backup; is there room on its disk?");
}

/* [I1] */
static void take_file(struct gathering *gathering, struct place *place, const struct answer *row)
{
    int64_t shard, index, bytes;
    bool good = row->kind == ANSWER_LIST && row->count == FILE_FIELDS &&
                integer_parse(row->items[1].text, &shard) &&
                integer_parse(row->items[2].text, &index) &&
                integer_parse(row->items[3].text, &bytes);
    if (!good || shard < 0 || shard >= SHARDS_MAX) return; /* the root group's is of no use */
    struct copy *copy = &gathering->copies[shard];
    if (copy->place != NULL && copy->index >= index) return;
    *copy = (struct copy){place, arena_copy(gathering->arena, row->items[0].text), index, bytes};
}

static enum err choose(struct gathering *gathering)
{
    const struct keep_members *members = gathering->members;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < members->count && err == ERR_OK; i++) {
        struct place *place = &members->places[i];
        struct answer answer;
        if (!place->is_there) continue;
        err = wait_for(place);
        if (err == ERR_OK) {
            err = keep_talk_ask(&place->talk, (struct slice[]){SLICE("BACKUP"), SLICE("FILES")}, 2,
                                &answer);
        }
        if (err != ERR_OK) return prefix(gathering->fault, place);
        for (uint32_t k = 0; k < answer.count; k++) {
            take_file(gathering, place, &answer.items[k]);
        }
    }
    return err;
}

/* --- and it comes here --------------------------------------------------------------------------
 */

/* `*got` 0: that was its end. */
static enum err fetch_piece(const struct copy *copy, uint64_t offset, struct file *file,
                            size_t *got, struct fault *fault)
{
    char digits[24];
    struct answer answer;
    struct keep_talk talk = copy->place->talk;
    talk.arena = arena_new();
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)offset);
    const struct slice words[] = {SLICE("BACKUP"), SLICE("READ"), copy->file, slice_text(digits)};
    enum err err = keep_talk_ask(&talk, words, COUNT_OF(words), &answer);
    if (err != ERR_OK) err = prefix(fault, copy->place);
    if (err == ERR_OK) err = file_write(file, answer.text, fault);
    *got = answer.text.len;
    arena_free(talk.arena);
    return err;
}

static enum err fetch(const struct gathering *gathering, const struct copy *copy, const char *path)
{
    struct file file;
    enum err err = file_create(path, &file, gathering->fault);
    if (err != ERR_OK) return err;
    size_t got = 1;
    for (uint64_t at = 0; got > 0 && err == ERR_OK; at += got) { /* ends: with the file */
        err = fetch_piece(copy, at, &file, &got, gathering->fault);
    }
    if (err == ERR_OK) err = file_sync(&file, gathering->fault);
    file_close(&file);
    return err;
}

static uint32_t shards_count(const struct gathering *gathering)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SHARDS_MAX; i++) {
        if (gathering->copies[i].place != NULL) count = i + 1;
    }
    return count;
}

/* As the asked node would have them, had it all: shards in lanes. */
static enum err fetch_all(const struct gathering *gathering)
{
    uint32_t count = shards_count(gathering), lanes_count = gathering->members->lanes_count;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < lanes_count && err == ERR_OK; i++) {
        const char *folder = arena_format(gathering->arena, "%s/lane-%u", gathering->aside, i);
        err = folder_create(folder, gathering->fault);
        for (uint32_t k = 0; k < count && err == ERR_OK; k++) {
            const struct copy *copy = &gathering->copies[k];
            if (shard_lane((shard_id){k}, count, lanes_count) != i || copy->place == NULL) continue;
            const uint8_t *name = memrchr(copy->file.data, '/', copy->file.len);
            if (name == NULL) continue;
            size_t len = copy->file.len - (size_t)(name - copy->file.data);
            err = fetch(
                gathering, copy,
                arena_format(gathering->arena, "%s%.*s", folder, (int)len, (const char *)name));
        }
        if (err == ERR_OK) err = folder_sync(folder, gathering->fault);
    }
    return err;
}

static void leave_all(const struct gathering *gathering)
{
    const struct keep_members *members = gathering->members;
    for (uint32_t i = 0; i < members->count; i++) {
        struct keep_talk *talk = &members->places[i].talk;
        struct fault ignored; /* the next one's PREPARE removes it */
        struct answer answer;
        if (talk->client == NULL) continue;
        talk->fault = &ignored;
        enum err err =
            keep_talk_ask(talk, (struct slice[]){SLICE("BACKUP"), SLICE("DONE")}, 2, &answer);
        (void)err;
        keep_talk_close(talk);
    }
}

enum err keep_gather(const struct keep_members *members, const char *to, struct buffer *out,
                     struct fault *fault)
{
    struct arena *arena = arena_new();
    struct gathering gathering = {.arena = arena, .members = members, .fault = fault};
    gathering.copies = ARENA_ARRAY(arena, struct copy, SHARDS_MAX);
    memset(gathering.copies, 0, SHARDS_MAX * sizeof *gathering.copies);
    enum err err = node_backup_begin(arena, to, &gathering.aside, fault);
    if (err == ERR_OK) {
        err = prepare_all(&gathering);
        if (err == ERR_OK) err = choose(&gathering);
        if (err == ERR_OK) err = fetch_all(&gathering);
        leave_all(&gathering);
        err = node_backup_end(arena, gathering.aside, to, err, out, fault); /* [I2] */
    }
    arena_free(arena);
    return err;
}
