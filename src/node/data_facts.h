/* data_facts.h -- the text of tutti.data and of cluster.secret, read and written; see
 * data_folder.h. Pure: bytes in, bytes out. */
#pragma once

#include "base/buffer.h"
#include "node/data_folder.h"

/* What to do about damage that is found. */
extern const char data_facts_advice[];

void data_facts_write(const struct data_folder *folder, struct buffer *out);
/* ERR_USAGE: a newer format. ERR_CORRUPT: it is no such text. Of an older format: what it does not
 * say is 0. */
MUST_USE enum err data_facts_read(struct arena *arena, struct slice text,
                                  struct data_folder *folder, struct fault *fault);

void data_hex_append(struct slice bytes, struct buffer *out);
/* False: it is not just so many bytes as hex digits. */
MUST_USE bool data_hex_read(struct slice text, uint8_t *bytes, size_t count);
