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
# Other programs on the machine disturb two-thread figures. So a ratio that is
# over its budget is measured up to two times more, and the lowest counts: a
# regression is in all runs. Counts of instructions need no such care.
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

compare_revisions() {
    local other="$PWD/target/against" ours theirs run arguments=()
    git worktree remove --force "$other" 2>/dev/null || true
    git worktree add --force --detach "$other" "$against"
    # Its own build folder: inside the worktree, removed with it.
    theirs="$(cd "$other" && CARGO_TARGET_DIR="$other/target" build_track)"
    ours="$(build_track)"
    for run in 1 2 3; do
        "$theirs" --rounds 7 --output "target/against-$run.json"
        "$ours" --rounds 7 --output "target/track-$run.json"
    done
    arguments=(--track target/track-[123].json --against target/against-[123].json)
    if [[ $what != track ]] && command -v valgrind >/dev/null; then
        get_runner
        (cd "$other" && CARGO_TARGET_DIR="$other/target" count_instructions "$OLDPWD/target/against.jsonl")
        count_instructions "$counts"
        arguments+=(--instructions "$counts" --against-instructions target/against.jsonl)
    fi
    local code=0
    "${compare[@]}" "${arguments[@]}" || code=$?
    git worktree remove --force "$other"
    exit "$code"
}

# The exploratory benchmarks are to compile as well.
cargo bench --locked --no-run
[[ -z $against ]] || compare_revisions

arguments=()
if [[ $what != instructions ]]; then
    if has_two_cores; then
        track="$(build_track)"
        "$track" --output "${reports[0]}"
        for attempt in 1 2; do
            [[ -z $metric ]] || break
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
