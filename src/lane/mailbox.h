/*
 * mailbox.h -- how lanes talk: messages that change hands, never memory that is shared.
 *
 * Each lane has one mailbox; any lane may put messages into it, and the owner takes all that are
 * there at once, oldest first of each sender. Who puts into an empty mailbox wakes the owner. A
 * message belongs to whoever holds it: the receiver frees it, or fills it in and sends it back.
 * The bound on what is under way is the senders': each session waits for its replies.
 *
 * The queue is Treiber's stack (1986), emptied as a whole, which has no ABA trouble.
 */
#pragma once

#include "base/buffer.h"
#include "io/io.h"

struct mailbox; /* opaque: one a lane */

struct message {
    struct message *next; /* the mailbox's */
    uint32_t from, to;    /* lanes */
    uint32_t kind;        /* the sender's and receiver's own: see serve/guest.h */
    struct buffer bytes;
};

struct message *message_new(uint32_t from, uint32_t to, uint32_t kind);
void message_free(struct message *message); /* NULL is allowed */

struct mailbox *mailbox_new(void);
void mailbox_free(struct mailbox *mailbox); /* with what is in it */
/* Whom to wake: set by the owner before others know of the mailbox; NULL when it is gone. */
void mailbox_set_owner(struct mailbox *mailbox, struct io *io);

void mailbox_put_take(struct mailbox *mailbox, struct message *message); /* any thread */
/* All of it, in the order it came; NULL: empty. Linked by `next`. The owner only. */
struct message *mailbox_take(struct mailbox *mailbox);
