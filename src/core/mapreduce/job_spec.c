/* job_spec.c -- the bytes of a job's description. See job_spec.h. */
#include "core/mapreduce/job_spec.h"
#include "core/mapreduce/wire.h"

enum { ENV_PAIR_BYTES_MIN = 2 };

void job_spec_encode(const struct job_spec *spec, struct buffer *out)
{
    ASSERT(spec->env_count <= JOB_SPEC_ENV_MAX);
    put_sized(out, spec->map);
    put_sized(out, spec->reduce);
    put_sized(out, spec->combine);
    put_u8(out, (uint8_t)spec->format);
    put_varint(out, spec->fixed_bytes);
    put_u8(out, (uint8_t)spec->header);
    put_u8(out, (uint8_t)spec->order);
    put_u8(out, spec->total_order);
    put_varint(out, spec->reducers);
    put_u8(out, (uint8_t)spec->compress);
    put_u8(out, spec->fsync);
    put_varint(out, spec->attempts_max);
    put_varint(out, spec->bad_records_max);
    put_varint(out, spec->record_bytes_max);
    put_varint(out, spec->split_bytes);
    put_u8(out, spec->pack);
    put_varint(out, spec->env_count);
    for (uint32_t i = 0; i < spec->env_count; i++) {
        put_sized(out, spec->env[i].name);
        put_sized(out, spec->env[i].value);
    }
}

static void read_env(struct cursor *cursor, struct arena *arena, struct job_spec *spec)
{
    spec->env_count = wire_count(cursor, JOB_SPEC_ENV_MAX, ENV_PAIR_BYTES_MIN);
    spec->env = ARENA_ARRAY(arena, struct env_pair, spec->env_count);
    for (uint32_t i = 0; i < spec->env_count; i++) {
        spec->env[i].name = cursor_sized(cursor);
        spec->env[i].value = cursor_sized(cursor);
    }
}

enum err job_spec_decode(struct slice bytes, struct arena *arena, struct job_spec *spec,
                         struct fault *fault)
{
    struct cursor cursor = cursor_of(bytes);
    *spec = (struct job_spec){.map = cursor_sized(&cursor)};
    spec->reduce = cursor_sized(&cursor);
    spec->combine = cursor_sized(&cursor);
    spec->format = (enum record_format)wire_number(&cursor, FORMAT_FIXED);
    spec->fixed_bytes = wire_u32(&cursor);
    spec->header = (enum header_mode)wire_number(&cursor, HEADER_NO);
    spec->order = (enum job_order)wire_number(&cursor, ORDER_VALUE_DESCENDING);
    spec->total_order = wire_bool(&cursor);
    spec->reducers = wire_u32(&cursor);
    spec->compress = (enum compression)wire_number(&cursor, COMPRESSION_ZST);
    spec->fsync = wire_bool(&cursor);
    spec->attempts_max = wire_u32(&cursor);
    spec->bad_records_max = cursor_varint(&cursor);
    spec->record_bytes_max = cursor_varint(&cursor);
    spec->split_bytes = cursor_varint(&cursor);
    spec->pack = wire_bool(&cursor);
    read_env(&cursor, arena, spec);
    return wire_end(&cursor, bytes, "the description of a job", fault);
}
