/* reduce.c -- reduce operators by name. See reduce.h. */
#include "base/size.h"
#include "work/reduce/reduce_impl.h"

enum { TOP_COUNT_MAX = 100000, SHOWN_BYTES_MAX = 60 };

static const struct operator_row rows[] = {
#define REDUCE_NATIVE(name, kind, combines, argument, help) {#name, argument, help},
#define REDUCE_OTHER(name, kind, argument, help)            {#name, argument, help},
#include "work/reduce/reduce.def"
#undef REDUCE_NATIVE
#undef REDUCE_OTHER
};

/* What is behind a row of reduce.def. */
struct made_of {
    enum reduce_kind kind;
    bool combines;
    const struct fold_type *fold;
    const struct group_type *group;
};

static const struct made_of made_of[] = {
#define FOLD_PARTS(name)  .fold = &fold_##name##_type
#define GROUP_PARTS(name) .group = &group_##name##_type
#define REDUCE_NATIVE(name, KIND, merges, argument, help)                                          \
    {REDUCE_##KIND, merges, KIND##_PARTS(name)},
#define REDUCE_OTHER(name, KIND, argument, help) {.kind = REDUCE_##KIND},
#include "work/reduce/reduce.def"
#undef REDUCE_NATIVE
#undef REDUCE_OTHER
#undef FOLD_PARTS
#undef GROUP_PARTS
};

static enum err top_parse(struct slice argument, uint32_t *top_max, struct fault *fault)
{
    uint64_t value;
    if (!count_parse(argument, &value) || value == 0 || value > TOP_COUNT_MAX) {
        return fault_set(fault, ERR_USAGE, "top: wants top:N with N from 1 to %d, not \"%.*s\"",
                         TOP_COUNT_MAX, (int)u64_min(argument.len, SHOWN_BYTES_MAX),
                         (const char *)argument.data);
    }
    *top_max = (uint32_t)value;
    return ERR_OK;
}

enum err reduce_new(struct arena *arena, const struct job_spec *spec,
                    struct reduce_operator *reduce, struct fault *fault)
{
    size_t row;
    struct slice argument;
    *reduce = (struct reduce_operator){0};
    enum err err =
        operator_find(rows, COUNT_OF(rows), "reduce", spec->reduce, &row, &argument, fault);
    if (err != ERR_OK) return err;

    uint32_t top_max = 0;
    if (made_of[row].group == &group_top_type) err = top_parse(argument, &top_max, fault);
    if (err != ERR_OK) return err;

    reduce->kind = made_of[row].kind;
    reduce->fold = made_of[row].fold;
    if (reduce->kind != REDUCE_GROUP) return ERR_OK;
    reduce->group = ARENA_NEW(arena, struct group_operator);
    reduce->group->type = made_of[row].group;
    reduce->group->top_max = top_max;
    reduce->group_combines = made_of[row].combines;
    reduce->value_check = made_of[row].group->check;
    reduce->values_sorted = made_of[row].group == &group_distinct_type;
    return ERR_OK;
}

bool reduce_wants_numbers(const struct reduce_operator *reduce)
{
    if (reduce->kind == REDUCE_FOLD) return !reduce->fold->counts;
    return reduce->value_check != NULL;
}

enum err reduce_number(struct slice value, struct number *number, struct fault *fault)
{
    if (LIKELY(number_parse(value, number))) return ERR_OK;
    return fault_set(fault, ERR_BAD_RECORD, "the value \"%.*s\" is not a number",
                     (int)u64_min(value.len, SHOWN_BYTES_MAX), (const char *)value.data);
}
