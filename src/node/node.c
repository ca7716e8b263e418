/* node.c -- see node.h. */
#include "node/node.h"
#include "cmd/command.h"
#include "io/random.h"
#include "lane/mailbox.h"
#include "lane/wiring.h"
#include "node/exposure.h"
#include "node/formation.h"
#include "node/membership.h"
#include "node/node_impl.h"

static void make_run_id(char id[RUN_ID_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[RUN_ID_LEN];
    random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < RUN_ID_LEN; i++) id[i] = digits[bytes[i] & 15];
    id[RUN_ID_LEN] = '\0';
}

static enum err open_folders(struct node *node, struct fault *fault)
{
    const struct config *config = node->options.config;
    enum err err = node_check_exposure(config, fault);
    if (err == ERR_OK) err = peers_read(node->arena, config, &node->peers, fault);
    if (err != ERR_OK) return err;
    err = formation_open(node->arena, config, &node->peers, &node->folder, fault);
    node->has_folder = err == ERR_OK;
    if (err == ERR_OK) {
        err = membership_open(node->arena, &node->options, &node->folder, &node->peers,
                              &node->membership, fault);
    }
    node->lane_folders = ARENA_ARRAY(node->arena, const char *, node->lanes_count);
    for (uint32_t i = 0; i < node->lanes_count && err == ERR_OK; i++) {
        err = data_folder_lane(node->arena, &node->folder, i, &node->lane_folders[i], fault);
    }
    return err;
}

enum err node_new(const struct node_options *options, struct node **made, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct node *node = ARENA_ARRAY(arena, struct node, 1);
    *node = (struct node){.options = *options, .arena = arena};
    node->lanes_count = (uint32_t)config_integer(options->config, SETTING_LANES);
    enum err err = open_folders(node, fault);
    if (err != ERR_OK) {
        node_free(node);
        return err;
    }
    make_run_id(node->run_id);
    node->commands = command_table_new(arena);
    node->mailboxes = ARENA_ARRAY(arena, struct mailbox *, node->lanes_count);
    node->wirings = ARENA_ARRAY(arena, struct mailbox *, node->lanes_count);
    for (uint32_t i = 0; i < node->lanes_count; i++) {
        node->mailboxes[i] = mailbox_new();
        node->wirings[i] = mailbox_new();
    }
    node->membership.told.mailboxes = node->wirings;
    *made = node;
    return ERR_OK;
}

void node_free(struct node *node)
{
    if (node == NULL) return;
    for (uint32_t i = 0; node->mailboxes != NULL && i < node->lanes_count; i++) {
        mailbox_free(node->mailboxes[i]);
        mailbox_free(node->wirings[i]);
    }
    membership_close(&node->membership);
    if (node->has_folder) data_folder_close(&node->folder);
    arena_free(node->arena);
}

void node_hand_registry(struct node *node, struct slice registry)
{
    struct message *message = message_new(0, 0, WIRING_MAP);
    buffer_append(&message->bytes, registry);
    mailbox_put_take(node->wirings[0], message);
}

uint32_t node_lanes_count(const struct node *node)
{
    return node->lanes_count;
}

const struct peers *node_peers(const struct node *node)
{
    return &node->peers;
}

const struct data_folder *node_folder(const struct node *node)
{
    return &node->folder;
}

const struct membership *node_membership(const struct node *node)
{
    return &node->membership;
}
