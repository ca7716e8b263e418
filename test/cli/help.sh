#!/usr/bin/env bash
# Help, the man page and the completion: they are there, and say what the program knows.
. "$(dirname "$0")/../cli/lib.sh"

check 'tutti alone shows what it is' "$TUTTI"
matches 'with a first command' '^  tutti mapreduce --map words --reduce count' out
cp out alone
expect_output 'help is the same' alone "$TUTTI" help
expect_output '--help too' alone "$TUTTI" --help
check 'version' "$TUTTI" --version
matches 'is one line' '^tutti [0-9]+\.[0-9]+\.[0-9]+$' out

check 'help mapreduce' "$TUTTI" help mapreduce
cp out help
expect_output 'mapreduce --help' help "$TUTTI" mapreduce --help
expect_output 'mapreduce -h' help "$TUTTI" mapreduce -h
expect_output '--help after other options' help "$TUTTI" mapreduce --map words --help
for subcommand in start policy; do
    check "help $subcommand" "$TUTTI" help "$subcommand"
    cp out "help-$subcommand"
    expect_output "$subcommand --help" "help-$subcommand" "$TUTTI" "$subcommand" --help
done
for title in Input Work Output Resources 'Map operators' 'Reduce operators' 'Exit status'; do
    matches "help has $title" "^$title\$" help
done

"$TUTTI" help --man >page
same 'docs/tutti.1 is what the program makes' "$ROOT/docs/tutti.1" page
"$TUTTI" help --completion >completion
same 'completions/tutti.bash is what the program makes' "$ROOT/completions/tutti.bash" completion

options() { grep -oE '^  --[a-z-]+' "$1" | tr -d ' ' | sort; }
man_options() { # bold terms that begin with two dashes
    sed -nE 's/^\\fB\\-\\-([a-z\\-]+).*/--\1/p' "$1" | sed 's/\\f.*//; s/\\-/-/g' | tr -d ' ' | sort
}
"$TUTTI" help start >help-start
equal 'man page and help list the same options' "$(man_options page)" \
    "$(cat help help-start >both && options both)"
if has man 'man reads the page without a warning'; then
    equal 'man reads the page without a warning' \
        "$(MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 page 2>&1 >/dev/null)" ''
fi

# What bash would offer: offered WORD…, the last one half typed.
offered() {
    bash -c '. "$1"; shift; COMP_WORDS=(tutti "$@"); COMP_CWORD=$#; compopt() { :; }
        _tutti; echo "${COMPREPLY[*]}"' bash completion "$@"
}
equal 'a subcommand is completed' "$(offered map)" mapreduce
equal 'an option is completed' "$(offered mapreduce --red)" '--reduce --reducers'
equal 'an operator is completed' "$(offered mapreduce --reduce me)" mean
equal 'an option of start is completed' "$(offered start --da)" --data
equal 'its choice too' "$(offered start --log-format j)" json
equal 'help is completed' "$(offered help st)" 'start status'
equal 'a choice is completed' "$(offered mapreduce --order v)" 'value value:desc'
touch some-file
equal 'a file is completed' "$(offered mapreduce --input some)" some-file

run bash -c '"$1" help mapreduce >/dev/full' bash "$TUTTI"
equal 'a full disk under help is a failure' "$status" 1
