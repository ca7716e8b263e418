/* node_lane.h -- one lane of a node, in its own thread: composed, run, and taken apart. */
#pragma once

#include "lane/lane.h"
#include "node/listen.h"
#include "node/threads.h"
#include "serve/config.h"

enum { RUN_ID_LEN = 40 };

struct node_lane {
    /* by the node, before the thread begins */
    uint32_t number, lanes_count;
    const struct config *config;
    const struct command_table *commands;
    struct mailbox *const *mailboxes; /* [lanes_count] */
    uint64_t seed;
    const char *folder; /* its own */
    const char *data_folder, *config_path, *version;
    char run_id[RUN_ID_LEN + 1];
    /* by the thread: until it is ready */
    struct io_address listening[LISTENERS_MAX];
    uint32_t listening_count;
    const char *disk_name;
    struct lane_opened opened;
    /* at its end */
    struct fault fault; /* ERR_OK: it was asked to */
};

void node_lane_run(struct node_lane *lane, struct thread *self);
void node_run_id(char id[RUN_ID_LEN + 1]); /* of this run of the node: by chance */
