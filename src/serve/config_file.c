/* config_file.c -- the configuration file: read, and written again. See config.h. */
#include "serve/config_impl.h"

enum { CONFIG_WORDS_MAX = 1024, WRONG_LINES_MAX = 40 };

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/* What follows a backslash within "…"; returns how many bytes that were. */
static size_t unescape(struct slice rest, struct buffer *word)
{
    static const char letters[] = "nrtba", meanings[] = "\n\r\t\b\a";
    if (rest.len >= 3 && rest.data[0] == 'x' && hex_digit(rest.data[1]) >= 0 &&
        hex_digit(rest.data[2]) >= 0) {
        buffer_append_byte(word, (uint8_t)(hex_digit(rest.data[1]) * 16 + hex_digit(rest.data[2])));
        return 3;
    }
    const char *letter = strchr(letters, (char)rest.data[0]);
    bool special = letter != NULL && *letter != '\0';
    buffer_append_byte(word, special ? (uint8_t)meanings[letter - letters] : rest.data[0]);
    return 1;
}

/* A quoted part from behind its opening quote; `*at` goes behind the closing one. */
static bool take_quoted(struct slice line, size_t *at, uint8_t quote, struct buffer *word)
{
    while (*at < line.len) {
        uint8_t byte = line.data[(*at)++];
        if (byte == quote) return *at == line.len || is_blank(line.data[*at]);
        bool more = *at < line.len;
        if (byte == '\\' && more && quote == '"') {
            *at += unescape(slice_from(line, *at), word);
        } else if (byte == '\\' && more && line.data[*at] == '\'') {
            buffer_append_byte(word, '\'');
            (*at)++;
        } else {
            buffer_append_byte(word, byte);
        }
    }
    return false;
}

static bool take_word(struct slice line, size_t *at, struct buffer *word)
{
    while (*at < line.len && !is_blank(line.data[*at])) {
        uint8_t byte = line.data[(*at)++];
        if (byte == '"' || byte == '\'') {
            if (!take_quoted(line, at, byte, word)) return false;
        } else {
            buffer_append_byte(word, byte);
        }
    }
    return true;
}

bool config_split(struct slice line, struct arena *arena, struct slice **words, uint32_t *count)
{
    *words = ARENA_ARRAY(arena, struct slice, CONFIG_WORDS_MAX);
    *count = 0;
    struct buffer word = {0};
    bool good = true;
    for (size_t at = 0; good;) {
        while (at < line.len && is_blank(line.data[at])) at++;
        if (at == line.len) break;
        buffer_clear(&word);
        good = *count < CONFIG_WORDS_MAX && take_word(line, &at, &word);
        if (good) (*words)[(*count)++] = arena_copy(arena, buffer_slice(&word));
    }
    buffer_free(&word);
    return good;
}

/* The next line, without its end. False: there is none. */
static bool take_line(struct slice *rest, struct slice *line)
{
    if (rest->len == 0) return false;
    const uint8_t *end = memchr(rest->data, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    *line = slice_of(rest->data, len);
    *rest = slice_from(*rest, end == NULL ? len : len + 1);
    return true;
}

static bool is_comment(struct slice line)
{
    size_t at = 0;
    while (at < line.len && is_blank(line.data[at])) at++;
    return at == line.len || line.data[at] == '#';
}

/* Words as one value: settings of several words may be written with or without quotes. */
static struct slice join(struct arena *arena, const struct slice *words, uint32_t count)
{
    struct buffer all = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (i != 0) buffer_append_byte(&all, ' ');
        buffer_append(&all, words[i]);
    }
    struct slice joined = arena_copy(arena, buffer_slice(&all));
    buffer_free(&all);
    return joined;
}

static bool takes_words(enum setting_id id)
{
    return setting_rows[id].type == SETTING_TYPE_LIST || id == SETTING_BIND ||
           id == SETTING_PEERS || id == SETTING_OOM_SCORE_ADJ_VALUES;
}

/* `save 900 1` twice means both pairs: a file's first one begins anew, further ones add. */
static struct slice save_so_far(struct config *config, bool *seen, struct slice value,
                                struct arena *arena)
{
    struct buffer all = {0};
    if (*seen && value.len != 0) {
        config_list_format(&config->lists, SETTING_SAVE, &all);
        buffer_append_byte(&all, ' ');
    }
    buffer_append(&all, value);
    *seen = true;
    struct slice joined = arena_copy(arena, buffer_slice(&all));
    buffer_free(&all);
    return joined;
}

static const char *read_line(struct config *config, struct slice line, bool *save_seen,
                             struct arena *arena)
{
    struct slice *words;
    uint32_t count;
    enum setting_id id;
    if (!config_split(line, arena, &words, &count)) return "quotes that do not match";
    if (config_same_word(words[0], SLICE("user"))) {
        buffer_append(&config->users, line);
        buffer_append_byte(&config->users, '\n');
        return NULL;
    }
    if (!setting_find(words[0], &id)) return "there is no such setting";
    if (count < 2 || (count > 2 && !takes_words(id))) return "a setting is a name and a value";
    struct slice value = join(arena, words + 1, count - 1);
    if (id == SETTING_SAVE) value = save_so_far(config, save_seen, value, arena);
    return config_set(config, id, value, arena);
}

/* All of them at once: who comes with a long file mends it once. */
static void append_wrong(struct buffer *out, const char *name, unsigned number, struct slice line,
                         const char *why)
{
    enum { SHOWN_BYTES_MAX = 60 };
    bool secret = memmem(line.data, line.len, "pass", 4) != NULL ||
                  memmem(line.data, line.len, "auth", 4) != NULL;
    if (secret) line = SLICE("(hidden)");
    bool cut = line.len > SHOWN_BYTES_MAX;
    if (out->len != 0) buffer_append_byte(out, '\n');
    buffer_append_format(out, "%s, line %u: %.*s%s: %s", name, number,
                         (int)(cut ? SHOWN_BYTES_MAX : line.len), (const char *)line.data,
                         cut ? "…" : "", why);
}

enum err config_read(struct config *config, struct slice text, const char *name,
                     struct fault *fault)
{
    struct arena *arena = arena_new();
    struct slice line;
    bool save_seen = false;
    struct buffer wrong = {0};
    uint32_t wrong_count = 0;
    for (unsigned number = 1; take_line(&text, &line); number++) {
        if (is_comment(line)) continue;
        const char *why = read_line(config, line, &save_seen, arena);
        if (why == NULL) continue;
        if (wrong_count++ < WRONG_LINES_MAX) append_wrong(&wrong, name, number, line, why);
    }
    if (wrong_count > WRONG_LINES_MAX) {
        buffer_append_format(&wrong, "\nand %u more lines", wrong_count - WRONG_LINES_MAX);
    }
    if (wrong_count > 0) {
        (void)fault_set(fault, ERR_USAGE, "%.*s", (int)wrong.len, (const char *)wrong.data);
    }
    buffer_free(&wrong);
    arena_free(arena);
    return wrong_count == 0 ? ERR_OK : ERR_USAGE;
}

/* --- writing it again ------------------------------------------------------------------------ */

static void append_quoted(struct buffer *out, struct slice value)
{
    bool plain = value.len != 0;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        plain = plain && byte > ' ' && byte < 0x7f && byte != '"' && byte != '\'' && byte != '\\';
    }
    if (plain) {
        buffer_append(out, value);
        return;
    }
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (byte == '"' || byte == '\\') {
            buffer_append_format(out, "\\%c", byte);
        } else if (byte < ' ' || byte >= 0x7f) {
            buffer_append_format(out, "\\x%02x", byte);
        } else {
            buffer_append_byte(out, byte);
        }
    }
    buffer_append_byte(out, '"');
}

static void append_setting(const struct config *config, enum setting_id id, struct buffer *out)
{
    struct buffer value = {0};
    config_format(config, id, &value);
    buffer_append_format(out, "%s ", setting_rows[id].name);
    if (takes_words(id) && value.len != 0) {
        buffer_append(out, buffer_slice(&value));
    } else {
        append_quoted(out, buffer_slice(&value));
    }
    buffer_append_byte(out, '\n');
    buffer_free(&value);
}

static bool is_standard(const struct config *config, const struct config *standard,
                        enum setting_id id)
{
    struct buffer now = {0}, then = {0};
    config_format(config, id, &now);
    config_format(standard, id, &then);
    bool same = slice_eq(buffer_slice(&now), buffer_slice(&then));
    buffer_free(&now);
    buffer_free(&then);
    return same;
}

/* What to do with a line of the old text. */
enum line_fate { LINE_KEEP, LINE_REPLACE, LINE_USER };

static enum line_fate line_fate(struct slice line, struct arena *arena, enum setting_id *id)
{
    struct slice *words;
    uint32_t count;
    if (is_comment(line) || !config_split(line, arena, &words, &count)) return LINE_KEEP;
    if (config_same_word(words[0], SLICE("user"))) return LINE_USER;
    return setting_find(words[0], id) ? LINE_REPLACE : LINE_KEEP;
}

void config_rewrite(const struct config *config, struct slice text, struct buffer *out)
{
    struct arena *arena = arena_new();
    struct config standard;
    struct slice line;
    bool written[SETTINGS_COUNT] = {false};
    bool users_written = false;
    enum setting_id id = SETTINGS_COUNT;
    config_init(&standard);
    while (take_line(&text, &line)) {
        switch (line_fate(line, arena, &id)) {
        case LINE_KEEP:
            buffer_append(out, line);
            buffer_append_byte(out, '\n');
            break;
        case LINE_REPLACE: /* at the place of its first line */
            if (!written[id]) append_setting(config, id, out);
            written[id] = true;
            break;
        case LINE_USER:
            if (!users_written) buffer_append(out, buffer_slice(&config->users));
            users_written = true;
            break;
        }
    }
    for (id = 0; id < SETTINGS_COUNT; id++) {
        if (!written[id] && !is_standard(config, &standard, id)) append_setting(config, id, out);
    }
    if (!users_written) buffer_append(out, buffer_slice(&config->users));
    config_free(&standard);
    arena_free(arena);
}
