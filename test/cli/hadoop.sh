#!/usr/bin/env bash
# Command lines of Hadoop Streaming, as they are.
. "$(dirname "$0")/../cli/lib.sh"

mkdir bin in
printf 'b a\na c\n' >in/1.txt
printf 'a\n' >in/2.txt
cat >bin/map.sh <<'END'
#!/bin/sh
tr -s ' ' '\n' | sed "s/\$/	$my_weight/"
echo "reporter:counter:tests,mappers,1" >&2
END
cat >bin/reduce.sh <<'END'
#!/bin/sh
awk -F '\t' '{ n[$1] += $2 } END { for (k in n) print k "\t" n[k] }' | sort
END
chmod +x bin/*.sh
printf 'a\t6\nb\t2\nc\t2\n' >want

expect_exit 'a whole command line' 0 "$TUTTI" mapreduce jar /x/hadoop-streaming-3.3.jar \
    -D mapreduce.job.name=count -D my.weight=2 -D mapreduce.job.reduces=2 \
    -files bin/map.sh,bin/reduce.sh -input in -output result \
    -mapper map.sh -reducer reduce.sh -combiner reduce.sh
cp err summary
sort result/part-* >sorted
same 'its result' sorted want
equal 'its parts' "$(cd result && echo *)" '_SUCCESS part-00000 part-00001'
matches 'each file had a mapper of its own' 'tests mappers 2' summary

expect_exit 'no reducer' 0 "$TUTTI" mapreduce -input in/1.txt,in/2.txt -output maps \
    -mapper cat -numReduceTasks 0
sort maps/part-* >sorted
sort in/*.txt >lines
same 'leaves the lines as they are' sorted lines

expect_exit 'identity by default' 0 "$TUTTI" mapreduce -input in -output same -numReduceTasks 1 \
    --quiet
sed 's/$/\t/' lines >keys # a line without a TAB is a key; its empty value is written
same 'sorts the lines, as Hadoop writes them' same/part-00000 keys

expect_exit 'compressed output' 0 "$TUTTI" mapreduce -input in -output packed -mapper cat \
    -reducer cat -D mapreduce.output.fileoutputformat.compress=true -D mapreduce.job.reduces=1
gzip -dc packed/part-00000.gz >unpacked
same 'is gzip' unpacked keys

chmod -x bin/map.sh
expect_fault 'a mapper that cannot run' 2 'chmod \+x bin/map.sh' "$TUTTI" mapreduce \
    -input in -output never -mapper map.sh -reducer cat -file bin/map.sh
expect_fault 'another order of keys' 2 'the result would differ' "$TUTTI" mapreduce \
    -D mapreduce.partition.keycomparator.options=-nr -input in -output never -mapper cat
absent 'leaves nothing' never
