# layers_test.sh -- tools/check_layers finds each kind of wrong include, and says where.
. "$(dirname "$0")/../cli/lib.sh"

# tree LINE…: a small sound tree; each LINE is `FILE: TEXT`, appended to that file.
tree() {
    rm -rf t && mkdir -p t/src/base t/src/io t/src/work/read t/include
    printf 'base\nio base\nwork/read base io\n' >t/LAYERS
    echo '#include "base/b.h"' >t/src/base/b.c
    echo '#include <stddef.h>' >t/src/base/b.h
    touch t/include/public.h t/src/io/io_impl.h t/src/io/i.h t/src/base/c.h
    printf '#include "base/b.h"\n#include "io/i.h"\n#include "public.h"\n' >t/src/work/read/r.c
    local line
    for line in "$@"; do
        mkdir -p "$(dirname "t/${line%%: *}")"
        printf '%s\n' "${line#*: }" >>"t/${line%%: *}"
    done
}
finds() { # finds NAME REGEX LINE…
    tree "${@:3}"
    check_finds "$1" "$2"
}
check_finds() { # check_finds NAME REGEX
    run "$ROOT/tools/check_layers" t
    if [ "$status" -eq 1 ]; then matches "$1" "$2" out; else not_ok "$1" "exit $status; $(cat err)"; fi
}

tree
check "a sound tree passes" "$ROOT/tools/check_layers" t
finds "an include against the arrow" '^src/base/b.h:2: base may not include "io/i.h"' \
    'src/base/b.h: #include "io/i.h"'
finds "internals of another folder" '^src/work/read/r.c:4: .*is internal to io/' \
    'src/work/read/r.c: #include "io/io_impl.h"'
finds "a relative include" '^src/work/read/r.c:4: .*is relative' \
    'src/work/read/r.c: #include "../../base/b.h"'
finds "a path that is not from src/" '^src/base/b.c:2: "b.h" is neither in src/ nor' \
    'src/base/b.c: #include "b.h"'
finds "two headers that include each other" '^src/base/b.h:2: this runs in a circle: base/b.h' \
    'src/base/b.h: #include "base/c.h"' 'src/base/c.h: #include "base/b.h"'
finds "a folder without a row" '^src/new/n.c:1: src/new/ has no row in LAYERS' 'src/new/n.c: int n;'
tree 'src/new/n.c: #include "new/deep/d.h"' 'src/new/deep/d.h: #include "base/b.h"' \
    'LAYERS: new/. base' 'LAYERS: new/deep base'
check_finds "a folder alone does not cover what is below it" '^src/new/n.c:1: new/. may not include'
finds "rows that run in a circle" '^LAYERS:[0-9]: this runs in a circle' 'LAYERS: base/x io' \
    'LAYERS: io/y base' 'LAYERS: base io'
check "this project obeys its layers" "$ROOT/tools/check_layers"
