/* session_text.c -- see session_text.h. */
#include "serve/session_text.h"

#include "serve/acl.h"
#include "serve/pubsub.h"
#include "serve/session_impl.h"
#include "serve/transaction.h"

enum { OUTPUT_USUAL_BYTES = 16 << 10 };

static void address_append(struct buffer *out, const struct io_address *address)
{
    if (address->port == 0) {
        buffer_append_format(out, "%s:0", address->text);
    } else if (strchr(address->text, ':') != NULL) {
        buffer_append_format(out, "[%s]:%u", address->text, address->port);
    } else {
        buffer_append_format(out, "%s:%u", address->text, address->port);
    }
}

void session_address_append(struct buffer *out, const struct session *session)
{
    bool unix_socket = (session->flags & SESSION_UNIX_SOCKET) != 0;
    address_append(out, unix_socket ? &session->local : &session->peer);
}

void session_local_append(struct buffer *out, const struct session *session)
{
    address_append(out, &session->local);
}

void quoted_append(struct buffer *out, struct slice bytes)
{
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.data[i];
        switch (byte) {
        case '\\':
        case '"': buffer_append_format(out, "\\%c", byte); break;
        case '\n': buffer_append(out, SLICE("\\n")); break;
        case '\r': buffer_append(out, SLICE("\\r")); break;
        case '\t': buffer_append(out, SLICE("\\t")); break;
        case '\a': buffer_append(out, SLICE("\\a")); break;
        case '\b': buffer_append(out, SLICE("\\b")); break;
        default:
            if (byte >= ' ' && byte < 0x7f) {
                buffer_append_byte(out, byte);
            } else {
                buffer_append_format(out, "\\x%02x", byte);
            }
        }
    }
    buffer_append_byte(out, '"');
}

static void flags_append(struct buffer *out, const struct session *session)
{
    static const struct {
        uint32_t flag;
        char letter;
    } letters[] = {
        {SESSION_MONITOR, 'O'},  {SESSION_PUBSUB, 'P'},      {SESSION_MULTI, 'x'},
        {SESSION_BLOCKED, 'b'},  {SESSION_DIRTY_WATCH, 'd'}, {SESSION_CLOSE_AFTER_REPLY, 'c'},
        {SESSION_CLOSING, 'A'},  {SESSION_UNIX_SOCKET, 'U'}, {SESSION_NO_EVICT, 'e'},
        {SESSION_NO_TOUCH, 'T'},
    };
    size_t before = out->len;
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (session->flags & letters[i].flag) buffer_append_byte(out, (uint8_t)letters[i].letter);
    if (out->len == before) buffer_append_byte(out, 'N');
}

static size_t kept_bytes(const struct session *session)
{
    return sizeof(*session) + session->query.capacity + session->output.capacity +
           session->name.capacity + session->reader.arguments.capacity + transaction_bytes(session);
}

/* Beyond what every client that is answered has for a while. */
static size_t large_bytes(const struct buffer *buffer)
{
    return buffer->capacity > OUTPUT_USUAL_BYTES ? buffer->capacity : 0;
}

static int64_t seconds_since(const struct server *server, instant then)
{
    return (server->sessions->now.ns - then.ns) / 1000000000;
}

void session_info_append(struct buffer *out, const struct server *server,
                         const struct session *session)
{
    buffer_append_format(out, "id=%llu addr=", (unsigned long long)session->id);
    session_address_append(out, session);
    buffer_append(out, SLICE(" laddr="));
    address_append(out, &session->local);
    buffer_append_format(out, " fd=%d name=%.*s age=%lld idle=%lld flags=", session->connection.n,
                         (int)session->name.len, (const char *)session->name.data,
                         (long long)seconds_since(server, session->connected),
                         (long long)seconds_since(server, session->last_active));
    flags_append(out, session);
    int queued = session->flags & SESSION_MULTI ? (int)transaction_count(session) : -1;
    buffer_append_format(
        out, " db=%u sub=%u psub=%u ssub=%u multi=%d qbuf=%zu qbuf-free=%zu", session->database,
        pubsub_count_of(session, PUBSUB_CHANNEL), pubsub_count_of(session, PUBSUB_PATTERN),
        pubsub_count_of(session, PUBSUB_SHARD), queued, session->received.len + session->query.len,
        session->query.capacity - session->query.len);
    buffer_append_format(
        out, " argv-mem=%zu multi-mem=%zu rbs=%zu rbp=%zu obl=%zu oll=0 omem=%zu tot-mem=%zu",
        session->reader.arguments.len, transaction_bytes(session), session->output.capacity,
        session->output.len, session_output_bytes(session), large_bytes(&session->output),
        kept_bytes(session));
    struct slice user = acl_user_name(session->user);
    buffer_append_format(out, " events=r cmd=%s user=%.*s redir=-1 resp=%u",
                         session->last_command == NULL ? "NULL" : session->last_command->name,
                         (int)user.len, (const char *)user.data, session->protocol);
    buffer_append_format(out, " lib-name=%.*s lib-ver=%.*s", (int)session->library_name.len,
                         (const char *)session->library_name.data,
                         (int)session->library_version.len,
                         (const char *)session->library_version.data);
}
