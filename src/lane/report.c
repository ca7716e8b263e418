/* report.c -- see report.h. */
#include "lane/report.h"

static void put_nodes(struct buffer *out, const node_id *nodes, uint32_t count)
{
    put_u8(out, (uint8_t)count);
    for (uint32_t i = 0; i < count; i++) put_varint(out, nodes[i].n);
}

static bool take_nodes(struct cursor *in, node_id nodes[REGISTRY_REPLICAS_MAX], uint32_t *count)
{
    *count = cursor_u8(in);
    if (in->bad || *count > REGISTRY_REPLICAS_MAX) return false;
    for (uint32_t i = 0; i < *count; i++) {
        uint64_t node = cursor_varint(in);
        if (node > UINT32_MAX) return false;
        nodes[i].n = (uint32_t)node;
    }
    return true;
}

void report_write(shard_id shard, const struct planner_report *report, struct buffer *out)
{
    put_varint(out, shard.n);
    put_nodes(out, report->voters, report->voters_count);
    put_nodes(out, report->learners, report->learners_count);
    put_varint(out, report->caught_up);
    put_varint(out, report->bytes);
    put_varint(out, report->keys);
    put_varint(out, report->operations_a_second);
    put_varint(out, report->writes_a_second);
}

bool report_read(struct cursor *in, shard_id *shard, struct planner_report *report)
{
    uint64_t number = cursor_varint(in);
    *report = (struct planner_report){0};
    if (!take_nodes(in, report->voters, &report->voters_count)) return false;
    if (!take_nodes(in, report->learners, &report->learners_count)) return false;
    uint64_t caught_up = cursor_varint(in);
    report->bytes = cursor_varint(in);
    report->keys = cursor_varint(in);
    uint64_t operations = cursor_varint(in), writes = cursor_varint(in);
    if (in->bad || number > SHARD_ROOT.n || caught_up > UINT32_MAX) return false;
    shard->n = (uint32_t)number;
    report->caught_up = (uint32_t)caught_up;
    report->operations_a_second = (uint32_t)u64_min(operations, UINT32_MAX);
    report->writes_a_second = (uint32_t)u64_min(writes, UINT32_MAX);
    return true;
}
