/* data_facts.c -- see data_facts.h. */
#include <inttypes.h>

#include "base/size.h"
#include "node/data_facts.h"

enum { ID_HEX_BYTES = 8 };

static const char *const origin_words[] = {
    [DATA_ORIGIN_FORMED] = "formed",
    [DATA_ORIGIN_LISTED] = "listed",
    [DATA_ORIGIN_JOINED] = "joined",
};

const char data_facts_advice[] = "bring the folder back from a backup (tutti restore), or, where "
                                 "other nodes have its data, join "
                                 "with an empty one";

void data_hex_append(struct slice bytes, struct buffer *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        buffer_append_byte(out, (uint8_t)digits[bytes.data[i] >> 4]);
        buffer_append_byte(out, (uint8_t)digits[bytes.data[i] & 15]);
    }
}

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

bool data_hex_read(struct slice text, uint8_t *bytes, size_t count)
{
    if (text.len != 2 * count) return false;
    for (size_t i = 0; i < count; i++) {
        int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void data_facts_write(const struct data_folder *folder, struct buffer *out)
{
    const struct data_identity *identity = &folder->identity;
    buffer_append_format(out,
                         "format %d\nid %s\nseed %" PRIu64 "\nlanes %" PRIu32 "\nshards %" PRIu32
                         "\ncluster-id %016" PRIx64 "\ncluster %s\nnode %" PRIu32 "\norigin %s\n",
                         DATA_FORMAT, folder->id, identity->seed, folder->lanes_count,
                         identity->shards_count, identity->cluster, identity->name,
                         identity->node.n, origin_words[identity->origin]);
}

/* The value of a line "name value"; empty: there is none. */
static struct slice fact(struct slice text, const char *name)
{
    size_t len = strlen(name);
    while (text.len != 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t line_len = end == NULL ? text.len : (size_t)(end - text.data);
        struct slice line = slice_of(text.data, line_len);
        if (line.len > len && memcmp(line.data, name, len) == 0 && line.data[len] == ' ') {
            return slice_from(line, len + 1);
        }
        text = slice_from(text, end == NULL ? line_len : line_len + 1);
    }
    return (struct slice){0};
}

static bool fact_number(struct slice text, const char *name, uint64_t least, uint64_t most,
                        uint32_t *number)
{
    uint64_t value;
    if (!count_parse(fact(text, name), &value) || value < least || value > most) return false;
    *number = (uint32_t)value;
    return true;
}

static bool read_origin(struct slice word, enum data_origin *origin)
{
    for (size_t i = 0; i < COUNT_OF(origin_words); i++) {
        if (!slice_eq(word, slice_text(origin_words[i]))) continue;
        *origin = (enum data_origin)i;
        return true;
    }
    return false;
}

/* What format 2 and 3 say of the cluster. */
static bool read_cluster(struct arena *arena, struct slice text, struct data_folder *folder)
{
    struct data_identity *identity = &folder->identity;
    struct slice name = fact(text, "cluster");
    if (name.len == 0 || !fact_number(text, "node", 1, UINT32_MAX, &identity->node.n)) return false;
    identity->name = arena_text(arena, name);
    identity->origin = DATA_ORIGIN_LISTED;
    if (folder->format == DATA_FORMAT_LISTED) return true;
    uint8_t bytes[ID_HEX_BYTES];
    if (!data_hex_read(fact(text, "cluster-id"), bytes, sizeof bytes)) return false;
    for (size_t i = 0; i < sizeof bytes; i++) identity->cluster = identity->cluster << 8 | bytes[i];
    return identity->cluster != 0 && read_origin(fact(text, "origin"), &identity->origin) &&
           fact_number(text, "shards", 1, SHARDS_MAX, &identity->shards_count);
}

static bool read_all(struct arena *arena, struct slice text, struct data_folder *folder)
{
    struct slice id = fact(text, "id");
    bool good = folder->format != 0 && id.len == DATA_ID_LEN &&
                count_parse(fact(text, "seed"), &folder->identity.seed) &&
                fact_number(text, "lanes", 1, UINT32_MAX, &folder->lanes_count);
    if (!good) return false;
    memcpy(folder->id, id.data, DATA_ID_LEN);
    folder->identity.shards_count = folder->lanes_count; /* as it was before format 3 */
    return folder->format == DATA_FORMAT_SOLO || read_cluster(arena, text, folder);
}

enum err data_facts_read(struct arena *arena, struct slice text, struct data_folder *folder,
                         struct fault *fault)
{
    folder->identity = (struct data_identity){.name = ""};
    if (!count_parse(fact(text, "format"), &folder->format)) folder->format = 0;
    if (folder->format > DATA_FORMAT) {
        return fault_set(fault, ERR_USAGE,
                         "the data folder %s has format %" PRIu64 ", and this tutti knows up to "
                         "%d: start it with the newer tutti that made it",
                         folder->path, folder->format, DATA_FORMAT);
    }
    if (read_all(arena, text, folder)) return ERR_OK;
    return fault_set(fault, ERR_CORRUPT,
                     "%s/tutti.data is damaged: it does not say what it must; %s", folder->path,
                     data_facts_advice);
}
