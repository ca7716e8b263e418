/* mailbox.c -- see mailbox.h. */
#include "lane/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct mailbox {
    _Atomic(struct message *) newest;
    pthread_mutex_t owner_lock; /* nobody wakes an io that is just going */
    struct io *owner;
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
    int failed = pthread_mutex_init(&mailbox->owner_lock, NULL);
    ASSERT(failed == 0);
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
    (void)pthread_mutex_destroy(&mailbox->owner_lock);
    free(mailbox);
}

void mailbox_set_owner(struct mailbox *mailbox, struct io *io)
{
    (void)pthread_mutex_lock(&mailbox->owner_lock);
    mailbox->owner = io;
    (void)pthread_mutex_unlock(&mailbox->owner_lock);
}

void mailbox_put_take(struct mailbox *mailbox, struct message *message)
{
    struct message *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        message->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, message,
                                                    memory_order_release, memory_order_relaxed));
    if (newest != NULL) return; /* whoever put that one has woken the owner */
    (void)pthread_mutex_lock(&mailbox->owner_lock);
    if (mailbox->owner != NULL) io_wake(mailbox->owner);
    (void)pthread_mutex_unlock(&mailbox->owner_lock);
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
