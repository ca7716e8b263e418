# disk.sh -- disks that are full, fail, or may not be written: a clear error, and nothing left.
. "$(dirname "$0")/lib.sh"

undo() { umount "$WORK/small" 2>/dev/null; }

mkdir tmp small
seq 1 400000 >in # more than a memory of 1 MiB holds
job=("$TUTTI" mapreduce --input in --map line --workers 2 --no-fsync --quiet)
fat=("$TUTTI" mapreduce --input fat --map line --workers 2 --no-fsync --quiet)

head -c 20M /dev/urandom | base64 >fat # 27 MB that stay more than 16, however compressed
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=16m tmpfs small 2>/dev/null; then
    expect_fault "a full disk under --tmp" 1 'spill.*small.*--tmp.*No space left' \
        "${fat[@]}" --reduce sort --memory 1M --tmp small --output out.d
    nothing_left "leaves no output"
    equal "and no file" "$(ls -A small)" ""
    equal "and gives the room back" "$(df --output=used small | tail -n 1 | tr -d ' ')" 0
    expect_fault "a full disk under the output" 1 'small/.*No space left' \
        "${fat[@]}" --reduce sort --tmp tmp --output small/out
    equal "leaves no file" "$(ls -A small)" ""
    expect_fault "a full disk under a compressed output" 1 'small/.*No space left' \
        "${fat[@]}" --reduce none --tmp tmp --compress gz --output small/out
    equal "leaves no file either" "$(ls -A small)" ""
    expect_fault "a full disk where a stream's parts wait" 1 'small/.*No space left' \
        "${fat[@]}" --reduce sort --tmp small --output -
    equal "leaves no file there" "$(ls -A small)" ""
    mkdir small/old && echo kept >small/old/part-00000
    expect_fault "a full disk under --force" 1 'No space left' \
        "${fat[@]}" --reduce sort --tmp tmp --force --output small/old
    equal "leaves what was there" "$(cd small && find . -type f -exec cat {} +)" kept
    umount small
else
    skip "full disks" "mounting a tmpfs takes root"
fi

expect_fault "standard output that is full" 1 'standard output.*No space left' \
    bash -c '"$@" >/dev/full' - "${job[@]}" --reduce count --output -

limited() { (ulimit -f 1024 && run "$@" && exit "$status"); }
limited "${job[@]}" --reduce count --reducers 1 --output out.d
equal "a limit of the size of files ends the job" "$?" 1
matches "and says so" 'out.d.*File too large' err
nothing_left "and nothing is left"

expect_fault "a folder for the output that is not there" 1 'none/.*(No such file|no folder none)' \
    "${job[@]}" --reduce count --output none/out
expect_fault "a file where the output's folder should be" 1 'in/.*Not a directory' \
    "${job[@]}" --reduce count --output in/out
expect_fault "a folder for --tmp that is not there" 1 'none.*No such file' \
    "${job[@]}" --reduce count --tmp none --memory 1M --output out.d
nothing_left "leaves nothing"
expect_fault "TMPDIR that is not there" 1 'none.*No such file' \
    env TMPDIR=/none "${job[@]}" --reduce count --memory 1M --output out.d
nothing_left "leaves nothing either"

as_nobody=()
[ "$(id -u)" -ne 0 ] || as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
chmod 755 "$WORK" && mkdir locked shut && chmod 555 locked && cp "$TUTTI" tutti && echo a >shut/file
chmod 000 shut/file
if "${as_nobody[@]}" true 2>/dev/null && ! "${as_nobody[@]}" test -r shut/file; then
    nobody=("${as_nobody[@]}" ./tutti mapreduce --map line --reduce count --quiet)
    expect_fault "an output folder that may not be made" 1 'locked/.*Permission denied' \
        "${nobody[@]}" --input in --output locked/out
    expect_fault "an input that may not be read" 1 'shut/file.*Permission denied' \
        "${nobody[@]}" --input shut --output -
    expect_fault "a --tmp that may not be written" 1 'locked.*Permission denied' \
        "${nobody[@]}" --input in --memory 1M --tmp locked --output -
else
    skip "what may not be read or written" "no other user to be"
fi

ln -s loop loop
expect_fault "an input that cannot be opened" 1 'loop.*(symbolic links|No such)' \
    "$TUTTI" mapreduce --map line --reduce count --input loop --output out.d
nothing_left "nothing is left"

# A file that goes, shrinks or grows between the plan and its task: one worker is kept waiting.
seq 1 2000 >first
change() { # change NAME COMMAND: runs the job with the command between the plan and the task
    cp in second
    run "$TUTTI" mapreduce --input first --input second --pack never --workers 1 --quiet \
        --split-size 20M --reduce none --output out.d \
        --map "cmd:[ \$mapreduce_map_input_file = second ] || { $2; }; cat"
}
change "vanishes" 'rm second'
equal "a file that vanishes fails the job" "$status" 1
matches "by name" 'second.*No such file' err
nothing_left "and nothing is left"
change "grows" 'seq 1 1000 >>second'
equal "a file that grows does not" "$status" 0
rm -rf out.d
cp in second
expect_fault "a large file that shrinks fails the job" 1 'second.*(shrank|earlier)' \
    "$TUTTI" mapreduce --input first --input second --pack never --workers 1 --quiet \
    --split-size 1M --reduce none --output out.d \
    --map 'cmd:[ $mapreduce_map_input_file = second ] || truncate -s 1500000 second; cat'
nothing_left "and nothing is left"

# injected NAME REGEX SYSCALL:ERROR OPTION…: that system call fails; on the file `only` alone where
# it is set, since the loader of programs makes such calls too.
injected() {
    expect_fault "$1" 1 "$2" strace -f -qq -o trace ${only:+-P "$only"} \
        -e "trace=${3%%:*}" -e "inject=$3" \
        "$TUTTI" mapreduce --input in --map line --workers 2 --tmp tmp --quiet "${@:4}"
    nothing_left "$1: nothing is left"
}
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    only=$WORK/in injected "a sector that cannot be read" \
        'cannot read in at byte [0-9]+: Input/output error' pread64:error=EIO:when=2+ \
        --split-size 2k --reduce count --output out.d
    injected "a flush that fails" 'cannot flush .*out.d.*: Input/output error' \
        fdatasync:error=EIO --reduce count --output out.d
    injected "a flush of the folder that fails" 'cannot flush .*: Input/output error' \
        fsync:error=EIO --reduce count --output out.d
    injected "a flush of the folder around it that fails" 'cannot flush .*: Input/output error' \
        fsync:error=EIO:when=2 --reduce count --output out.d
    injected "a part that cannot be renamed" 'cannot rename .*: Input/output error' \
        rename:error=EIO --reduce count --output out.d
    injected "an output that cannot get its name" 'out.d: Input/output error' \
        renameat2:error=EIO --reduce count --output out.d
    injected "a spill that fails to be written" 'spill to tmp.*: Input/output error' \
        pwrite64:error=EIO:when=3+ --reduce count --memory 1M --output out.d
    injected "a pipe that cannot be made" 'pipe: Too many open files' \
        pipe2:error=EMFILE:when=2+ --map cmd:cat --reduce count --output out.d
else
    skip "system calls that fail" "strace is not here, or may not trace"
fi
