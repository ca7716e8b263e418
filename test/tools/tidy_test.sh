# tidy_test.sh -- tools/tidy finds each kind of untidiness, and says where.
. "$(dirname "$0")/../cli/lib.sh"

# tree: a small tidy tree, to which a test adds one fault.
tree() {
    rm -rf t && mkdir -p t/src/base t/src/io t/test t/docs
    printf '#include "base/b.h"\nint main(void)\n{\n    return b();\n}\n' >t/src/main.c
    printf '#include "base/b.h"\nint b(void)\n{\n    return 0;\n}\n' >t/src/base/b.c
    echo 'int b(void);' >t/src/base/b.h
}
objects() { # compile what the tree holds into t/build
    local file
    for file in t/src/*.c t/src/*/*.c; do
        mkdir -p "t/build/$(dirname "${file#t/}")"
        gcc -It/src -c -o "t/build/${file:2:-2}.o" "$file" || return 1
    done
}
finds() { # finds NAME REGEX [OPTION…]
    run "$ROOT/tools/tidy" --root t "${@:3}"
    if [ "$status" -eq 1 ]; then matches "$1" "$2" out; else not_ok "$1" "exit $status; $(cat err)"; fi
}
lines() { for _ in $(seq "$1"); do echo "$2"; done; }

tree && objects
check "a tidy tree passes" "$ROOT/tools/tidy" --root t --objects build

tree && printf '// %0100d\n' 0 >>t/src/main.c
finds "a long line" '^src/main.c:6: 103 columns'
tree && { printf 'int f(void)\n{\n' && lines 60 '    b();' && echo '}'; } >>t/src/main.c
finds "a long function" '^src/main.c:7: a function of 62 lines'
tree && lines 801 '//' >t/src/base/b.h
finds "a long file" '^src/base/b.h:1: 801 lines'
tree && echo 'int c(void);' >t/src/base/c.h
finds "a header that nobody includes" '^src/base/c.h:1: no file includes it'
tree && touch t/src/base/c.h && echo '#include "base/c.h"' >t/src/base/c.c
finds "a header that only its own file includes" '^src/base/c.h:1: no file includes it'
tree && touch t/src/base/rows.def
finds "a table that nobody includes" '^src/base/rows.def:1: no file includes it'
tree && touch t/test/b_tests.c
finds "a test that is not built" '^test/b_tests.c:1: nothing builds it'
tree && echo 'int c; // FIXME later' >t/docs/a.md
finds "a word for later" '^docs/a.md:1: "FIXME": do it now'
tree && echo '// TODO: more' >>t/src/main.c
finds "a task without an owner" '^src/main.c:6: "TODO": a TODO has an owner'
tree && echo 'see /home/someone/notes' >t/docs/a.md
finds "a path of one machine" '^docs/a.md:1: ".home/s": a path of one'
tree && echo '#include <pthread.h>' >>t/src/base/b.c
finds "threads outside their places" '^src/base/b.c:6: <pthread.h>: threads'
tree && echo '#ifdef __linux__' >>t/src/main.c && echo '#endif' >>t/src/main.c
finds "a branch of the preprocessor" '^src/main.c:6: #if lives in'
tree && echo 'static int count; int *f(void); int *f(void) { return &count; }' >>t/src/main.c &&
    objects
finds "state that outlives a call" '^src/main.c:1: count is state' --objects build
tree && echo 'int f(void) { static int calls = 1; return calls++; }' >>t/src/main.c && objects
finds "state inside a function" '^src/main.c:1: calls.[0-9]* is state' --objects build
tree && echo 'int unused(void) { return 1; }' >>t/src/base/b.c && objects
finds "a function that nobody calls" '^src/base/b.c:1: no other file calls unused' --objects build

tree && cat >t/src/io/t.c <<'END'
#include <pthread.h>
#if 1
#endif
#include "base/b.h"
int b(void)
{
    static const char *const names[] = {"pthread_create", "#if"}; /* TODO(ann): more names */
    return names[pthread_self() != 0] != 0; // #if and pthread_self are only words here
}
END
mv t/src/io/t.c t/src/io/b.c && rm t/src/base/b.c && sed -i 's/^/ /' t/src/base/b.h &&
    echo '// pthread_create and #if are only words here' >>t/src/main.c && objects
check "what is allowed where it is, passes" "$ROOT/tools/tidy" --root t --objects build
