#!/usr/bin/env bash
# Measures, and compares with baselines/budgets.json. Fails when a ratio is more
# than its tolerance (a tenth, where no reason for another is recorded) or a
# count of instructions more than 3 % over its budget.
#
# ci/bench.sh                         everything
# ci/bench.sh track | instructions    one of the two
# ci/bench.sh --against REV           REV and this tree, in turns, in one job
# ci/bench.sh --update METRIC --reason WHY
#                                     measures, and sets that limit; the reason
#                                     is recorded with it. METRIC `all` sets every
#                                     limit but the hard ones, and keeps the
#                                     reports in baselines/measured/
#
# Other programs on the machine disturb times. So a ratio that is over its budget
# is measured up to two times more, and the lowest counts: a regression is in all
# jobs. A limit is set to the middle of three jobs. Of two revisions the medians
# are compared, with a row that looks slower measured as often again. Counts of
# instructions need no such care.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

what=all against="" metric="" reason=""
while (($# > 0)); do
    case "$1" in
    track | instructions) what="$1" ;;
    --against) against="${2:?--against needs a revision}" && shift ;;
    --update) metric="${2:?--update needs a metric, or all}" && shift ;;
    --reason) reason="${2:?--reason needs a text}" && shift ;;
    *) echo "unknown argument $1; see the head of $0" >&2 && exit 2 ;;
    esac
    shift
done
if [[ -n $metric && -z $reason ]]; then
    echo "--update needs a --reason" >&2
    exit 2
fi

# note WHY: says what is left out, here and in the table at the end of .ci/run.
note() {
    echo "SKIPPED bench: $1"
    [[ -z ${TIDEGATE_CI_SKIPPED:-} ]] || echo "SKIPPED bench: $1" >>"$TIDEGATE_CI_SKIPPED"
}

# The runner must be of the library's version.
get_runner() {
    local version root="$PWD/target/tools"
    version="$(sed -n '/^name = "gungraun-runner"/{n;s/^version = "\(.*\)"/\1/p}' Cargo.lock)"
    export GUNGRAUN_RUNNER="$root/bin/gungraun-runner"
    if [[ "$("$GUNGRAUN_RUNNER" --version 2>/dev/null)" != *" $version" ]]; then
        cargo install gungraun-runner --version "$version" --locked --root "$root"
    fi
}

mkdir -p target
compare=(cargo run --locked --quiet --example compare_bench --)
reports=(target/track.json)
counts=target/instructions.jsonl

# executable: where cargo put the benchmark whose build it prints.
executable() {
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}

build_track() {
    cargo bench --locked --no-run --bench track --message-format=json | executable
}

count_instructions() { # OUTPUT
    cargo bench --locked --bench instructions -- --output-format=json >"$1"
}

has_two_cores() {
    (($(nproc) >= 2))
}

# Five short runs of either revision, in turns, of all rows or of the named one.
in_turns() { # THEIRS OURS NAME ROW…
    local theirs="$1" ours="$2" name="$3" run once=(--runs 1)
    shift 3
    # A revision from before runs were processes of their own knows no --runs.
    "$theirs" --help | grep -qe --runs || once=()
    for run in 1 2 3 4 5; do
        "$theirs" "${once[@]}" --rounds 11 --output "target/against/before-$name-$run.json" "$@"
        "$ours" --runs 1 --rounds 11 --output "target/against/after-$name-$run.json" "$@"
    done >/dev/null
}

compare_revisions() {
    local other="$PWD/target/against/tree" build="$PWD/target/against/build"
    local ours theirs before after attempt row slower
    local arguments=() measured=()
    git worktree remove --force "$other" 2>/dev/null || true
    rm -f target/against/*.json*
    git worktree add --force --detach "$other" "$against"
    trap 'git worktree remove --force "$PWD/target/against/tree"' EXIT
    # Its own build folder, which stays for the next comparison.
    theirs="$(cd "$other" && CARGO_TARGET_DIR="$build" build_track)"
    ours="$(build_track)"
    if [[ $what != instructions ]]; then
        in_turns "$theirs" "$ours" all
        for attempt in 1 2; do
            measured=(--track target/against/after-*.json --against target/against/before-*.json)
            slower="$("${compare[@]}" "${measured[@]}" --failing)"
            [[ -n $slower ]] || break
            echo "measured once more, because slower: ${slower//$'\n'/ }"
            while read -r row; do
                in_turns "$theirs" "$ours" "$attempt-$row" "$row"
            done <<<"$slower"
        done
        arguments=(--track target/against/after-*.json --against target/against/before-*.json)
    fi
    if [[ $what != track ]]; then
        if command -v valgrind >/dev/null; then
            get_runner
            before="$PWD/target/against/before.jsonl" after="$PWD/target/against/after.jsonl"
            (cd "$other" && CARGO_TARGET_DIR="$build" count_instructions "$before")
            count_instructions "$after"
            arguments+=(--instructions "$after" --against-instructions "$before")
        else
            note "instructions need valgrind"
        fi
    fi
    "${compare[@]}" "${arguments[@]}"
}

# The exploratory benchmarks are to compile as well.
cargo bench --locked --no-run
if [[ -n $against ]]; then
    compare_revisions
    exit
fi

arguments=()
if [[ $what != instructions ]]; then
    if has_two_cores; then
        track="$(build_track)"
        rows=()
        [[ -z $metric || $metric == all ]] || rows=("$metric")
        "$track" "${rows[@]}" --output "${reports[0]}"
        for attempt in 1 2; do
            if [[ -n $metric ]]; then
                again="target/track-again-$attempt.json"
                "$track" "${rows[@]}" --output "$again"
                reports+=("$again")
                continue
            fi
            failing="$("${compare[@]}" --track "${reports[@]}" --failing)"
            [[ -n $failing ]] || break
            echo "measured once more, because over budget: ${failing//$'\n'/ }"
            while read -r name; do
                again="target/track-again-$attempt-$name.json"
                "$track" "$name" --output "$again"
                reports+=("$again")
            done <<<"$failing"
        done
        arguments+=(--track "${reports[@]}")
    else
        note "track needs two cores"
    fi
fi
if [[ $what != track ]]; then
    if command -v valgrind >/dev/null; then
        get_runner
        count_instructions "$counts"
        arguments+=(--instructions "$counts")
    else
        note "instructions need valgrind"
    fi
fi
((${#arguments[@]} > 0)) || exit 0

if [[ -n $metric ]]; then
    mkdir -p baselines/measured
    "${compare[@]}" "${arguments[@]}" --update "$metric" --reason "$reason"
    if [[ $metric == all && $what != instructions ]]; then
        cp "${reports[0]}" baselines/measured/track.json
    fi
else
    "${compare[@]}" "${arguments[@]}"
fi
