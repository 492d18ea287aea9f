#!/usr/bin/env bash
# Compares what cargo-mutants found with the survivors that are explained.
#
# ci/mutation/judge.sh SCOPE SURVIVORS FOUND...
#     SCOPE: `all` when it is about every mutant, so that an explanation of one that
#     does not survive is too much; `part` of them; or the `changes` of a branch, of
#     which there may be too few for a score.
#     FOUND: folders mutants.out; those of several parts add up.
set -euo pipefail

scope="$1" survivors="$2"
folders=("${@:3}")
limit=90

for found in "${folders[@]}"; do
    # Of changes without a mutant there is nothing to be found.
    if [[ $scope != changes && ! -d $found ]]; then
        echo "FAILED there is no $found"
        exit 1
    fi
done
# listed FILE: what is in these lists.
listed() {
    for found in "${folders[@]}"; do
        [[ ! -f $found/$1 ]] || cat "$found/$1"
    done
}
count() { listed "$1" | wc -l; }

# Where in its file a mutant is changes with every edit; what it is does not. One
# that survives in two places is listed, and explained, twice.
missed="$(listed missed.txt | sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /' | LC_ALL=C sort)"
explained="$(sed -E '/^(#|$)/d; /^ /d' "$survivors" | LC_ALL=C sort)"
# only -23: those without an explanation; only -13: explanations without one.
only() { LC_ALL=C comm "$1" <(echo "$missed") <(echo "$explained") | sed '/^$/d'; }

survived=$(count missed.txt)
by_time=$(count timeout.txt)
caught=$(($(count caught.txt) + by_time))
viable=$((caught + survived))
echo "$viable viable mutants: $caught caught, $by_time of them by their time; $survived survived; $(count unviable.txt) do not compile"
failed=0
unexplained="$(only -23)"
if [[ -n $unexplained ]]; then
    printf 'FAILED survive without an explanation in %s:\n%s\n' "$survivors" "$unexplained"
    failed=1
fi
if [[ $scope != changes ]] && ((viable == 0)); then
    echo "FAILED there is nothing to judge"
    failed=1
elif [[ $scope != changes ]] || ((viable >= 50)); then
    permille=$((caught * 1000 / viable))
    echo "score: $((permille / 10)).$((permille % 10)) %, of at least $limit %"
    if ((caught * 100 < viable * limit)); then
        echo "FAILED too many survive"
        failed=1
    fi
fi
if [[ $scope == all ]]; then
    stale="$(only -13)"
    if [[ -n $stale ]]; then
        printf 'FAILED explained in %s, but caught, or gone:\n%s\n' "$survivors" "$stale"
        failed=1
    fi
fi
exit "$failed"
