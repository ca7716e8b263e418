/* peers.c -- see peers.h. */
#include "node/peers.h"

#include "base/host_port.h"
#include "base/prng.h"
#include "base/size.h"
#include "node/secret.h"

enum { NAME_BYTES_MAX = 64, PORT_MAX = 65535, NODE_MAX = 65535 };

/* --- the list -------------------------------------------------------------------------------- */

static enum err read_peer(struct arena *arena, struct slice word, struct link_peer *peer,
                          struct fault *fault)
{
    const uint8_t *equals = memchr(word.data, '=', word.len);
    size_t len = equals == NULL ? 0 : (size_t)(equals - word.data);
    uint64_t number = 0;
    uint16_t port = 0;
    struct slice host = {0};
    bool good = equals != NULL && count_parse(slice_of(word.data, len), &number) && number != 0 &&
                number <= NODE_MAX && host_port_split(slice_from(word, len + 1), &host, &port);
    if (!good) {
        return fault_set(fault, ERR_USAGE,
                         "peers has '%.*s': a node is NUMBER=HOST:PORT, as in 1=10.0.0.1:7400",
                         (int)word.len, (const char *)word.data);
    }
    peer->node.n = (uint32_t)number;
    enum err err = io_address_resolve(arena_text(arena, host), port, &peer->address, fault);
    if (err != ERR_OK) return fault_prefix(fault, "node %u of peers", peer->node.n);
    return ERR_OK;
}

static void insert(struct peers *peers, const struct link_peer *peer)
{
    uint32_t at = peers->count++;
    for (; at > 0 && peers->peers[at - 1].node.n > peer->node.n; at--) {
        peers->peers[at] = peers->peers[at - 1];
    }
    peers->peers[at] = *peer;
}

static enum err read_list(struct arena *arena, const char *list, struct peers *peers,
                          struct fault *fault)
{
    static const char blanks[] = " \t,";
    enum err err = ERR_OK;
    for (const char *at = list + strspn(list, blanks); *at != '\0' && err == ERR_OK;) {
        struct slice word = slice_of(at, strcspn(at, blanks));
        struct link_peer peer = {0};
        at += word.len;
        at += strspn(at, blanks);
        if (peers->count == PEERS_MAX) {
            return fault_set(
                fault, ERR_USAGE,
                "peers names more than %d nodes: more make writes slower, and three or "
                "five are enough",
                PEERS_MAX);
        }
        err = read_peer(arena, word, &peer, fault);
        if (err == ERR_OK) insert(peers, &peer);
    }
    return err;
}

/* --- what must be so ------------------------------------------------------------------------- */

/* Two nodes on one host need ports of their own for each lane. */
static enum err check_pair(const struct link_peer *a, const struct link_peer *b,
                           uint32_t lanes_count, struct fault *fault)
{
    if (node_eq(a->node, b->node)) {
        return fault_set(fault, ERR_USAGE, "peers names node %u twice: each has its own number",
                         a->node.n);
    }
    uint32_t apart = a->address.port > b->address.port
                         ? (uint32_t)a->address.port - b->address.port
                         : (uint32_t)b->address.port - a->address.port;
    if (strcmp(a->address.text, b->address.text) != 0 || apart >= lanes_count) return ERR_OK;
    return fault_set(fault, ERR_USAGE,
                     "peers has the nodes %u and %u both at %s, ports %u and %u: each lane takes a "
                     "port of its own, so they must be %u apart or more",
                     a->node.n, b->node.n, a->address.text, a->address.port, b->address.port,
                     lanes_count);
}

static enum err check_one(const struct peers *peers, uint32_t at, uint32_t lanes_count,
                          struct fault *fault)
{
    const struct link_peer *peer = &peers->peers[at];
    const struct io_address *address = &peer->address;
    if (strcmp(address->text, "0.0.0.0") == 0 || strcmp(address->text, "::") == 0) {
        return fault_set(fault, ERR_USAGE,
                         "peers has node %u at %s, which is no place to reach it at: give the "
                         "address that the other nodes use",
                         peer->node.n, address->text);
    }
    if (address->port + lanes_count - 1 > PORT_MAX) {
        return fault_set(fault, ERR_USAGE,
                         "peers has node %u at port %u, and with %u lanes it takes as many ports "
                         "from there on: there are not so many",
                         peer->node.n, address->port, lanes_count);
    }
    if (io_address_is_local(address) != io_address_is_local(&peers->peers[0].address)) {
        return fault_set(fault, ERR_USAGE,
                         "peers has some nodes on this machine alone, and some elsewhere (node %u "
                         "at %s): give addresses at which all nodes reach each other",
                         peer->node.n, address->text);
    }
    for (uint32_t i = 0; i < at; i++) {
        enum err err = check_pair(&peers->peers[i], peer, lanes_count, fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

static enum err check_list(const struct peers *peers, uint32_t lanes_count, struct fault *fault)
{
    bool found = false;
    for (uint32_t i = 0; i < peers->count; i++) {
        enum err err = check_one(peers, i, lanes_count, fault);
        if (err != ERR_OK) return err;
        found = found || node_eq(peers->peers[i].node, peers->self);
    }
    if (peers->count < PEERS_MIN) {
        return fault_set(fault, ERR_USAGE,
                         "peers names one node alone: name all of them, or give neither --node nor "
                         "--peers");
    }
    if (found) return ERR_OK;
    return fault_set(
        fault, ERR_USAGE,
        "node is %u, and peers has no such node: give the list of all nodes, with this "
        "one in it, the same on each",
        peers->self.n);
}

static enum err check_together(const struct config *config, struct fault *fault)
{
    int64_t heartbeat = config_integer(config, SETTING_HEARTBEAT_MS);
    int64_t election = config_integer(config, SETTING_ELECTION_TIMEOUT_MS);
    if (3 * heartbeat > election) {
        return fault_set(
            fault, ERR_USAGE,
            "heartbeat-ms is %lld, and election-timeout-ms %lld: a leader must be heard "
            "three times in that, or nodes give it up for nothing; set "
            "election-timeout-ms to %lld or more",
            (long long)heartbeat, (long long)election, (long long)(3 * heartbeat));
    }
    size_t len = strlen(config_text(config, SETTING_CLUSTER));
    const char *name = config_text(config, SETTING_CLUSTER);
    for (size_t i = 0; i < len; i++) {
        if (name[i] > ' ' && name[i] < 0x7f) continue;
        return fault_set(fault, ERR_USAGE, "cluster is '%s': a name has no blanks, and is ASCII",
                         name);
    }
    if (len != 0 && len <= NAME_BYTES_MAX) return ERR_OK;
    return fault_set(fault, ERR_USAGE, "the name of a cluster has 1 to %d letters", NAME_BYTES_MAX);
}

/* --- what all of them know ------------------------------------------------------------------- */

static enum err find_secret(struct arena *arena, const struct config *config, struct peers *peers,
                            struct fault *fault)
{
    const char *path = config_text(config, SETTING_PEER_SECRET_FILE);
    if (*path != '\0') return secret_read(arena, path, &peers->secret, fault);
    const struct link_peer *first = &peers->peers[0];
    if (io_address_is_local(&first->address)) return ERR_OK;
    return fault_set(
        fault, ERR_USAGE,
        "peers has addresses that others than this machine can reach (node %u at %s), "
        "and anybody there could take part: give all nodes the same --peer-secret-file "
        "(make one with: openssl rand -hex 32), or use addresses of 127.0.0.1",
        first->node.n, first->address.text);
}

/* Replicas of one shard hash alike, so that a SCAN goes on at another leader; and nobody who does
 * not know the secret can make keys that collide. All nodes of the list come to the same. */
static void derive(const struct config *config, struct peers *peers)
{
    const char *name = config_text(config, SETTING_CLUSTER);
    struct data_identity *identity = &peers->identity;
    struct buffer text = {0};
    *identity = (struct data_identity){
        .origin = DATA_ORIGIN_LISTED,
        .name = name,
        .node = peers->self,
        .shards_count = (uint32_t)config_integer(config, SETTING_SHARDS),
    };
    buffer_append_format(&text, "tutti links %s", name);
    for (uint32_t i = 0; i < peers->count; i++) {
        buffer_append_format(&text, " %u", peers->peers[i].node.n);
    }
    identity->cluster = secret_hash(buffer_slice(&text));
    /* Without a file they are all on this machine, and whoever is there may know. */
    secret_derive(peers->secret.len == 0 ? buffer_slice(&text) : peers->secret, identity->secret);
    buffer_clear(&text);
    buffer_append_format(&text, "tutti store %s ", name);
    buffer_append(&text, peers->secret);
    identity->seed = secret_hash(buffer_slice(&text));
    buffer_free(&text);
}

enum err peers_read(struct arena *arena, const struct config *config, struct peers *peers,
                    struct fault *fault)
{
    const char *list = config_text(config, SETTING_PEERS);
    uint32_t lanes_count = (uint32_t)config_integer(config, SETTING_LANES);
    *peers = (struct peers){.self = {(uint32_t)config_integer(config, SETTING_NODE)}};
    bool listed = list[strspn(list, " \t,")] != '\0';
    if (!listed && peers->self.n == 0) return ERR_OK;
    if (!listed) {
        return fault_set(fault, ERR_USAGE,
                         "node is %u, and there are no peers: name all nodes with --peers "
                         "1=HOST:PORT,2=HOST:PORT,3=HOST:PORT, this one too",
                         peers->self.n);
    }
    if (peers->self.n == 0) {
        return fault_set(fault, ERR_USAGE,
                         "peers names the nodes of a cluster: say with --node which one this is");
    }
    enum err err = check_together(config, fault);
    if (err == ERR_OK) err = read_list(arena, list, peers, fault);
    if (err == ERR_OK) err = check_list(peers, lanes_count, fault);
    if (err == ERR_OK) err = find_secret(arena, config, peers, fault);
    if (err == ERR_OK) derive(config, peers);
    return err;
}

/* --- what a lane gets ------------------------------------------------------------------------ */

static duration milliseconds(const struct config *config, enum setting_id id)
{
    return (duration){config_integer(config, id) * 1000000};
}

static size_t size(const struct config *config, enum setting_id id)
{
    return (size_t)config_integer(config, id);
}

void peers_fill(const struct peers *peers, const struct data_identity *identity,
                const struct config *config, uint32_t lane, uint64_t chance,
                struct lane_replication_config *to)
{
    struct raft_config *raft = &to->raft;
    struct link_config *link = &to->link;
    struct prng prng = {chance};
    duration election = milliseconds(config, SETTING_ELECTION_TIMEOUT_MS);
    size_t queue_bytes = size(config, SETTING_PEER_QUEUE_SIZE);
    *raft = (struct raft_config){
        .self = peers->self,
        .election_min = election,
        .election_max = {2 * election.ns},
        .heartbeat = milliseconds(config, SETTING_HEARTBEAT_MS),
        .hibernate_after = milliseconds(config, SETTING_HIBERNATE_AFTER_MS),
        .lease = config_bool(config, SETTING_LEASE),
        .drift_percent = (uint32_t)config_integer(config, SETTING_CLOCK_DRIFT_PERCENT),
        /* More than the queue takes would be dropped, and sent again. */
        .window_bytes = u64_min(size(config, SETTING_REPLICATION_WINDOW_SIZE), queue_bytes),
        .window_entries = (uint32_t)config_integer(config, SETTING_REPLICATION_WINDOW_ENTRIES),
        .append_bytes = size(config, SETTING_REPLICATION_APPEND_SIZE),
        .chunk_bytes = size(config, SETTING_SNAPSHOT_CHUNK_SIZE),
        .tail_bytes = size(config, SETTING_REPLICATION_TAIL_SIZE),
        .seed = prng_next(&prng),
    };
    *link = (struct link_config){
        .self = peers->self,
        .lane = lane,
        .lanes_count = (uint32_t)config_integer(config, SETTING_LANES),
        .cluster = identity->cluster,
        .secret = slice_of(identity->secret, sizeof identity->secret),
        .peers_count = peers->count,
        .silence = milliseconds(config, SETTING_PEER_TIMEOUT_MS),
        .queue_bytes_max = queue_bytes,
        .nonce_seed = prng_next(&prng),
    };
    memcpy(link->peers, peers->peers, peers->count * sizeof peers->peers[0]);
    uint64_t rate = size(config, SETTING_SNAPSHOT_SEND_RATE); /* of all lanes */
    to->snapshot_bytes_a_second = rate == 0 ? 0 : u64_max(rate / link->lanes_count, 1);
}
