/* map_child.c -- see map_child.h. */
#include <stdlib.h>

#include "work/child/frames.h"
#include "work/child/map_child.h"

enum {
    RANGE_STEP_BYTES = 8 << 20,
    FRAMES_BATCH_BYTES = 256 * 1024,
};

struct map_child {
    struct child_run run;
    struct record_rule rule;
    struct reader *reader;
    struct buffer frames; /* records on their way to a plug-in's host */
    struct file *file;    /* of a range that is spliced; NULL: blocks are read */
    uint64_t file_offset, file_bytes;
    bool open_line; /* what was fed last ends without an LF */
    struct map_child_counts counts;
};

enum err map_child_start(const struct map_child_config *config, struct map_child **started,
                         struct fault *fault)
{
    ASSERT((config->collector == NULL) != (config->writer == NULL));
    const struct job_spec *spec = config->spec;
    struct map_child *map = calloc(1, sizeof *map);
    ASSERT(map != NULL);
    map->rule = (struct record_rule){spec->format, spec->fixed_bytes};
    map->reader = config->reader;
    struct child_run_config run = {
        .spec = spec,
        .command = spec->map,
        .stage = STAGE_MAP,
        .task = config->task,
        .target = {.collector = config->collector, .writer = config->writer, .bad = config->bad},
        .stop = config->stop,
        .host = config->host,
    };
    enum err err = child_run_start(&run, &map->run, fault);
    if (err != ERR_OK) {
        map_child_free(map);
        return err;
    }
    /* Spliced records cannot be counted, so only where nothing else looks at them either. */
    if (config->writer != NULL && map->run.framing == FRAMING_LINES) {
        map->counts.spliced =
            reader_as_range(map->reader, &map->file, &map->file_offset, &map->file_bytes);
    }
    *started = map;
    return ERR_OK;
}

void map_child_free(struct map_child *map)
{
    if (map == NULL) return;
    child_run_free(&map->run);
    buffer_free(&map->frames);
    free(map);
}

static bool records_are_lines(const struct map_child *map)
{
    return map->rule.format != FORMAT_FIXED;
}

static MUST_USE enum err end_line(struct map_child *map, struct fault *fault)
{
    if (!map->open_line) return ERR_OK;
    map->open_line = false;
    return child_run_feed(&map->run, SLICE("\n"), fault);
}

static MUST_USE enum err feed_lines(struct map_child *map, struct slice bytes, struct fault *fault)
{
    enum err err = end_line(map, fault); /* of the file before */
    if (err != ERR_OK) return err;
    map->counts.records_in += records_count(&map->rule, bytes);
    map->open_line = records_are_lines(map) && bytes.data[bytes.len - 1] != '\n';
    return child_run_feed(&map->run, bytes, fault);
}

static MUST_USE enum err feed_frames(struct map_child *map, struct slice bytes, struct fault *fault)
{
    struct slice record;
    enum err err = ERR_OK;
    while (err == ERR_OK && record_next(&map->rule, &bytes, &record)) {
        map->counts.records_in++;
        frame_put_record(&map->frames, record);
        if (map->frames.len < FRAMES_BATCH_BYTES) continue;
        err = child_run_feed(&map->run, buffer_slice(&map->frames), fault);
        buffer_clear(&map->frames);
    }
    return err;
}

static MUST_USE enum err finish(struct map_child *map, bool *done, struct fault *fault)
{
    enum err err = end_line(map, fault);
    if (err == ERR_OK) err = child_run_feed(&map->run, buffer_slice(&map->frames), fault);
    if (err == ERR_OK) err = child_run_finish(&map->run, fault);
    *done = err == ERR_OK;
    return err;
}

static MUST_USE enum err step_block(struct map_child *map, bool *done, struct fault *fault)
{
    struct block block;
    enum err err = reader_next(map->reader, &block, fault);
    if (err != ERR_OK) return err;
    if (block.bytes.len == 0) return finish(map, done, fault);
    map->counts.bytes_in += block.bytes.len;
    bool lines = map->run.framing == FRAMING_LINES;
    return lines ? feed_lines(map, block.bytes, fault) : feed_frames(map, block.bytes, fault);
}

static MUST_USE enum err note_open_line(struct map_child *map, struct fault *fault)
{
    uint8_t last = '\n';
    size_t got = 0;
    if (!records_are_lines(map)) return ERR_OK;
    enum err err = file_read_at(map->file, map->file_offset - 1, &last, 1, &got, fault);
    map->open_line = got == 1 && last != '\n';
    return err;
}

static MUST_USE enum err step_range(struct map_child *map, bool *done, struct fault *fault)
{
    if (map->file_bytes == 0) return finish(map, done, fault);
    uint64_t step = u64_min(map->file_bytes, RANGE_STEP_BYTES), left = step;
    enum err err = child_run_feed_file(&map->run, map->file, &map->file_offset, &left, fault);
    if (err != ERR_OK) return err;
    map->file_bytes -= step;
    map->counts.bytes_in += step;
    return map->file_bytes == 0 ? note_open_line(map, fault) : ERR_OK;
}

enum err map_child_step(struct map_child *map, bool *done, struct fault *fault)
{
    *done = false;
    if (!child_takes_input(map->run.child)) return finish(map, done, fault);
    return map->file != NULL ? step_range(map, done, fault) : step_block(map, done, fault);
}

struct map_child_counts map_child_counts(const struct map_child *map)
{
    struct map_child_counts counts = map->counts;
    counts.records_out = map->run.output.records;
    return counts;
}

const struct child *map_child_child(const struct map_child *map)
{
    return map->run.child;
}
