/* join.c -- see join.h. */
#include "core/peer/join.h"

void join_answer_write(const struct join_answer *answer, struct buffer *out)
{
    put_u8(out, (uint8_t)answer->outcome);
    put_u32(out, answer->node.n);
    put_u64(out, answer->seed);
    put_sized(out, answer->name);
    put_sized(out, answer->registry);
    put_sized(out, answer->host);
    put_u32(out, answer->port);
    put_sized(out, answer->why);
}

static bool is_sound(const struct join_answer *answer)
{
    switch (answer->outcome) {
    case JOIN_WELCOME:
        return answer->node.n != 0 && answer->name.len != 0 && answer->registry.len != 0;
    case JOIN_ELSEWHERE: return answer->host.len != 0 && answer->port != 0;
    case JOIN_LATER:
    case JOIN_REFUSED: return true;
    }
    return false;
}

bool join_answer_read(struct slice bytes, struct join_answer *answer)
{
    struct cursor cursor = cursor_of(bytes);
    answer->outcome = (enum join_outcome)cursor_u8(&cursor);
    answer->node.n = cursor_u32(&cursor);
    answer->seed = cursor_u64(&cursor);
    answer->name = cursor_sized(&cursor);
    answer->registry = cursor_sized(&cursor);
    answer->host = cursor_sized(&cursor);
    uint32_t port = cursor_u32(&cursor);
    answer->port = (uint16_t)port;
    answer->why = cursor_sized(&cursor);
    return !cursor.bad && port <= UINT16_MAX && answer->host.len <= JOIN_HOST_BYTES_MAX &&
           answer->why.len <= JOIN_WHY_BYTES_MAX && is_sound(answer);
}
