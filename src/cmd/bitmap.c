/* bitmap.c -- SETBIT GETBIT BITCOUNT BITPOS BITOP: strings as rows of bits. */
#include "cmd/bitmap.h"

#include "cmd/handlers.h"
#include "cmd/string.h"

enum { BYTE_BITS = 8 };

bool bit_offset(struct call *call, uint32_t index, uint32_t bits, bool hashed, uint64_t *offset)
{
    struct slice text = call->argv[index];
    int64_t value;
    bool counted = hashed && text.len != 0 && text.data[0] == '#';
    if (counted) text = slice_from(text, 1);
    uint64_t bytes_max = u64_min(call->settings->bulk_bytes_max, STORE_STRING_BYTES_MAX);
    bool fits = integer_parse(text, &value) && value >= 0 &&
                !(counted && __builtin_mul_overflow(value, (int64_t)bits, &value)) &&
                ((uint64_t)value + bits - 1) / BYTE_BITS < bytes_max;
    if (fits) {
        *offset = (uint64_t)value;
    } else {
        reply_error(&call->reply, "ERR bit offset is not an integer or out of range");
    }
    return fits;
}

static unsigned bit_mask(uint64_t offset)
{
    return 0x80U >> offset % BYTE_BITS;
}

static bool bit_at(struct slice bytes, uint64_t offset)
{
    uint64_t byte = offset / BYTE_BITS;
    return byte < bytes.len && (bytes.data[byte] & bit_mask(offset)) != 0;
}

void cmd_getbit(struct call *call)
{
    uint64_t offset;
    if (!bit_offset(call, 2, 1, false, &offset)) return;
    struct entry *entry;
    enum call_found found = call_read(call, call->argv[1], VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    char scratch[INTEGER_TEXT_MAX];
    bool bit = found == CALL_FOUND && bit_at(entry_string(entry, scratch), offset);
    reply_integer(&call->reply, bit);
}

void cmd_setbit(struct call *call)
{
    struct slice key = call->argv[1];
    uint64_t offset;
    int64_t bit;
    if (!bit_offset(call, 2, 1, false, &offset)) return;
    if (!call_integer_in(call, 3, 0, 1, &bit, "ERR bit is not an integer or out of range")) return;
    struct entry *entry;
    char scratch[INTEGER_TEXT_MAX];
    enum call_found found = call_write(call, key, VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    struct slice bytes = found == CALL_FOUND ? entry_string(entry, scratch) : SLICE("");
    size_t len = u64_max(bytes.len, offset / BYTE_BITS + 1);
    bool old_bit = bit_at(bytes, offset);
    if (len != bytes.len || old_bit != bit || found == CALL_MISSING) {
        uint8_t *byte = string_make_room(call, key, entry, len) + offset / BYTE_BITS;
        *byte = (uint8_t)(bit ? *byte | bit_mask(offset) : *byte & ~bit_mask(offset));
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_STRING, "setbit", key);
    }
    reply_integer(&call->reply, old_bit);
}

/* --- ranges ----------------------------------------------------------------------------------- */

enum unit { UNIT_BYTE, UNIT_BIT };

static bool unit_read(struct call *call, uint32_t index, enum unit *unit)
{
    *unit = UNIT_BYTE;
    if (index >= call->argc) return true;
    if (word_is(call->argv[index], "BIT")) {
        *unit = UNIT_BIT;
    } else if (!word_is(call->argv[index], "BYTE")) {
        call_syntax_error(call);
        return false;
    }
    return true;
}

/* Both ends, which may be negative, to bits: first .. end - 1. False: an empty range. */
static bool range_resolve(size_t bytes_len, int64_t start, int64_t end, enum unit unit,
                          uint64_t *first_bit, uint64_t *end_bit)
{
    int64_t scale = unit == UNIT_BIT ? 1 : BYTE_BITS;
    int64_t len = (int64_t)bytes_len * (BYTE_BITS / scale);
    if (start < 0) start += len;
    if (end < 0) end += len;
    if (start < 0) start = 0;
    if (end < 0) end = 0;
    if (end >= len) end = len - 1;
    if (start > end) return false;
    *first_bit = (uint64_t)(start * scale);
    *end_bit = (uint64_t)((end + 1) * scale);
    return true;
}

static uint64_t range_count(struct slice bytes, uint64_t first_bit, uint64_t end_bit)
{
    uint64_t first = first_bit / BYTE_BITS, end = (end_bit + BYTE_BITS - 1) / BYTE_BITS;
    uint64_t count = bits_count(slice_of(bytes.data + first, end - first));
    for (uint64_t bit = first * BYTE_BITS; bit < first_bit; bit++) count -= bit_at(bytes, bit);
    for (uint64_t bit = end_bit; bit < end * BYTE_BITS; bit++) count -= bit_at(bytes, bit);
    return count;
}

void cmd_bitcount(struct call *call)
{
    struct entry *entry;
    enum call_found found = call_read(call, call->argv[1], VALUE_STRING, &entry);
    if (found == CALL_MISSING) reply_integer(&call->reply, 0);
    if (found != CALL_FOUND) return;
    char scratch[INTEGER_TEXT_MAX];
    struct slice bytes = entry_string(entry, scratch);
    int64_t start = 0, end = -1;
    enum unit unit = UNIT_BYTE;
    if (call->argc == 3 || call->argc > 5) {
        call_syntax_error(call);
        return;
    }
    if (call->argc > 3) {
        if (!call_integer(call, 2, &start) || !call_integer(call, 3, &end)) return;
        if (start < 0 && end < 0 && start > end) { /* before the unit is looked at, as in Redis */
            reply_integer(&call->reply, 0);
            return;
        }
        if (!unit_read(call, 4, &unit)) return;
    }
    uint64_t first_bit, end_bit, count = 0;
    if (range_resolve(bytes.len, start, end, unit, &first_bit, &end_bit)) {
        count = range_count(bytes, first_bit, end_bit);
    }
    reply_integer(&call->reply, (int64_t)count);
}

/* The first bit in the range, or end_bit. */
static uint64_t range_find(struct slice bytes, bool bit, uint64_t first_bit, uint64_t end_bit)
{
    uint64_t at = first_bit;
    for (; at < end_bit && at % BYTE_BITS != 0; at++) {
        if (bit_at(bytes, at) == bit) return at;
    }
    if (at < end_bit) {
        uint64_t first = at / BYTE_BITS, end = (end_bit + BYTE_BITS - 1) / BYTE_BITS;
        at += bits_find(slice_of(bytes.data + first, end - first), bit);
    }
    return u64_min(at, end_bit);
}

struct bitpos {
    bool bit, end_given;
    int64_t start, end;
    enum unit unit;
};

static bool bitpos_range(struct call *call, struct bitpos *wanted)
{
    wanted->end = -1;
    if (call->argc > 6) {
        call_syntax_error(call);
        return false;
    }
    if (call->argc > 3 && !call_integer(call, 3, &wanted->start)) return false;
    if (!unit_read(call, 5, &wanted->unit)) return false;
    wanted->end_given = call->argc > 4;
    return !wanted->end_given || call_integer(call, 4, &wanted->end);
}

void cmd_bitpos(struct call *call)
{
    int64_t bit;
    if (!call_integer(call, 2, &bit)) return;
    if (bit != 0 && bit != 1) {
        reply_error(&call->reply, "ERR The bit argument must be 1 or 0.");
        return;
    }
    struct entry *entry;
    enum call_found found = call_read(call, call->argv[1], VALUE_STRING, &entry);
    if (found == CALL_MISSING) reply_integer(&call->reply, bit ? -1 : 0);
    struct bitpos wanted = {.bit = bit != 0};
    if (found != CALL_FOUND || !bitpos_range(call, &wanted)) return;
    char scratch[INTEGER_TEXT_MAX];
    struct slice bytes = entry_string(entry, scratch);
    uint64_t first_bit, end_bit;
    int64_t at = -1;
    if (range_resolve(bytes.len, wanted.start, wanted.end, wanted.unit, &first_bit, &end_bit)) {
        uint64_t place = range_find(bytes, wanted.bit, first_bit, end_bit);
        /* Without an end, clear bits go on for ever behind the string. */
        bool is_there = place < end_bit || (!wanted.bit && !wanted.end_given);
        if (is_there) at = (int64_t)place;
    }
    reply_integer(&call->reply, at);
}

/* --- BITOP ------------------------------------------------------------------------------------ */

enum operation { OPERATION_AND, OPERATION_OR, OPERATION_XOR, OPERATION_NOT };

static bool operation_read(struct call *call, enum operation *operation)
{
    static const char *const words[] = {"AND", "OR", "XOR", "NOT"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!word_is(call->argv[1], words[i])) continue;
        *operation = (enum operation)i;
        if (*operation != OPERATION_NOT || call->argc == 4) return true;
        reply_error(&call->reply, "ERR BITOP NOT must be called with a single source key.");
        return false;
    }
    call_syntax_error(call);
    return false;
}

/* The length of the longest source. False: one is no string; replied. */
static bool sources_check(struct call *call, size_t *len_max)
{
    *len_max = 0;
    for (uint32_t i = 3; i < call->argc; i++) {
        struct entry *entry;
        enum call_found found = call_read(call, call->argv[i], VALUE_STRING, &entry);
        if (found == CALL_WRONG_TYPE) return false;
        if (found == CALL_FOUND) *len_max = u64_max(*len_max, entry_string_bytes(entry));
    }
    return true;
}

/* A shorter source counts as filled up with zeros. */
static void combine(enum operation operation, uint8_t *bytes, size_t len, struct slice with)
{
    switch (operation) {
    case OPERATION_AND:
        for (size_t i = 0; i < with.len; i++) bytes[i] &= with.data[i];
        memset(bytes + with.len, 0, len - with.len);
        break;
    case OPERATION_OR:
        for (size_t i = 0; i < with.len; i++) bytes[i] |= with.data[i];
        break;
    case OPERATION_XOR:
        for (size_t i = 0; i < with.len; i++) bytes[i] ^= with.data[i];
        break;
    case OPERATION_NOT:
        for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)~bytes[i];
        break;
    }
}

static void sources_combine(struct call *call, enum operation operation, uint8_t *bytes, size_t len)
{
    memset(bytes, 0, len);
    for (uint32_t i = 3; i < call->argc; i++) {
        char scratch[INTEGER_TEXT_MAX];
        const struct entry *entry = store_peek(call->store, call->database, call->argv[i]);
        struct slice source = entry == NULL ? SLICE("") : entry_string(entry, scratch);
        combine(i == 3 ? OPERATION_OR : operation, bytes, len, source);
    }
    if (operation == OPERATION_NOT) combine(OPERATION_NOT, bytes, len, SLICE(""));
}

void cmd_bitop(struct call *call)
{
    enum operation operation;
    size_t len;
    struct slice key = call->argv[2];
    if (!operation_read(call, &operation) || !sources_check(call, &len)) return;
    if (len != 0) {
        struct buffer result = {0};
        uint8_t *bytes = buffer_reserve(&result, len);
        sources_combine(call, operation, bytes, len);
        string_put(call, key, slice_of(bytes, len), STORE_NO_EXPIRY);
        call_notify(call, NOTIFY_STRING, "set", key);
        buffer_free(&result);
    } else if (store_delete(call->store, call->database, key)) {
        call_modified(call, call->database, key);
        call_notify(call, NOTIFY_GENERIC, "del", key);
    }
    reply_integer(&call->reply, (int64_t)len);
}
