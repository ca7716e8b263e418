# Every command of test/redis/scripts, as redis-server answers it: test/redis/compare tells how.
. "$(dirname "$0")/../cli/lib.sh"

command -v redis-server >/dev/null || {
    skip 'replies as redis-server gives them' 'redis-server is not installed'
    exit 0
}
for script in "$ROOT"/test/redis/scripts/*.redis; do
    run "$ROOT/test/redis/compare" --tutti "$TUTTI" "$script"
    if [ "$status" -eq 0 ]; then
        ok "$(basename "$script" .redis): $(tail -n 1 out)"
    else
        not_ok "$(basename "$script" .redis)" "$(tail -c 2000 out) $(tail -c 400 err)"
    fi
done
