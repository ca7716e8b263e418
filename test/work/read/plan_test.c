/*
 * plan_test.c -- which files a plan names, in which order, and how it cuts and packs them.
 */
#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/rows.h"
#include "test/work/read/read_fixture.h"

struct fixture {
    struct arena *arena;
    const char *folder;
    struct job_spec spec;
    struct plan_grain grain;
    struct plan plan;
    struct fault fault;
};

static struct fixture setup(void)
{
    struct arena *arena = arena_new();
    return (struct fixture){
        .arena = arena, .folder = fixture_folder(arena), .spec = fixture_spec(FORMAT_LINES)};
}

static void teardown(struct fixture *fixture)
{
    folder_remove_tree(fixture->folder);
    arena_free(fixture->arena);
}

static char *path_of(struct fixture *fixture, const char *name)
{
    return arena_format(fixture->arena, "%s/%s", fixture->folder, name);
}

static void make_folder(struct fixture *fixture, const char *name)
{
    cr_assert_eq(folder_create(path_of(fixture, name), &fixture->fault), ERR_OK);
}

static void make_file(struct fixture *fixture, const char *name, size_t bytes)
{
    char *text = arena_alloc(fixture->arena, bytes + 1);
    memset(text, '\n', bytes);
    (void)fixture_file(fixture->arena, fixture->folder, name, slice_of(text, bytes));
}

static enum err plan_input(struct fixture *fixture, const char *name)
{
    struct slice input = slice_text(path_of(fixture, name));
    return plan_new(fixture->arena, &fixture->spec, fixture->grain, &input, 1, &fixture->plan,
                    &fixture->fault);
}

/* "a 0+5|b 0+3 c 0+1": pieces, and bars between splits; names without the fixture's folder. */
static const char *plan_text(struct fixture *fixture)
{
    char *text = arena_format(fixture->arena, "%s", "");
    for (uint32_t i = 0; i < fixture->plan.count; i++) {
        const struct split *split = &fixture->plan.splits[i];
        for (uint32_t k = 0; k < split->count; k++) {
            const struct piece *piece = &split->pieces[k];
            const char *name = (const char *)piece->path.data + strlen(fixture->folder) + 1;
            const char *before = k > 0 ? " " : i > 0 ? "|" : "";
            text = arena_format(fixture->arena, "%s%s%s %llu+%llu%s%s", text, before, name,
                                (unsigned long long)piece->offset, (unsigned long long)piece->bytes,
                                piece->whole ? "w" : "", piece->last ? "" : "…");
        }
    }
    return text;
}

static void make_tree(struct fixture *fixture)
{
    make_folder(fixture, "t");
    make_folder(fixture, "t/b");
    make_folder(fixture, "t/.hidden");
    make_folder(fixture, "t/empty");
    make_folder(fixture, "elsewhere");
    make_file(fixture, "elsewhere/e", 7);
    make_file(fixture, "t/b.txt", 1);
    make_file(fixture, "t/b/z", 2);
    make_file(fixture, "t/b/A", 3);
    make_file(fixture, "t/a", 4);
    make_file(fixture, "t/\xc3\xa9", 5);
    make_file(fixture, "t/.x", 6);
    make_file(fixture, "t/.hidden/y", 6);
    make_file(fixture, "t/_SUCCESS", 0);
    cr_assert_eq(symlink("../elsewhere/e", path_of(fixture, "t/link")), 0);
    cr_assert_eq(symlink("../elsewhere", path_of(fixture, "t/folder-link")), 0);
    cr_assert_eq(symlink("..", path_of(fixture, "t/b/loop")), 0);
    cr_assert_eq(symlink("self", path_of(fixture, "t/self")), 0);
    cr_assert_eq(symlink("nowhere", path_of(fixture, "t/dangling")), 0);
    cr_assert_eq(mkfifo(path_of(fixture, "t/pipe"), 0600), 0);
}

/* clang-format off */
static const struct tree_row {
    const char *why, *input, *want;
} trees[] = {
    {"a folder in byte order, without what is hidden", "t",
     "t/a 0+4w t/b/A 0+3w t/b/z 0+2w t/b.txt 0+1w t/link 0+7w t/\xc3\xa9 0+5w"},
    {"a slash at its end changes nothing", "t/b/", "t/b/A 0+3w t/b/z 0+2w"},
    {"a folder behind a link, when named", "t/folder-link", "t/folder-link/e 0+7w"},
    {"a file behind a link", "t/link", "t/link 0+7w"},
    {"a hidden file, when named", "t/.x", "t/.x 0+6w"},
    {"an empty folder is no input, and no error", "t/empty", ""},
    {"a glob, in byte order", "t/[ab]*", "t/a 0+4w t/b/A 0+3w t/b/z 0+2w t/b.txt 0+1w"},
    {"braces", "t/{b.txt,a}", "t/a 0+4w t/b.txt 0+1w"},
    {"a glob passes over pipes and _SUCCESS", "t/[_pa]*", "t/a 0+4w"},
    {"a pipe, when named", "t/pipe", "t/pipe 0+0w"},
};
/* clang-format on */

Test(plan, finds_files)
{
    struct fixture fixture = setup();
    make_tree(&fixture);
    FOR_ROWS (row, trees) {
        ROW_EQ(row, plan_input(&fixture, row->input), ERR_OK);
        ROW_BYTES_EQ(row, slice_text(plan_text(&fixture)), row->want);
    }
    teardown(&fixture);
}

Test(plan, takes_a_name_with_glob_characters_as_it_is_if_it_exists)
{
    struct fixture fixture = setup();
    make_file(&fixture, "a[1]*", 3);
    cr_expect_eq(plan_input(&fixture, "a[1]*"), ERR_OK);
    cr_expect_str_eq(plan_text(&fixture), "a[1]* 0+3w");
    teardown(&fixture);
}

static const struct missing_row {
    const char *why, *input;
    enum err want;
} missings[] = {
    {"a missing file", "t/nope", ERR_NOT_FOUND},
    {"a file as a folder", "t/a/b", ERR_NOT_FOUND},
    {"a glob without a match", "t/nope*", ERR_NOT_FOUND},
    {"a dangling link", "t/dangling", ERR_NOT_FOUND},
    {"a link to itself", "t/self", ERR_IO},
};

Test(plan, names_what_is_missing)
{
    struct fixture fixture = setup();
    make_tree(&fixture);
    FOR_ROWS (row, missings) {
        ROW_EQ(row, plan_input(&fixture, row->input), row->want);
        cr_expect(strstr(fixture.fault.text, path_of(&fixture, row->input)) != NULL, "%s: %s",
                  row->why, fixture.fault.text);
    }
    teardown(&fixture);
}

Test(plan, names_what_may_not_be_read)
{
    if (geteuid() == 0) cr_skip_test("root may read everything");
    struct fixture fixture = setup();
    make_tree(&fixture);
    cr_assert_eq(chmod(path_of(&fixture, "t/b/z"), 0), 0);
    cr_expect_eq(plan_input(&fixture, "t"), ERR_PERMISSION);
    cr_expect(strstr(fixture.fault.text, "t/b/z") != NULL, "%s", fixture.fault.text);
    cr_expect_eq(plan_input(&fixture, "t/b/z"), ERR_PERMISSION);
    teardown(&fixture);
}

/* clang-format off */
static const struct size_row {
    const char *why;
    uint64_t split_bytes;
    bool pack;
    size_t a, b, c;
    const char *want;
} sizes[] = {
    {"small files share a split",          10, true,  3, 3, 4,  "a 0+3w b 0+3w c 0+4w"},
    {"up to its size",                     10, true,  3, 4, 4,  "a 0+3w b 0+4w|c 0+4w"},
    {"or each has its own",                10, false, 3, 3, 3,  "a 0+3w|b 0+3w|c 0+3w"},
    {"a file as large as a split is whole", 5, true,  1, 5, 1,  "a 0+1w|b 0+5w|c 0+1w"},
    {"a larger one is cut",                 5, true,  1, 6, 1,  "a 0+1w|b 0+5…|b 5+1|c 0+1w"},
    {"evenly", 3, true, 9, 0, 0, "a 0+3…|a 3+3…|a 6+3|b 0+0w c 0+0w"},
    {"empty files are files",              10, true,  0, 0, 0,  "a 0+0w b 0+0w c 0+0w"},
};
/* clang-format on */

Test(plan, cuts_and_packs)
{
    struct fixture fixture = setup();
    make_folder(&fixture, "d");
    FOR_ROWS (row, sizes) {
        make_file(&fixture, "a", row->a);
        make_file(&fixture, "b", row->b);
        make_file(&fixture, "c", row->c);
        fixture.spec.split_bytes = row->split_bytes;
        fixture.spec.pack = row->pack;
        ROW_EQ(row, plan_input(&fixture, "[abc]"), ERR_OK);
        ROW_BYTES_EQ(row, slice_text(plan_text(&fixture)), row->want);
        ROW_EQ(row, fixture.plan.bytes, row->a + row->b + row->c);
        ROW_EQ(row, fixture.plan.files, 3);
    }
    teardown(&fixture);
}

/* clang-format off */
static const struct grain_row {
    const char *why;
    uint64_t split_bytes;
    struct plan_grain grain;
    const char *want;
} grains[] = {
    {"as the spec says",           10, {0, 0}, "a 0+10w|b 0+2w"},
    {"finer, for more splits",     10, {4, 1}, "a 0+3…|a 3+3…|a 6+3…|a 9+1|b 0+2w"},
    {"but not finer than this",    10, {4, 6}, "a 0+6…|a 6+4|b 0+2w"},
    {"never coarser than the spec", 5, {1, 1}, "a 0+5…|a 5+5|b 0+2w"},
};
/* clang-format on */

Test(plan, cuts_finer_for_more_splits)
{
    struct fixture fixture = setup();
    make_file(&fixture, "a", 10);
    make_file(&fixture, "b", 2);
    FOR_ROWS (row, grains) {
        fixture.spec.split_bytes = row->split_bytes;
        fixture.grain = row->grain;
        ROW_EQ(row, plan_input(&fixture, "[ab]"), ERR_OK);
        ROW_BYTES_EQ(row, slice_text(plan_text(&fixture)), row->want);
    }
    teardown(&fixture);
}

Test(plan, bounds_the_files_in_a_split)
{
    struct fixture fixture = setup();
    make_folder(&fixture, "many");
    for (int i = 0; i < SPLIT_PIECES_MAX + 5; i++) {
        make_file(&fixture, arena_format(fixture.arena, "many/%04d", i), 0);
    }
    cr_expect_eq(plan_input(&fixture, "many"), ERR_OK);
    cr_expect_eq(fixture.plan.count, 2);
    cr_expect_eq(fixture.plan.splits[1].count, 5);
    teardown(&fixture);
}

Test(plan, cuts_csv_between_records_only)
{
    struct fixture fixture = setup();
    fixture.spec.format = FORMAT_CSV;
    fixture.spec.split_bytes = 4;
    struct slice text = SLICE("a,b\n\"x\ny\nz\",1\n5\" disk,2\nlast");
    (void)fixture_file(fixture.arena, fixture.folder, "f", text);
    cr_expect_eq(plan_input(&fixture, "f"), ERR_OK);
    cr_expect_str_eq(plan_text(&fixture), "f 0+4…|f 4+10…|f 14+10…|f 24+4");
    teardown(&fixture);
}

Test(plan, reads_standard_input_once_and_files_as_often_as_named)
{
    struct fixture fixture = setup();
    make_file(&fixture, "a", 2);
    struct slice path = slice_text(path_of(&fixture, "a"));
    struct slice twice[] = {path, path}, dashes[] = {SLICE("-"), path, SLICE("-")};
    struct plan plan;
    cr_expect_eq(
        plan_new(fixture.arena, &fixture.spec, fixture.grain, twice, 2, &plan, &fixture.fault),
        ERR_OK);
    cr_expect_eq(plan.files, 2);
    cr_expect_eq(plan.splits[0].count, 2);
    cr_expect_eq(
        plan_new(fixture.arena, &fixture.spec, fixture.grain, dashes, 2, &plan, &fixture.fault),
        ERR_OK);
    cr_expect_eq(plan.count, 2, "standard input has a split of its own");
    cr_expect_eq(
        plan_new(fixture.arena, &fixture.spec, fixture.grain, dashes, 3, &plan, &fixture.fault),
        ERR_USAGE);
    teardown(&fixture);
}

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

/* clang-format off */
static struct piece one_piece[] = {{TEXT("logs/access.log"), 0, 67108864, false, false}};
static struct piece whole_piece[] = {{TEXT("x.gz"), 0, 9, true, true}};
static struct piece stdin_piece[] = {{TEXT("-"), 0, 0, true, true}};
static struct piece two_pieces[] = {{TEXT("b/a.txt"), 0, 1, true, true}, {TEXT("b/c/d"), 0, 1,
        true, true}};
static struct piece apart[] = {{TEXT("b/x"), 0, 1, true, true}, {TEXT("bc/x"), 0, 1, true, true},
        {TEXT("d"), 0, 1, true, true}};
static const struct label_row {
    const char *why;
    struct split split;
    const char *want;
} labels[] = {
    {"a part of a file",      {one_piece, 1, 0},   "logs/access.log, bytes 0 to 67108864"},
    {"a whole file",          {whole_piece, 1, 0}, "x.gz"},
    {"standard input",        {stdin_piece, 1, 0}, "standard input"},
    {"files of one folder",   {two_pieces, 2, 0},  "a.txt and 1 more file, from b/"},
    {"files from anywhere",   {apart, 3, 0},       "b/x and 2 more files"},
};
/* clang-format on */

Test(split, has_a_label)
{
    FOR_ROWS (row, labels) {
        struct buffer label = {0};
        split_label(&row->split, &label);
        ROW_BYTES_EQ(row, buffer_slice(&label), row->want);
        buffer_free(&label);
    }
}

Test(split, is_the_same_after_its_message)
{
    struct arena *arena = arena_new();
    struct buffer message = {0}, again = {0};
    struct split split = {apart, 3, 3}, received;
    struct fault fault;
    split_encode(&split, &message);
    cr_assert_eq(split_decode(buffer_slice(&message), arena, &received, &fault), ERR_OK);
    cr_expect_eq(received.bytes, 3);
    split_encode(&received, &again);
    cr_expect(slice_eq(buffer_slice(&message), buffer_slice(&again)));
    for (size_t len = 0; len < message.len; len++) {
        struct slice cut = slice_of(message.data, len);
        cr_expect_eq(split_decode(cut, arena, &received, &fault), ERR_CORRUPT, "cut at %zu", len);
    }
    buffer_append_byte(&message, 0);
    cr_expect_eq(split_decode(buffer_slice(&message), arena, &received, &fault), ERR_CORRUPT);
    buffer_free(&message);
    buffer_free(&again);
    arena_free(arena);
}
