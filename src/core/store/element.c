#include "core/store/element.h"

static const int64_t integer_13_max = 4095;

static void put_little(struct element *element, uint8_t tag, uint64_t value, unsigned bytes)
{
    element->head[0] = tag;
    for (unsigned i = 0; i < bytes; i++) element->head[1 + i] = (uint8_t)(value >> 8 * i);
    element->head_len = (uint8_t)(1 + bytes);
}

static uint64_t get_little(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static void fill_integer(struct element *element, int64_t value)
{
    uint64_t bits = (uint64_t)value;
    if (value >= 0 && value <= 127) {
        put_little(element, (uint8_t)(ELEMENT_INTEGER_0 + value), 0, 0);
    } else if (value >= -integer_13_max - 1 && value <= integer_13_max) {
        put_little(element, (uint8_t)(ELEMENT_INTEGER_13 | (bits >> 8 & 0x1f)), bits, 1);
    } else if (value >= INT16_MIN && value <= INT16_MAX) {
        put_little(element, ELEMENT_INTEGER_16, bits, 2);
    } else if (value >= -(1 << 23) && value < 1 << 23) {
        put_little(element, ELEMENT_INTEGER_24, bits, 3);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        put_little(element, ELEMENT_INTEGER_32, bits, 4);
    } else {
        put_little(element, ELEMENT_INTEGER_64, bits, 8);
    }
}

struct element element_of(struct slice bytes)
{
    struct element element;
    int64_t value;
    element.text = bytes;
    if (bytes.len > 0 && bytes.data[0] <= '9' && integer_parse(bytes, &value)) {
        element.text = slice_of(NULL, 0);
        fill_integer(&element, value);
    } else if (bytes.len <= ELEMENT_TEXT_SHORT_MAX) {
        element.head[0] = (uint8_t)bytes.len;
        element.head_len = 1;
    } else if (bytes.len <= ELEMENT_TEXT_MIDDLE_MAX) {
        put_little(&element, (uint8_t)(ELEMENT_TEXT_MIDDLE | bytes.len >> 8), bytes.len, 1);
    } else {
        ASSERT(bytes.len <= UINT32_MAX);
        put_little(&element, ELEMENT_TEXT_LONG, bytes.len, 4);
    }
    return element;
}

size_t element_size_long(const uint8_t *at)
{
    if (*at < ELEMENT_TEXT_MIDDLE) return 2;
    if (*at < ELEMENT_TEXT_LONG) return 2 + (((size_t)*at & 0x0f) << 8 | at[1]);
    if (*at == ELEMENT_TEXT_LONG) return 5 + get_little(at + 1, 4);
    return *at == ELEMENT_INTEGER_64 ? 9 : (size_t)*at - ELEMENT_INTEGER_16 + 3;
}

static int64_t sign_extend(uint64_t value, unsigned bits)
{
    return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

/* Is it an integer, and which? */
static bool element_integer(const uint8_t *at, int64_t *value)
{
    uint8_t tag = *at;
    if (tag < ELEMENT_INTEGER_0) return false;
    if (tag < ELEMENT_INTEGER_13) {
        *value = tag - ELEMENT_INTEGER_0;
    } else if (tag < ELEMENT_TEXT_MIDDLE) {
        *value = sign_extend((uint64_t)(tag & 0x1f) << 8 | at[1], 13);
    } else if (tag <= ELEMENT_TEXT_LONG) {
        return false;
    } else {
        unsigned bytes = (unsigned)element_size_long(at) - 1;
        *value = sign_extend(get_little(at + 1, bytes), 8 * bytes);
    }
    return true;
}

struct slice element_text(const uint8_t *at, char scratch[INTEGER_TEXT_MAX])
{
    int64_t value;
    if (LIKELY(*at < ELEMENT_INTEGER_0)) return slice_of(at + 1, *at);
    if (element_integer(at, &value)) return slice_of(scratch, integer_format(value, scratch));
    size_t head = *at == ELEMENT_TEXT_LONG ? 5 : 2;
    return slice_of(at + head, element_size_long(at) - head);
}

static size_t head_size(uint8_t tag)
{
    if (tag < ELEMENT_INTEGER_13) return 1;
    if (tag < ELEMENT_TEXT_LONG) return 2;
    if (tag == ELEMENT_TEXT_LONG) return 5;
    return tag == ELEMENT_INTEGER_64 ? 9 : (size_t)tag - ELEMENT_INTEGER_16 + 3;
}

size_t element_check(const uint8_t *at, size_t left)
{
    if (left == 0 || *at > ELEMENT_INTEGER_64 || head_size(*at) > left) return 0;
    size_t size = element_size_at(at);
    if (size > left) return 0;
    char scratch[INTEGER_TEXT_MAX];
    struct element right = element_of(element_text(at, scratch));
    return right.head_len <= size && memcmp(at, right.head, right.head_len) == 0 ? size : 0;
}
