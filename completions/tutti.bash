# bash completion of tutti. Made by `tutti help --completion`; do not edit.
_tutti_words() {
    COMPREPLY=($(compgen -W "$1" -- "$current"))
    # What ends in a colon goes on.
    [[ ${COMPREPLY[0]-} != *: ]] || compopt -o nospace
}

_tutti() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _tutti_words 'mapreduce start policy backup restore doctor status nodes shards top explain rebalance leave remove token recover help --version'
        return
    fi
    case ${COMP_WORDS[1]} in
    help) _tutti_words 'mapreduce start policy backup restore doctor status nodes shards top explain rebalance leave remove token recover' ;;
    policy) _tutti_words 'list get set del explain --host --port --user --password' ;;
    status|nodes|shards|top|explain|rebalance|leave|remove|token|recover) _tutti_words '--json --watch --host --port --user --password-file --node --data --dry-run --pause --slots --force --help' ;;
    backup) _tutti_words '--from --data --help' ;;
    restore) _tutti_words '--data --help' ;;
    doctor) _tutti_words '--repair --data --help' ;;
    start)
        case $before in
        --data) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --log-format) _tutti_words 'text json'; return ;;
        --config) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        esac
        _tutti_words '--data --bind --port --lanes --log-format --requirepass --memory --node --peers --cluster --peer-secret-file --shards --peer-port --peer-address --join --token-file --node-host --node-zone --node-weight --config --help' ;;
    *)
        case $before in
        --input) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
        --format) _tutti_words 'lines csv tsv json fixed:'; return ;;
        --header) _tutti_words 'auto yes no'; return ;;
        --pack) _tutti_words 'auto always never'; return ;;
        --map) _tutti_words 'words line field: csv: json: regex: cmd: so:'; return ;;
        --reduce) _tutti_words 'count sum min max mean distinct top: list first sort none cmd: so:'; return ;;
        --combine) _tutti_words 'cmd:'; return ;;
        --output) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        --order) _tutti_words 'key value value:desc'; return ;;
        --compress) _tutti_words 'none gz zst'; return ;;
        --tmp) compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return ;;
        esac
        _tutti_words '--input --format --header --split-size --pack --max-record --map --reduce --combine --env --output --reducers --order --total-order --compress --force --no-fsync --workers --memory --tmp --attempts --skip-bad --json --quiet --help' ;;
    esac
}

complete -F _tutti tutti
