/*
 * backup_command.c -- see backup_command.h.
 *
 * [I1] READ gives pieces of snapshots in the gathering's folder, and of nothing else.
 */
#include "serve/backup_command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/integer.h"
#include "cmd/call.h"
#include "io/file.h"
#include "io/folder.h"
#include "lane/snapshot_format.h"

#define GATHERED "backup.partial" /* in the data folder */

enum {
    BACKUP_NAME_MAX = 2048,
    BACKUP_PATH_MAX = BACKUP_NAME_MAX + 96,
    FILE_NAME_MAX = 64, /* "lane-12/snapshot-00042-00000000000000004711" */
    PIECE_BYTES = 512 << 10
};

static bool refuse_while_saving(const struct lane *lane, struct fault *fault)
{
    if (!lane_saving(lane).active) return false;
    (void)fault_set(fault, ERR_EXISTS, "a snapshot is under way already; try again after it");
    return true;
}

/* All of this lane's, into `path`. */
static enum err begin(struct session_call *call, const char *path, struct fault *fault)
{
    struct server *server = call->server;
    free(server->backup_path);
    server->backup_path = strdup(path);
    ASSERT(server->backup_path != NULL);
    return lane_save(server->lane, server->backup_path, fault);
}

static void answer(struct session_call *call, enum err err, const struct fault *fault)
{
    if (err == ERR_OK) {
        reply_ok(&call->reply);
    } else {
        reply_error(&call->reply, "ERR %s", fault->text);
    }
}

/* --- into a folder that is named -------------------------------------------------------------- */

/* DIR/lane-N, which must be new; DIR may have been made by another lane a moment ago. */
static enum err make_backup_folder(const struct lane *lane, struct slice name,
                                   char path[BACKUP_PATH_MAX], struct fault *fault)
{
    bool good = name.len > 0 && name.len < BACKUP_NAME_MAX && name.data[0] == '/' &&
                memchr(name.data, '\0', name.len) == NULL;
    if (!good) return fault_set(fault, ERR_USAGE, "the folder must be a full path");
    (void)snprintf(path, BACKUP_PATH_MAX, "%.*s", (int)name.len, (const char *)name.data);
    enum err err = folder_create(path, fault);
    if (err != ERR_OK && err != ERR_EXISTS) return err;
    (void)snprintf(path, BACKUP_PATH_MAX, "%.*s/lane-%u", (int)name.len, (const char *)name.data,
                   lane_number(lane));
    err = folder_create(path, fault);
    if (err != ERR_EXISTS) return err;
    return fault_set(fault, err, "%s is there already; name a new folder", path);
}

void backup_start_command(struct session_call *call)
{
    char path[BACKUP_PATH_MAX];
    struct fault fault;
    struct lane *lane = call->server->lane;
    enum err err = ERR_OK;
    if (refuse_while_saving(lane, &fault)) err = fault.code;
    if (err == ERR_OK) err = make_backup_folder(lane, call->argv[2], path, &fault);
    if (err == ERR_OK) err = begin(call, path, &fault);
    answer(call, err, &fault);
}

void backup_running_command(struct session_call *call)
{
    reply_integer(&call->reply, lane_saving(call->server->lane).active);
}

void backup_failed_command(struct session_call *call)
{
    reply_integer(&call->reply, lane_saving(call->server->lane).last_failed);
}

/* --- to be gathered --------------------------------------------------------------------------- */

/* False: the data folder has too long a name. */
static bool gathered_path(const struct session_call *call, const char *name,
                          char path[BACKUP_PATH_MAX])
{
    const char *folder = call->server->data_folder;
    int len = snprintf(path, BACKUP_PATH_MAX, "%s/" GATHERED "%s%s", folder,
                       *name == '\0' ? "" : "/", name);
    return len < BACKUP_PATH_MAX;
}

/* Each lane makes its own part anew. */
void backup_prepare_command(struct session_call *call)
{
    char all[BACKUP_PATH_MAX], path[BACKUP_PATH_MAX], name[FILE_NAME_MAX];
    struct fault fault;
    struct lane *lane = call->server->lane;
    enum err err = ERR_OK;
    (void)snprintf(name, sizeof name, "lane-%u", lane_number(lane));
    bool fits = gathered_path(call, "", all) && gathered_path(call, name, path);
    if (!fits) {
        err = fault_set(&fault, ERR_TOO_LONG, "the name of the data folder is too long");
    } else if (refuse_while_saving(lane, &fault)) {
        err = fault.code;
    }
    if (err == ERR_OK) {
        err = folder_create(all, &fault);
        if (err == ERR_EXISTS) err = ERR_OK; /* another lane has made it */
    }
    if (err == ERR_OK) {
        folder_remove_tree(path);
        err = folder_create(path, &fault);
    }
    if (err == ERR_OK) err = begin(call, path, &fault);
    answer(call, err, &fault);
}

/* "lane-0/snapshot-00042-00000000000000004711", and nothing else. [I1] */
static bool is_file_name(struct slice text, struct snapshot_name *name)
{
    static const char begin[] = "lane-";
    if (text.len <= sizeof begin || text.len >= FILE_NAME_MAX) return false;
    if (memcmp(text.data, begin, sizeof begin - 1) != 0) return false;
    const uint8_t *slash = memchr(text.data, '/', text.len);
    if (slash == NULL) return false;
    for (const uint8_t *at = text.data + sizeof begin - 1; at < slash; at++) {
        if (*at < '0' || *at > '9') return false;
    }
    struct slice last = slice_from(text, (size_t)(slash - text.data) + 1);
    return memchr(last.data, '/', last.len) == NULL && memchr(last.data, '\0', last.len) == NULL &&
           snapshot_name_read(last, name) && name->has_shard && name->suffix.len == 0;
}

/* A list each: the file, its shard, up to which entry of the shard's log it goes, its bytes. */
void backup_files_command(struct session_call *call)
{
    char path[BACKUP_PATH_MAX];
    struct folder_files files = {0};
    struct fault fault;
    struct arena *arena = arena_new();
    uint64_t count = 0;
    size_t opened = reply_open(&call->reply);
    bool fits = gathered_path(call, "", path);
    enum err err = fits ? folder_walk(path, arena, NULL, &files, &fault)
                        : fault_set(&fault, ERR_TOO_LONG, "the data folder's name is too long");
    for (uint32_t i = 0; i < files.count && err == ERR_OK; i++) {
        struct snapshot_name name;
        struct slice file = slice_from(files.files[i].path, strlen(path) + 1);
        if (!is_file_name(file, &name)) continue;
        reply_array(&call->reply, 4);
        reply_bulk(&call->reply, file);
        reply_integer(&call->reply, name.shard.n);
        reply_integer(&call->reply, (int64_t)name.index);
        reply_integer(&call->reply, (int64_t)files.files[i].bytes);
        count++;
    }
    if (err == ERR_OK) {
        reply_close_array(&call->reply, opened, count);
    } else {
        reply_rewind(&call->reply, opened);
        reply_error(&call->reply, "ERR %s", fault.text);
    }
    folder_files_free(&files);
    arena_free(arena);
}

static enum err read_piece(const char *path, uint64_t offset, struct buffer *piece,
                           struct fault *fault)
{
    struct file file;
    size_t got = 0;
    enum err err = file_open_read(path, &file, fault);
    if (err != ERR_OK) return err;
    err = file_read_at(&file, offset, buffer_reserve(piece, PIECE_BYTES), PIECE_BYTES, &got, fault);
    piece->len += got;
    file_close(&file);
    return err;
}

/* As many bytes as go at once, from the offset on; none: that is its end. */
void backup_read_command(struct session_call *call)
{
    char path[BACKUP_PATH_MAX], text[FILE_NAME_MAX];
    struct snapshot_name name;
    struct fault fault;
    struct buffer piece = {0};
    struct slice file = call->argv[2];
    int64_t offset;
    if (!integer_parse(call->argv[3], &offset) || offset < 0 || !is_file_name(file, &name)) {
        reply_error(&call->reply, "ERR give a file of BACKUP FILES, and an offset");
        return;
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)file.len, (const char *)file.data);
    enum err err = gathered_path(call, text, path)
                       ? read_piece(path, (uint64_t)offset, &piece, &fault)
                       : fault_set(&fault, ERR_TOO_LONG, "the data folder's name is too long");
    if (err == ERR_OK) {
        reply_bulk(&call->reply, buffer_slice(&piece));
    } else {
        reply_error(&call->reply, "ERR %s", fault.text);
    }
    buffer_free(&piece);
}

void backup_done_command(struct session_call *call)
{
    char path[BACKUP_PATH_MAX];
    if (gathered_path(call, "", path)) folder_remove_tree(path);
    reply_ok(&call->reply);
}
