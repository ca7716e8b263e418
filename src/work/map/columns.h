/*
 * columns.h -- two columns of a record, as key and value: `field` and `csv`.
 *
 * Columns are numbered from 1; 0 is the whole record. How a record parts into columns:
 *   SPLIT_BLANKS  by runs of spaces and tabs, as awk does; blanks at the ends do not count
 *   SPLIT_TABS    by each tab; there is no quoting in TSV
 *   SPLIT_COMMAS  by each comma; a column that starts with a quote ends with one, and holds commas,
 *                 line ends, and quotes written twice (RFC 4180). A quote elsewhere stands for
 *                 itself
 * Only the columns up to the last one asked for are looked at.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "work/map/pair.h"

enum column_split { SPLIT_BLANKS, SPLIT_TABS, SPLIT_COMMAS };

enum { COLUMN_NUMBER_MAX = 1000000 };

struct column {
    struct slice name; /* empty: named by its number */
    uint32_t number;
};

struct columns {
    enum column_split split;
    struct column key, value;
    bool has_value;
    const char *missing_text; /* "it has no column 3": in the arena */
    struct buffer header;     /* the header that the names were looked up in last */
    struct buffer scratch;    /* unquoted columns */
};

/* Parse "K[,V]": numbers, and names where `names` allows them; a name that holds a comma or is a
 * number stands in quotes. False: malformed. `columns` is zeroed first; names borrow from `text`.
 */
MUST_USE bool columns_parse(struct slice text, bool names, struct columns *columns);
bool columns_named(const struct columns *columns); /* is one of them a name? */
void columns_free(struct columns *columns);

/* Look the names up in the header of `path`'s records, unless it is the same header as before.
 * ERR_USAGE: a name is not there; the text lists those that are. */
MUST_USE enum err columns_resolve(struct columns *columns, struct slice header, struct slice path,
                                  struct fault *fault);

/* Key and value of a record. */
enum map_verdict columns_extract(struct columns *columns, struct slice record,
                                 struct map_pair *pair);
