/*
 * peer.c -- see peer.h.
 *
 * [I1] A length is compared with its limit before anything is done by it.
 * [I2] A payload is looked at only when its checksum is right.
 * [I3] HELLO and REFUSED have a fixed size: longer ones come from a newer version, whose first
 *      bytes mean the same.
 */
#include "core/peer/peer.h"

#include "base/crc.h"

static const uint32_t magic = 0x6b4c7454; /* "TtLk" */
enum { CHECKED_BYTES = 12, REFUSAL_BYTES = 5 };

void peer_frame_head(uint8_t head[PEER_FRAME_HEADER_BYTES], uint8_t version, uint8_t kind,
                     const struct slice *parts, uint32_t parts_count)
{
    size_t len = 0;
    for (uint32_t i = 0; i < parts_count; i++) len += parts[i].len;
    ASSERT(len <= PEER_PAYLOAD_BYTES_MAX);
    uint8_t *at = u32_write(head, magic);
    *at++ = version;
    *at++ = kind;
    *at++ = 0;
    *at++ = 0;
    at = u32_write(at, (uint32_t)len);
    uint32_t crc = crc32c(0, slice_of(head, CHECKED_BYTES));
    for (uint32_t i = 0; i < parts_count; i++) crc = crc32c(crc, parts[i]);
    (void)u32_write(at, crc);
}

static enum peer_read wrong(const char **why, const char *text)
{
    *why = text;
    return PEER_WRONG;
}

enum peer_read peer_frame_read(struct slice bytes, size_t payload_max, struct peer_frame *frame,
                               size_t *used, const char **why)
{
    *used = PEER_FRAME_HEADER_BYTES;
    if (bytes.len < PEER_FRAME_HEADER_BYTES) return PEER_SHORT;
    struct cursor cursor = cursor_of(bytes);
    if (cursor_u32(&cursor) != magic) return wrong(why, "what came is no frame of a link");
    frame->version = cursor_u8(&cursor);
    frame->kind = cursor_u8(&cursor);
    uint32_t reserved = cursor_u8(&cursor);
    reserved |= cursor_u8(&cursor);
    uint32_t len = cursor_u32(&cursor);
    uint32_t crc = cursor_u32(&cursor);
    if (reserved != 0) return wrong(why, "a frame has bits that mean nothing");
    if (len > payload_max) return wrong(why, "a frame is longer than it may be"); /* [I1] */
    *used += len;
    if (bytes.len < *used) return PEER_SHORT;
    frame->payload = slice_of(bytes.data + PEER_FRAME_HEADER_BYTES, len);
    uint32_t sum = crc32c(crc32c(0, slice_of(bytes.data, CHECKED_BYTES)), frame->payload);
    return sum == crc ? PEER_WHOLE : wrong(why, "the checksum of a frame is wrong"); /* [I2] */
}

/* --- the handshake --------------------------------------------------------------------------- */

static uint8_t *write_hello(const struct peer_hello *hello, uint8_t *at)
{
    *at++ = hello->version_min;
    *at++ = hello->version_max;
    at = u64_write(at, hello->cluster);
    at = u32_write(at, hello->node.n);
    at = u32_write(at, hello->wanted.n);
    at = u32_write(at, hello->lane);
    at = u32_write(at, hello->lanes_count);
    memcpy(at, hello->nonce, sizeof hello->nonce);
    return at + sizeof hello->nonce;
}

void peer_hello_write(const struct peer_hello *hello, struct buffer *out)
{
    (void)write_hello(hello, buffer_reserve(out, PEER_HELLO_BYTES));
    out->len += PEER_HELLO_BYTES;
}

bool peer_hello_read(struct slice payload, struct peer_hello *hello)
{
    struct cursor cursor = cursor_of(payload);
    hello->version_min = cursor_u8(&cursor);
    hello->version_max = cursor_u8(&cursor);
    hello->cluster = cursor_u64(&cursor);
    hello->node.n = cursor_u32(&cursor);
    hello->wanted.n = cursor_u32(&cursor);
    hello->lane = cursor_u32(&cursor);
    hello->lanes_count = cursor_u32(&cursor);
    struct slice nonce = cursor_bytes(&cursor, sizeof hello->nonce);
    if (cursor.bad) return false; /* [I3] */
    memcpy(hello->nonce, nonce.data, sizeof hello->nonce);
    return hello->version_min != 0 && hello->version_min <= hello->version_max;
}

void peer_refusal_write(const struct peer_refusal *refusal, struct buffer *out)
{
    put_u8(out, (uint8_t)refusal->reason);
    put_u32(out, refusal->mine);
}

bool peer_refusal_read(struct slice payload, struct peer_refusal *refusal)
{
    struct cursor cursor = cursor_of(payload);
    uint8_t reason = cursor_u8(&cursor);
    refusal->mine = cursor_u32(&cursor);
    refusal->reason = (enum peer_reason)reason;
    return !cursor.bad && reason >= PEER_REASON_VERSION && reason <= PEER_REASON_MEMBER;
}

void peer_refusal_tell(const struct peer_refusal *refusal, struct buffer *out)
{
    switch (refusal->reason) {
    case PEER_REASON_VERSION:
        buffer_append_format(out,
                             "it speaks another version of the protocol (%u at most; here %d to "
                             "%d): update the older one",
                             refusal->mine, PEER_VERSION_MIN, PEER_VERSION_MAX);
        break;
    case PEER_REASON_CLUSTER:
        buffer_append(out, SLICE("it belongs to another cluster: a node's folder is of the cluster "
                                 "in which it began; in one by --peers, --cluster and the numbers "
                                 "must be the same on all nodes"));
        break;
    case PEER_REASON_NODE:
        buffer_append_format(out,
                             "it is node %u, and meant another one: --peers must be the same on "
                             "all nodes, and each has a --node of its own",
                             refusal->mine);
        break;
    case PEER_REASON_LANES:
        buffer_append_format(out,
                             "it has %u lane%s, and does not know yet how many are here: it will "
                             "from the cluster's list of its nodes",
                             refusal->mine, refusal->mine == 1 ? "" : "s");
        break;
    case PEER_REASON_LANE:
        buffer_append_format(out,
                             "its lane %u was met instead of another: the ports in --peers must be "
                             "those of lane 0, the same on all nodes",
                             refusal->mine);
        break;
    case PEER_REASON_SECRET:
        buffer_append(out, SLICE("it has another secret: cluster.secret in the data folders, or "
                                 "what is in --peer-secret-file, must be the same on all nodes"));
        break;
    case PEER_REASON_FORM:
        buffer_append(out, SLICE("it says that we do not keep to the protocol"));
        break;
    case PEER_REASON_MEMBER:
        buffer_append(out, SLICE("it knows no such node in the cluster: if this one was removed "
                                 "('tutti nodes' says), begin with an empty folder and join "
                                 "again"));
        break;
    }
}

static bool refuse(struct peer_refusal *refusal, enum peer_reason reason, uint32_t mine)
{
    *refusal = (struct peer_refusal){reason, mine};
    return false;
}

bool peer_hello_check(const struct peer_hello *mine, const struct peer_hello *theirs,
                      uint8_t *version, struct peer_refusal *refusal)
{
    bool apart = mine->version_max < theirs->version_min || theirs->version_max < mine->version_min;
    if (apart) return refuse(refusal, PEER_REASON_VERSION, mine->version_max);
    *version = (uint8_t)u64_min(mine->version_max, theirs->version_max);
    if (mine->cluster != theirs->cluster) return refuse(refusal, PEER_REASON_CLUSTER, 0);
    bool joins = mine->node.n == 0 || theirs->node.n == 0;
    bool meant = (theirs->wanted.n == 0 || node_eq(theirs->wanted, mine->node)) &&
                 (mine->wanted.n == 0 || node_eq(mine->wanted, theirs->node)) &&
                 !node_eq(mine->node, theirs->node);
    if (!meant) return refuse(refusal, PEER_REASON_NODE, mine->node.n);
    bool meet = joins
                    ? mine->lane == 0 && theirs->lane == 0
                    : lanes_meet(mine->lane, mine->lanes_count, theirs->lane, theirs->lanes_count);
    return meet ? true : refuse(refusal, PEER_REASON_LANE, mine->lane);
}

void peer_proof_text(const struct peer_hello *connector, const struct peer_hello *acceptor,
                     bool by_connector, uint8_t text[PEER_PROOF_TEXT_BYTES])
{
    uint8_t *at = text;
    *at++ = by_connector ? 'C' : 'A';
    at = write_hello(connector, at);
    at = write_hello(acceptor, at);
    ASSERT(at == text + PEER_PROOF_TEXT_BYTES);
}

bool peer_proof_same(struct slice a, struct slice b)
{
    if (a.len != b.len) return false;
    uint8_t differ = 0;
    for (size_t i = 0; i < a.len; i++) differ |= (uint8_t)(a.data[i] ^ b.data[i]);
    return differ == 0;
}
