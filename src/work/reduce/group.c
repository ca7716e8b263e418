/*
 * group.c -- the operators that see a key and then its values: distinct, top:N, list, first, sort.
 *
 * What goes out while the values come in needs no memory; top:N holds N numbers.
 */
#include <stdlib.h>

#include "work/reduce/reduce_impl.h"

enum err group_begin(struct group_operator *group, struct slice key, bool combining,
                     struct sink *out, struct fault *fault)
{
    (void)fault;
    buffer_clear(&group->key);
    buffer_append(&group->key, key);
    buffer_clear(&group->heap);
    group->out = out;
    group->combining = combining;
    group->count = 0;
    return ERR_OK;
}

enum err group_value(struct group_operator *group, struct slice value, struct fault *fault)
{
    enum err err = group->type->value(group, value, fault);
    if (err == ERR_OK) group->count++;
    return err;
}

enum err group_end(struct group_operator *group, struct fault *fault)
{
    if (group->count == 0 || group->type->end == NULL) return ERR_OK;
    return group->type->end(group, fault);
}

void group_free(struct group_operator *group)
{
    if (group == NULL) return;
    buffer_free(&group->key);
    buffer_free(&group->heap);
    buffer_free(&group->text);
}

static struct slice key_of(const struct group_operator *group)
{
    return buffer_slice(&group->key);
}

static struct slice number_text(struct group_operator *group, const struct number *number)
{
    buffer_clear(&group->text);
    number_format(number, &group->text);
    return buffer_slice(&group->text);
}

/* sort: every pair as it is */

static enum err sort_value(struct group_operator *group, struct slice value, struct fault *fault)
{
    return sink_put(group->out, key_of(group), value, fault);
}

const struct group_type group_sort_type = {.value = sort_value};

/* first: the first pair as it is, so that it may go through here again */

static enum err first_value(struct group_operator *group, struct slice value, struct fault *fault)
{
    return group->count == 0 ? sink_put(group->out, key_of(group), value, fault) : ERR_OK;
}

const struct group_type group_first_type = {.value = first_value};

/* list */

static enum err list_value(struct group_operator *group, struct slice value, struct fault *fault)
{
    enum err err = group->count == 0 ? sink_begin(group->out, key_of(group), fault)
                                     : sink_append(group->out, SLICE(","), fault);
    return err == ERR_OK ? sink_append(group->out, value, fault) : err;
}

static enum err list_end(struct group_operator *group, struct fault *fault)
{
    return sink_end(group->out, fault);
}

const struct group_type group_list_type = {.value = list_value, .end = list_end};

/* distinct: values come sorted and each once */

static enum err distinct_value(struct group_operator *group, struct slice value,
                               struct fault *fault)
{
    (void)group;
    (void)value;
    (void)fault;
    return ERR_OK;
}

static enum err distinct_end(struct group_operator *group, struct fault *fault)
{
    struct number number = {.digits_low = group->count};
    return sink_put(group->out, key_of(group), number_text(group, &number), fault);
}

const struct group_type group_distinct_type = {.value = distinct_value, .end = distinct_end};

/* top:N: a heap with the least number in front, which makes room for a greater one */

static struct number *heap_numbers(const struct group_operator *group)
{
    return (struct number *)(void *)group->heap.data;
}

static size_t heap_count(const struct group_operator *group)
{
    return group->heap.len / sizeof(struct number);
}

static void heap_rise(struct number *heap, size_t at)
{
    while (at != 0 && number_compare(&heap[at], &heap[(at - 1) / 2]) < 0) {
        struct number lower = heap[at];
        heap[at] = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = lower;
        at = (at - 1) / 2;
    }
}

static void heap_sink(struct number *heap, size_t count)
{
    struct number number = heap[0];
    size_t at = 0;
    for (size_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && number_compare(&heap[child + 1], &heap[child]) < 0) child++;
        if (number_compare(&heap[child], &number) >= 0) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = number;
}

static enum err top_value(struct group_operator *group, struct slice value, struct fault *fault)
{
    struct number number;
    enum err err = reduce_number(value, &number, fault);
    if (err != ERR_OK) return err;
    size_t count = heap_count(group);
    if (count < group->top_max) {
        buffer_append(&group->heap, slice_of(&number, sizeof number));
        heap_rise(heap_numbers(group), count);
    } else if (number_compare(&number, heap_numbers(group)) > 0) {
        heap_numbers(group)[0] = number;
        heap_sink(heap_numbers(group), count);
    }
    return ERR_OK;
}

static int compare_descending(const void *a, const void *b)
{
    return number_compare(b, a);
}

/* Combining: as pairs of their own, to come back as values. */
static enum err top_put_each(struct group_operator *group, struct fault *fault)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < heap_count(group) && err == ERR_OK; i++) {
        struct slice text = number_text(group, &heap_numbers(group)[i]);
        err = sink_put(group->out, key_of(group), text, fault);
    }
    return err;
}

static enum err top_put_joined(struct group_operator *group, struct fault *fault)
{
    enum err err = sink_begin(group->out, key_of(group), fault);
    for (size_t i = 0; i < heap_count(group) && err == ERR_OK; i++) {
        struct slice text = number_text(group, &heap_numbers(group)[i]);
        if (i != 0) err = sink_append(group->out, SLICE(","), fault);
        if (err == ERR_OK) err = sink_append(group->out, text, fault);
    }
    return err == ERR_OK ? sink_end(group->out, fault) : err;
}

static enum err top_end(struct group_operator *group, struct fault *fault)
{
    qsort(group->heap.data, heap_count(group), sizeof(struct number), compare_descending);
    return group->combining ? top_put_each(group, fault) : top_put_joined(group, fault);
}

static enum err top_check(struct slice value, struct fault *fault)
{
    struct number number;
    return reduce_number(value, &number, fault);
}

const struct group_type group_top_type = {.value = top_value, .end = top_end, .check = top_check};
