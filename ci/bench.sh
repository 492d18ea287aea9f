#!/usr/bin/env bash
# Measures, and compares with baselines/budgets.json. Fails when a ratio is more
# than its tolerance (a tenth, where no reason for another is recorded) or a
# count of instructions more than 3 % over its budget.
#
# ci/bench.sh                         everything
# ci/bench.sh track | instructions    one of the two
# ci/bench.sh --against REV           REV and this tree, in turns, in one job; REV
#                                     `merge-base` is where this branch left main
# ci/bench.sh --update METRIC --reason WHY
#                                     measures, and sets that limit; the reason
#                                     is recorded with it. METRIC `all` sets every
#                                     limit but the hard ones, and keeps the
#                                     reports in baselines/measured/
#
# Other programs on the machine disturb times. So a ratio that is over its budget
# is measured up to two times more, and the lowest counts: a regression is in all
# jobs. And another machine may have another ratio: what is still over its budget
# is measured in turns with the commit that the budget was measured with, and fails
# when it is slower than that. Hard limits hold everywhere. A limit is set to the
# middle of three jobs. Of two revisions the medians are compared, with a row that
# looks slower measured as often again. Counts of instructions need no such care.
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
if [[ -n $metric ]] && ! git diff --quiet HEAD -- src benches Cargo.lock; then
    echo "--update records which commit was measured: commit first" >&2
    exit 2
fi

# The runner must be of the library's version.
get_runner() {
    local version root="$PWD/target/tools"
    version="$(sed -n '/^name = "gungraun-runner"/{n;s/^version = "\(.*\)"/\1/p}' Cargo.lock)"
    export GUNGRAUN_RUNNER="$root/bin/gungraun-runner"
    if [[ "$("$GUNGRAUN_RUNNER" --version 2>/dev/null)" != *" $version" ]]; then
        # Without optimising, as `cargo_tool` has it: it only reads what was counted.
        CARGO_PROFILE_DEV_DEBUG=0 cargo install gungraun-runner --version "$version" \
            --locked --debug --root "$root"
    fi
}

mkdir -p target/against
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

# build_revision REV: its track benchmark, in a file of its own. The tree is left
# for more to be built in it, and the build for the next comparison.
other="$PWD/target/against/tree"
build="$PWD/target/against/build"
build_revision() {
    local built="$PWD/target/against/track-$1"
    git worktree remove --force "$other" 2>/dev/null || true
    git worktree add --quiet --force --detach "$other" "$1"
    trap 'git worktree remove --force "$other"' EXIT
    cp "$(cd "$other" && CARGO_TARGET_DIR="$build" build_track)" "$built"
    theirs="$built"
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

# Measures what looks slower than the other revision up to two times more.
measure_slower_again() { # THEIRS OURS
    local attempt row slower
    for attempt in 1 2; do
        slower="$("${compare[@]}" --track target/against/after-*.json \
            --against target/against/before-*.json --failing)"
        [[ -n $slower ]] || break
        echo "measured once more, because slower: ${slower//$'\n'/ }"
        while read -r row; do
            in_turns "$1" "$2" "$attempt-$row" "$row"
        done <<<"$slower"
    done
}

compare_revisions() {
    local ours theirs before after
    local arguments=()
    rm -f target/against/*.json*
    if [[ $against == merge-base ]]; then
        against="$(merge_base)" || skip "no main branch, or no parent, to compare with"
    fi
    build_revision "$(git rev-parse "$against")"
    ours="$(build_track)"
    if [[ $what != instructions ]]; then
        in_turns "$theirs" "$ours" all
        measure_slower_again "$theirs" "$ours"
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
            skip_part "instructions need valgrind"
        fi
    fi
    "${compare[@]}" "${arguments[@]}"
}

# What is over its budget, in turns with the commits that the budgets were measured
# with, as far as they are there and know the row.
measure_references() { # TRACK, and lines of METRIC REVISION
    local ours="$1" failing="$2" theirs="" revision metric
    rm -f target/against/*.json
    while read -r revision; do
        if ! git cat-file -e "$revision^{commit}" 2>/dev/null; then
            echo "$revision, which a budget was measured with, is not in this clone"
            continue
        fi
        build_revision "$revision"
        while read -r metric; do
            echo "$metric is over its budget: measured in turns with $revision"
            in_turns "$theirs" "$ours" "$metric" "$metric"
        done < <(awk -v revision="$revision" '$2 == revision { print $1 }' <<<"$failing")
        measure_slower_again "$theirs" "$ours"
    done < <(awk 'NF == 2 { print $2 }' <<<"$failing" | sort -u)
    if compgen -G "target/against/after-*.json" >/dev/null; then
        arguments+=(--in-turns target/against/after-*.json)
        arguments+=(--references target/against/before-*.json)
    fi
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
            again="$(cut -d " " -f 1 <<<"$failing")"
            echo "measured once more, because over budget: ${again//$'\n'/ }"
            while read -r name _; do
                again="target/track-again-$attempt-$name.json"
                "$track" "$name" --output "$again"
                reports+=("$again")
            done <<<"$failing"
        done
        arguments+=(--track "${reports[@]}")
        if [[ -z $metric ]]; then
            failing="$("${compare[@]}" --track "${reports[@]}" --failing)"
            [[ -z $failing ]] || measure_references "$track" "$failing"
        fi
    else
        skip_part "track needs two cores"
    fi
fi
if [[ $what != track ]]; then
    if command -v valgrind >/dev/null; then
        get_runner
        count_instructions "$counts"
        arguments+=(--instructions "$counts")
    else
        skip_part "instructions need valgrind"
    fi
fi
((${#arguments[@]} > 0)) || exit 0

if [[ -n $metric ]]; then
    mkdir -p baselines/measured
    "${compare[@]}" "${arguments[@]}" --update "$metric" --reason "$reason" \
        --revision "$(git rev-parse HEAD)"
    if [[ $metric == all && $what != instructions ]]; then
        cp "${reports[0]}" baselines/measured/track.json
    fi
else
    "${compare[@]}" "${arguments[@]}"
fi
