/* list.h -- what the handlers of lists share. */
#pragma once

#include "cmd/call.h"
#include "core/store/list.h"

/* The list of a key, for reading. False: the error is replied; `*list` NULL: there is none. */
MUST_USE bool list_read(struct call *call, struct slice key, const struct list **list);
/* The same before a change. */
MUST_USE bool list_write(struct call *call, struct slice key, struct list **list);
/* The list of a key that has none: a new one. Push to it before the call ends. */
struct list *list_make(struct call *call, struct slice key);

/* Elements of the list of a key were taken out: say so, and delete it when it is empty. */
void list_taken(struct call *call, struct slice key, const struct list *list, const char *event);

/* May the arguments from `index` on be elements? False: the error is replied. */
MUST_USE bool list_fits(struct call *call, uint32_t index, uint32_t count);
MUST_USE bool list_end_read(struct call *call, uint32_t index, enum list_end *end);

/* An index as clients write it, negative ones from the tail, to one from the head, perhaps below 0
 * or past the last. */
static inline int64_t list_index(const struct list *list, int64_t index)
{
    return index < 0 ? index + (int64_t)list_count(list) : index;
}
