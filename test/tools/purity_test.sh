# purity_test.sh -- tools/check_purity and core/pure.h refuse a machine that knows the world.
. "$(dirname "$0")/../cli/lib.sh"

# core TEXT…: src/core/m.c with these lines, compiled into core.a; base.a offers base_word.
core() {
    rm -rf t && mkdir -p t/src/core
    printf '%s\n' "$@" >t/src/core/m.c
    echo 'int base_word(void); int base_word(void) { return 1; }' >t/base.c
    gcc -c -o t/m.o t/src/core/m.c && gcc -c -o t/base.o t/base.c &&
        ar rcs t/core.a t/m.o && ar rcs t/base.a t/base.o
}
purity() { "$ROOT/tools/check_purity" --root t t/core.a t/base.a; }
finds() { # finds NAME REGEX
    run purity
    if [ "$status" -eq 1 ]; then matches "$1" "$2" out; else not_ok "$1" "exit $status; $(cat err)"; fi
}
run() { # as in lib.sh, for a function
    "$@" >out 2>err </dev/null
    status=$?
}

core '#include <string.h>' 'int base_word(void);' \
    'int m(const char *a, char *b, int n) { memcpy(b, a, n); return base_word() + strlen(b); }'
check "a pure machine passes" purity
core 'long time(long *);' 'long m(void) { return time(0); }'
finds "a call of the clock" 'm.o.*: core/ calls time, which is neither'
core 'int other(void);' 'int m(void) { return other(); }'
finds "a call of another layer" 'core/ calls other'
core '#include <time.h>' 'int m;'
finds "a header of the world" '^src/core/m.c:1: core/ may not include <time.h>'

poisoned() { # poisoned WORD
    printf 'int m(void);\nint m(void) { return (int)%s(0); }\n' "$1" >m.c
    gcc -I"$ROOT/src" -include "$ROOT/src/core/pure.h" -c -o m.o m.c
}
for word in malloc rand clock_gettime fopen socket getenv; do
    run poisoned "$word"
    matches "$word is no word in core/" "poisoned \"$word\"" err
done
