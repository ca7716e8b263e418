/*
 * gossiping.c -- see gossiping.h.
 *
 * [I1] Nothing of a datagram is looked at, but its version and cluster, before its proof.
 * [I2] The machine's time never goes back.
 */
#include "lane/gossiping.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "core/peer/peer.h"

enum { HEAD_BYTES = 9, DATAGRAM_BYTES_MAX = GOSSIP_BODY_BYTES_MAX + GOSSIPING_ENVELOPE_BYTES };

_Static_assert(HEAD_BYTES + GOSSIPING_MAC_BYTES == GOSSIPING_ENVELOPE_BYTES, "the envelope");
_Static_assert((int)DATAGRAM_BYTES_MAX <= (int)IO_DATAGRAM_BYTES_MAX, "it fits");

struct gossiping {
    struct io *io;
    struct arena *arena;
    struct gossip *gossip;
    io_handle socket;
    io_tag tag;
    uint64_t cluster;
    struct slice secret;
    struct gossip_address address;
    struct buffer facts;
    instant now, deadline;
    struct gossip_msg msg;
    struct gossip_outbox out;
    struct gossiping_stats stats;
};

/* --- the envelope ---------------------------------------------------------------------------- */

static void prove(const struct gossiping *gossiping, struct slice bytes,
                  uint8_t proof[GOSSIPING_MAC_BYTES])
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    unsigned len = sizeof whole;
    struct slice key = gossiping->secret;
    const void *key_bytes = key.len == 0 ? "" : (const void *)key.data;
    const uint8_t *done =
        HMAC(EVP_sha256(), key_bytes, (int)key.len, bytes.data, bytes.len, whole, &len);
    ASSERT(done != NULL);
    memcpy(proof, whole, GOSSIPING_MAC_BYTES);
}

static size_t seal(const struct gossiping *gossiping, const struct gossip_datagram *datagram,
                   uint8_t to[DATAGRAM_BYTES_MAX])
{
    uint8_t *at = to;
    *at++ = GOSSIPING_VERSION;
    at = u64_write(at, gossiping->cluster);
    memcpy(at, datagram->bytes, datagram->len);
    at += datagram->len;
    prove(gossiping, slice_of(to, (size_t)(at - to)), at);
    return (size_t)(at - to) + GOSSIPING_MAC_BYTES;
}

/* False: it is dropped, and counted. */
static bool unseal(struct gossiping *gossiping, struct slice bytes, struct slice *body)
{
    struct gossiping_stats *stats = &gossiping->stats;
    struct cursor cursor = cursor_of(bytes);
    uint8_t version = cursor_u8(&cursor), proof[GOSSIPING_MAC_BYTES];
    uint64_t cluster = cursor_u64(&cursor);
    if (bytes.len < GOSSIPING_ENVELOPE_BYTES) {
        stats->refused_form++;
        return false;
    }
    if (version != GOSSIPING_VERSION || cluster != gossiping->cluster) {
        bool other_version = version != GOSSIPING_VERSION;
        *(other_version ? &stats->refused_version : &stats->refused_cluster) += 1;
        return false;
    }
    struct slice proven = slice_of(bytes.data, bytes.len - GOSSIPING_MAC_BYTES);
    prove(gossiping, proven, proof);
    if (!peer_proof_same(slice_of(proof, sizeof proof), slice_from(bytes, proven.len))) {
        stats->refused_secret++; /* [I1] */
        return false;
    }
    *body = slice_from(proven, HEAD_BYTES);
    return true;
}

/* --- addresses ------------------------------------------------------------------------------- */

void gossiping_address(const struct gossip_address *from, struct io_address *to)
{
    _Static_assert(sizeof to->text >= sizeof from->host, "it fits");
    *to = (struct io_address){.port = from->port};
    memcpy(to->text, from->host, sizeof from->host);
}

/* False: it is too long to be one in numbers. */
static bool address_of(const struct io_address *from, struct gossip_address *to)
{
    size_t len = strlen(from->text);
    if (len == 0 || len >= sizeof to->host) return false;
    *to = (struct gossip_address){.port = from->port};
    memcpy(to->host, from->text, len);
    return true;
}

/* --- the machine ----------------------------------------------------------------------------- */

static void step(struct gossiping *gossiping, struct gossip_event *event, instant now)
{
    uint8_t bytes[DATAGRAM_BYTES_MAX];
    if (now.ns > gossiping->now.ns) gossiping->now = now; /* [I2] */
    event->now = gossiping->now;
    gossip_step(gossiping->gossip, event, &gossiping->out);
    gossiping->deadline = gossiping->out.deadline;
    for (uint32_t i = 0; i < gossiping->out.count; i++) {
        struct io_address to;
        const struct gossip_datagram *datagram = &gossiping->out.datagrams[i];
        gossiping_address(&datagram->to, &to);
        size_t len = seal(gossiping, datagram, bytes);
        io_datagram_send(gossiping->io, gossiping->socket, &to, slice_of(bytes, len));
        gossiping->stats.sent++;
        gossiping->stats.bytes_sent += len;
    }
}

void gossiping_complete(struct gossiping *gossiping, const struct io_completion *completion)
{
    struct slice body;
    struct gossip_event event = {.kind = GOSSIP_EV_DATAGRAM, .msg = &gossiping->msg};
    if (completion->kind != IO_DATAGRAM || completion->tag.n != gossiping->tag.n) return;
    gossiping->stats.received++;
    gossiping->stats.bytes_received += completion->bytes.len;
    if (!unseal(gossiping, completion->bytes, &body)) return;
    bool good = gossip_msg_read(body, &gossiping->msg);
    if (!good || !address_of(completion->from, &event.from)) {
        gossiping->stats.refused_form++;
        return;
    }
    step(gossiping, &event, io_now(gossiping->io));
}

instant gossiping_turn(struct gossiping *gossiping, instant now)
{
    struct gossip_event event = {.kind = GOSSIP_EV_TICK};
    if (gossiping->deadline.ns <= now.ns) step(gossiping, &event, now);
    return gossiping->deadline;
}

void gossiping_tell(struct gossiping *gossiping, const struct gossip_load *load, instant now)
{
    struct gossip_event event = {.kind = GOSSIP_EV_SELF_CHANGED, .load = *load};
    event.address = gossiping->address;
    event.facts = buffer_slice(&gossiping->facts);
    step(gossiping, &event, now);
}

void gossiping_seeds(struct gossiping *gossiping, const struct gossiping_seed *seeds,
                     uint32_t count, instant now)
{
    struct gossip_seed *list = calloc(count == 0 ? 1 : count, sizeof *list);
    struct gossip_event event = {.kind = GOSSIP_EV_SEEDS, .seeds = list};
    ASSERT(list != NULL);
    for (uint32_t i = 0; i < count; i++) {
        struct gossip_seed *seed = &list[event.seeds_count];
        seed->node = seeds[i].node;
        if (address_of(&seeds[i].address, &seed->address)) event.seeds_count++;
    }
    step(gossiping, &event, now);
    free(list);
}

void gossiping_leave(struct gossiping *gossiping, instant now)
{
    struct gossip_event event = {.kind = GOSSIP_EV_LEAVE};
    step(gossiping, &event, now);
}

/* --- making and freeing ---------------------------------------------------------------------- */

static enum err open_socket(struct gossiping *gossiping, const struct gossiping_config *config,
                            struct fault *fault)
{
    struct io_address bound = config->bind, told = config->told;
    enum err err = io_datagram_open(gossiping->io, &bound, config->tag, &gossiping->socket, fault);
    if (err != ERR_OK) return fault_prefix(fault, "gossip (UDP)");
    if (told.text[0] == '\0') told = bound;
    if (told.port == 0) told.port = bound.port;
    if (address_of(&told, &gossiping->address)) return ERR_OK;
    return fault_set(fault, ERR_TOO_LONG, "the address %s is too long to tell others", told.text);
}

enum err gossiping_new(const struct gossiping_config *config, struct io *io,
                       struct gossiping **made, struct fault *fault)
{
    struct gossiping *gossiping = calloc(1, sizeof *gossiping);
    ASSERT(gossiping != NULL);
    gossiping->io = io;
    gossiping->tag = config->tag;
    gossiping->socket = IO_NONE;
    gossiping->cluster = config->cluster;
    gossiping->now = gossiping->deadline = io_now(io);
    gossiping->arena = arena_new();
    gossiping->secret = arena_copy(gossiping->arena, config->secret);
    enum err err = open_socket(gossiping, config, fault);
    if (err != ERR_OK) {
        gossiping_free(gossiping);
        return err;
    }
    struct gossip_config gossip = config->gossip;
    gossip_facts_write(&config->facts, &gossiping->facts);
    gossip.address = gossiping->address;
    gossip.facts = buffer_slice(&gossiping->facts);
    gossiping->gossip = gossip_new(gossiping->arena, &gossip, gossiping->now);
    *made = gossiping;
    return ERR_OK;
}

void gossiping_free(struct gossiping *gossiping)
{
    if (gossiping == NULL) return;
    if (gossiping->socket.n != IO_NONE.n) io_close(gossiping->io, gossiping->socket);
    if (gossiping->gossip != NULL) gossip_free(gossiping->gossip);
    buffer_free(&gossiping->facts);
    arena_free(gossiping->arena);
    free(gossiping);
}

const struct gossip *gossiping_view(const struct gossiping *gossiping)
{
    return gossiping->gossip;
}

const struct gossiping_stats *gossiping_stats(const struct gossiping *gossiping)
{
    return &gossiping->stats;
}
