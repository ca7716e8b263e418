/* mailbox.c -- see mailbox.h. */
#include "lane/mailbox.h"

#include <stdatomic.h>
#include <stdlib.h>

struct mailbox {
    _Atomic(struct message *) newest;
    _Atomic(struct io *) owner;
};

struct message *message_new(uint32_t from, uint32_t to, uint32_t kind)
{
    struct message *message = calloc(1, sizeof *message);
    ASSERT(message != NULL);
    *message = (struct message){.from = from, .to = to, .kind = kind};
    return message;
}

void message_free(struct message *message)
{
    if (message == NULL) return;
    buffer_free(&message->bytes);
    free(message);
}

struct mailbox *mailbox_new(void)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    ASSERT(mailbox != NULL);
    return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (mailbox == NULL) return;
    struct message *message = mailbox_take(mailbox);
    while (message != NULL) {
        struct message *next = message->next;
        message_free(message);
        message = next;
    }
    free(mailbox);
}

void mailbox_set_owner(struct mailbox *mailbox, struct io *io)
{
    atomic_store_explicit(&mailbox->owner, io, memory_order_release);
}

void mailbox_put_take(struct mailbox *mailbox, struct message *message)
{
    struct message *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        message->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, message,
                                                    memory_order_release, memory_order_relaxed));
    if (newest != NULL) return; /* whoever put that one has woken the owner */
    struct io *io = atomic_load_explicit(&mailbox->owner, memory_order_acquire);
    if (io != NULL) io_wake(io);
}

struct message *mailbox_take(struct mailbox *mailbox)
{
    struct message *at = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct message *oldest = NULL;
    while (at != NULL) { /* the newest is first: turn it round */
        struct message *next = at->next;
        at->next = oldest;
        oldest = at;
        at = next;
    }
    return oldest;
}
