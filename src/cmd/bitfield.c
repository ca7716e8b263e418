/* bitfield.c -- BITFIELD: integers of 1 to 64 bits at any bit of a string. */
#include "cmd/bitmap.h"
#include "cmd/handlers.h"
#include "cmd/string.h"

enum {
    BYTE_BITS = 8,

    SIGNED_BITS_MAX = 64,
    UNSIGNED_BITS_MAX = 63,
};

typedef __int128 i128;
typedef unsigned __int128 u128;

enum overflow { OVERFLOW_WRAP, OVERFLOW_SATURATE, OVERFLOW_FAIL };
enum field_kind { FIELD_GET, FIELD_SET, FIELD_INCREMENT };

struct field {
    enum field_kind kind;
    enum overflow overflow;
    bool is_signed;
    uint32_t bits;
    uint64_t offset; /* in bits */
    int64_t value;
};

/* --- reading the arguments -------------------------------------------------------------------- */

static bool type_read(struct call *call, uint32_t index, struct field *field)
{
    struct slice text = call->argv[index];
    int64_t bits = 0;
    bool is_signed = text.len != 0 && text.data[0] == 'i';
    bool is_type = is_signed || (text.len != 0 && text.data[0] == 'u');
    if (is_type && integer_parse(slice_from(text, 1), &bits) && bits >= 1 &&
        bits <= (is_signed ? SIGNED_BITS_MAX : UNSIGNED_BITS_MAX)) {
        field->is_signed = is_signed;
        field->bits = (uint32_t)bits;
        return true;
    }
    reply_error(&call->reply, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 "
                              "is not supported but i64 is.");
    return false;
}

static bool overflow_read(struct call *call, uint32_t index, enum overflow *overflow)
{
    static const char *const words[] = {"WRAP", "SAT", "FAIL"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!word_is(call->argv[index], words[i])) continue;
        *overflow = (enum overflow)i;
        return true;
    }
    reply_error(&call->reply, "ERR Invalid OVERFLOW type specified");
    return false;
}

static bool kind_read(struct call *call, uint32_t index, enum field_kind *kind)
{
    static const char *const words[] = {"GET", "SET", "INCRBY"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        uint32_t needed = i == FIELD_GET ? 2 : 3;
        if (call->argc - index - 1 < needed || !word_is(call->argv[index], words[i])) continue;
        *kind = (enum field_kind)i;
        return true;
    }
    call_syntax_error(call);
    return false;
}

enum next { NEXT_FIELD, NEXT_END, NEXT_ERROR };

/* The operation at *index, which moves behind it. `field->overflow` holds from one to the next. */
static enum next field_next(struct call *call, uint32_t *index, struct field *field)
{
    while (*index + 1 < call->argc && word_is(call->argv[*index], "OVERFLOW")) {
        if (!overflow_read(call, *index + 1, &field->overflow)) return NEXT_ERROR;
        *index += 2;
    }
    if (*index == call->argc) return NEXT_END;
    if (!kind_read(call, *index, &field->kind)) return NEXT_ERROR;
    if (!type_read(call, *index + 1, field)) return NEXT_ERROR;
    if (!bit_offset(call, *index + 2, field->bits, true, &field->offset)) return NEXT_ERROR;
    if (field->kind == FIELD_GET) {
        *index += 3;
        return NEXT_FIELD;
    }
    if (!call_integer(call, *index + 3, &field->value)) return NEXT_ERROR;
    *index += 4;
    return NEXT_FIELD;
}

/* --- fields in bytes -------------------------------------------------------------------------- */

static uint64_t field_mask(const struct field *field)
{
    return UINT64_MAX >> (64 - field->bits);
}

/* The bytes that a field touches, as one number, and how far above its low bit the field is. */
struct window {
    uint64_t first;
    size_t count;
    unsigned shift;
};

static struct window window_of(const struct field *field)
{
    uint64_t first = field->offset / BYTE_BITS;
    unsigned head = (unsigned)(field->offset % BYTE_BITS);
    size_t count = (head + field->bits + BYTE_BITS - 1) / BYTE_BITS;
    return (struct window){first, count, (unsigned)(count * BYTE_BITS - head - field->bits)};
}

static u128 window_read(const struct window *window, struct slice bytes)
{
    u128 number = 0;
    for (size_t i = 0; i < window->count; i++) {
        uint64_t at = window->first + i;
        number = number << BYTE_BITS | (at < bytes.len ? bytes.data[at] : 0);
    }
    return number;
}

/* As it is told to the client: with its sign. */
static int64_t field_widen(const struct field *field, uint64_t raw)
{
    unsigned unused = 64 - field->bits;
    if (!field->is_signed) return (int64_t)raw;
    return (int64_t)(raw << unused) >> unused;
}

static int64_t field_get(const struct field *field, struct slice bytes)
{
    struct window window = window_of(field);
    uint64_t raw = (uint64_t)(window_read(&window, bytes) >> window.shift) & field_mask(field);
    return field_widen(field, raw);
}

static void field_put(const struct field *field, uint8_t *bytes, size_t len, int64_t value)
{
    struct window window = window_of(field);
    u128 mask = (u128)field_mask(field) << window.shift;
    u128 number = window_read(&window, slice_of(bytes, len)) & ~mask;
    number |= (u128)((uint64_t)value & field_mask(field)) << window.shift;
    for (size_t i = window.count; i-- > 0; number >>= BYTE_BITS) {
        bytes[window.first + i] = (uint8_t)number;
    }
}

/* The value to store. False: it overflows, and that is a failure. */
static bool field_fit(const struct field *field, i128 exact, int64_t *value)
{
    i128 max = field->is_signed ? field_mask(field) >> 1 : field_mask(field);
    i128 min = field->is_signed ? -max - 1 : 0;
    if (exact >= min && exact <= max) {
        *value = (int64_t)exact;
        return true;
    }
    switch (field->overflow) {
    case OVERFLOW_WRAP:
        *value = field_widen(field, (uint64_t)exact & field_mask(field));
        return true;
    case OVERFLOW_SATURATE: *value = (int64_t)(exact > max ? max : min); return true;
    case OVERFLOW_FAIL: break;
    }
    return false;
}

/* --- running ---------------------------------------------------------------------------------- */

/* Replies; true: the bytes changed. */
static bool field_change(struct call *call, const struct field *field, uint8_t *bytes, size_t len)
{
    int64_t old_value = field_get(field, slice_of(bytes, len)), value;
    i128 given = field->is_signed ? (i128)field->value : (i128)(uint64_t)field->value;
    i128 exact = field->kind == FIELD_SET ? given : (i128)old_value + field->value;
    if (!field_fit(field, exact, &value)) {
        reply_null(&call->reply);
        return false;
    }
    field_put(field, bytes, len, value);
    reply_integer(&call->reply, field->kind == FIELD_SET ? old_value : value);
    return value != old_value;
}

struct plan {
    uint64_t count;
    bool writes;
    size_t len; /* that the string must have for what is written */
};

static bool plan_make(struct call *call, struct plan *plan)
{
    struct field field = {0};
    uint32_t index = 2;
    enum next next;
    *plan = (struct plan){0};
    while ((next = field_next(call, &index, &field)) == NEXT_FIELD) {
        plan->count++;
        if (field.kind == FIELD_GET) continue;
        plan->writes = true;
        plan->len = u64_max(plan->len, (field.offset + field.bits - 1) / BYTE_BITS + 1);
    }
    return next == NEXT_END;
}

static void run_reads(struct call *call, const struct plan *plan)
{
    struct entry *entry;
    char scratch[INTEGER_TEXT_MAX];
    enum call_found found = call_read(call, call->argv[1], VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    struct slice bytes = found == CALL_FOUND ? entry_string(entry, scratch) : SLICE("");
    reply_array(&call->reply, plan->count);
    struct field field = {0};
    for (uint32_t index = 2; field_next(call, &index, &field) == NEXT_FIELD;) {
        reply_integer(&call->reply, field_get(&field, bytes));
    }
}

static void run_writes(struct call *call, const struct plan *plan)
{
    struct slice key = call->argv[1];
    struct entry *entry;
    enum call_found found = call_write(call, key, VALUE_STRING, &entry);
    if (found == CALL_WRONG_TYPE) return;
    size_t old_len = found == CALL_FOUND ? entry_string_bytes(entry) : 0;
    size_t len = u64_max(old_len, plan->len);
    uint8_t *bytes = string_make_room(call, key, entry, len);
    bool changed = len != old_len;
    reply_array(&call->reply, plan->count);
    struct field field = {0};
    for (uint32_t index = 2; field_next(call, &index, &field) == NEXT_FIELD;) {
        if (field.kind == FIELD_GET) {
            reply_integer(&call->reply, field_get(&field, slice_of(bytes, len)));
        } else {
            changed |= field_change(call, &field, bytes, len);
        }
    }
    if (!changed) return;
    call_modified(call, call->database, key);
    call_notify(call, NOTIFY_STRING, "setbit", key);
}

void cmd_bitfield(struct call *call)
{
    struct plan plan;
    if (!plan_make(call, &plan)) return;
    if (plan.writes) {
        run_writes(call, &plan);
    } else {
        run_reads(call, &plan);
    }
}

void cmd_bitfield_ro(struct call *call)
{
    struct plan plan;
    if (!plan_make(call, &plan)) return;
    if (plan.writes) {
        reply_error(&call->reply, "ERR BITFIELD_RO only supports the GET subcommand");
    } else {
        run_reads(call, &plan);
    }
}
