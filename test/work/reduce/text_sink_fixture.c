/* text_sink_fixture.c -- see text_sink_fixture.h. */
#include "test/work/reduce/text_sink_fixture.h"

static enum err begin(struct sink *sink, struct slice key, struct fault *fault)
{
    struct text_sink *text = (struct text_sink *)sink;
    (void)fault;
    ASSERT(!text->open);
    text->open = true;
    buffer_append(&text->text, key);
    buffer_append_byte(&text->text, '=');
    return ERR_OK;
}

static enum err append(struct sink *sink, struct slice bytes, struct fault *fault)
{
    struct text_sink *text = (struct text_sink *)sink;
    (void)fault;
    ASSERT(text->open);
    buffer_append(&text->text, bytes);
    return ERR_OK;
}

static enum err end(struct sink *sink, struct fault *fault)
{
    struct text_sink *text = (struct text_sink *)sink;
    (void)fault;
    ASSERT(text->open);
    text->open = false;
    buffer_append_byte(&text->text, ';');
    return ERR_OK;
}

struct text_sink text_sink(void)
{
    return (struct text_sink){.sink = {begin, append, end}};
}
