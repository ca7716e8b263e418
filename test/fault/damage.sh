# damage.sh -- inputs that are cut off, damaged, or hold bad records: named, or counted.
. "$(dirname "$0")/lib.sh"

seq 1 60000 >in
job=("$TUTTI" mapreduce --map line --reduce count --quiet --output out.d)

# damaged NAME FILE REGEX: an error; with --skip-bad, counted once. (That nothing is made up holds for
# files that were cut: of changed bytes, a checksum tells only when they have been read.)
damaged() {
    expect_fault "$1" 1 "$2, byte [0-9]+ of the compressed file: $3" "${job[@]}" --input "$2"
    nothing_left "$1: no output"
    run "${job[@]}" --input "$2" --skip-bad 1 --json --reducers 1
    equal "$1: passed over with --skip-bad" "$status $(number out bad_records)" "0 1"
    matches "$1: it says what it passed over" "\"first_bad_record\": \".*$2" out
    [[ $3 != *cut* ]] || equal "$1: and nothing was made up" "$(cut -f 1 out.d/part-00000 2>/dev/null |
        LC_ALL=C sort | LC_ALL=C comm -23 - <(LC_ALL=C sort in) | wc -l)" 0
    rm -rf out.d
}

for row in 'gzip gz' 'zstd zst' 'xz xz' 'bzip2 bz2'; do
    read -r program ending <<<"$row"
    has "$program" "a damaged .$ending" || continue
    "$program" -q -c in >"whole.$ending"
    bytes=$(stat -c %s "whole.$ending")
    head -c $((bytes / 2)) "whole.$ending" >"cut.$ending"
    damaged "a .$ending cut in the middle" "cut.$ending" '.*cut off'
    head -c $((bytes - 1)) "whole.$ending" >"short.$ending"
    damaged "a .$ending that lacks its last byte" "short.$ending" '.*cut off'
    head -c 3 "whole.$ending" >"stump.$ending"
    damaged "a .$ending of three bytes" "stump.$ending" '.*cut off'
    cp "whole.$ending" "hit.$ending"
    printf 'XXXXXXXX' | dd of="hit.$ending" bs=1 seek=$((bytes / 2)) conv=notrunc status=none
    damaged "a .$ending with other bytes inside" "hit.$ending" '.*damaged'
    (cat "whole.$ending" && echo garbage) >"more.$ending"
    damaged "a .$ending with garbage behind it" "more.$ending" '.*garbage'
done
(head -c 100 /dev/urandom | od -An -tx1 | tr -d ' \n'; echo) >text.gz
check "a .gz that is plain text is text" "${job[@]}" --input text.gz
rm -rf out.d
cp whole.gz crc.gz
printf 'XXXX' | dd of=crc.gz bs=1 seek=$(($(stat -c %s crc.gz) - 8)) conv=notrunc status=none
damaged "a .gz whose checksum is wrong" crc.gz '.*damaged'
(printf '\x1f\x8b'; head -c 1000 /dev/zero | tr '\0' x) >garbage.gz
damaged "a .gz that is garbage" garbage.gz '.*damaged'

# bad NAME FILE REGEX OPTION…: FILE has three bad records.
bad() {
    local name=$1 file=$2 regex=$3
    local options=("${@:4}" --input "$file" --quiet --output out.d)
    expect_fault "$name: the first is an error" 1 "$file.*$regex" "$TUTTI" mapreduce "${options[@]}"
    nothing_left "$name: no output"
    run "$TUTTI" mapreduce "${options[@]}" --skip-bad 3 --json
    equal "$name: as many as are allowed" "$status $(number out bad_records)" "0 3"
    rm -rf out.d
    expect_fault "$name: one over" 1 "$regex" "$TUTTI" mapreduce "${options[@]}" --skip-bad 2
    nothing_left "$name: no output then"
}
bad_lines() { for i in 1 2 3; do seq 1 100 | sed "$1"; printf '%b' "$2"; done; }
bad_lines 's/.*/{"k": &}/' '{"k": \n' >bad.json
bad "json that breaks off" bad.json 'byte [0-9]+' --map json:k --reduce count
(echo a,b && bad_lines 's/.*/x,&/' 'only\n') >bad.csv
bad "csv without the column" bad.csv 'byte [0-9]+|record' --map csv:a,b --reduce sum
bad_lines 's/.*/x\t&/' 'x\tmany\n' >bad.txt
bad "values that are no numbers" bad.txt 'number' --map field:1,2 --reduce sum
bad_lines 's/.*/&/' "$(head -c 3000 /dev/zero | tr '\0' a)\\n" >bad.long
bad "records that are too long" bad.long 'longer than 1000 bytes' --map line --reduce count \
    --max-record 1000
printf 'aaaabbbbcc' >bad.fixed
expect_fault "a fixed record that is cut" 1 'bad.fixed.*2 bytes instead of 4' "$TUTTI" mapreduce \
    --format fixed:4 --map line --reduce count --input bad.fixed --output out.d
run "$TUTTI" mapreduce --format fixed:4 --map line --reduce count --input bad.fixed --output out.d \
    --skip-bad 1 --json --quiet
equal "is one bad record" "$status $(number out bad_records)" "0 1"
rm -rf out.d

# At the limit over many tasks: what counts is the job's total.
mkdir many
for i in 1 2 3 4 5 6; do printf 'x\t1\nx\tbad\n' >many/$i; done
many=("$TUTTI" mapreduce --map field:1,2 --reduce sum --input many --pack never --output out.d --quiet)
check "bad records of many tasks, at the limit" "${many[@]}" --skip-bad 6
rm -rf out.d
expect_fault "and one over it" 1 'bad' "${many[@]}" --skip-bad 5
nothing_left "which leaves nothing"
