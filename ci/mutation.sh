#!/usr/bin/env bash
# Changes the logic that ci/mutation/config.toml names, one operator or result at
# a time, and demands that a test notices: of all mutants that compile, nine in
# ten, and each one that survives has its reason in ci/mutation/survivors.
#
# ci/mutation.sh             all of them: hours
# ci/mutation.sh K/N         the K-th of N parts, from 0; the score counts in each
# ci/mutation.sh diff        those in what was changed since the branch left main: minutes
#
# Mutants of the lock-free protocols are in ci/mutants.sh: those need models.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo_tool cargo-mutants 27.1.0 || skip "cargo-mutants cannot be installed"

# A file that moved would be left out in silence.
globs="$(sed -n '/^examine_globs/,/^]/s/^ *"\(.*\)",$/\1/p' ci/mutation/config.toml)"
for glob in $globs; do
    if [[ ! -e $glob ]]; then
        echo "FAILED ci/mutation/config.toml: nothing is at $glob"
        exit 1
    fi
done

out="$(target_dir mutation)"
mkdir -p "$out"
options=(--config ci/mutation/config.toml --package tidegate --cap-lints=true
    --cargo-arg=--locked --output "$out" --no-shuffle --colors never)
case "${1:-}" in
"") scope=all ;;
diff)
    scope=changes
    base="$(merge_base)" || skip "there is no commit to compare with"
    git diff "$base" -- src >"$out/changes.diff"
    options+=(--in-diff "$out/changes.diff")
    ;;
*/*)
    scope=part
    options+=(--shard "$1")
    ;;
*)
    echo "usage: ci/mutation.sh [K/N | diff]" >&2
    exit 2
    ;;
esac

# What cargo-mutants ends with when mutants survived (2) or took too long (3) is
# judged below; anything else is an error. Without a mutant it leaves no lists.
rm -rf "$out/mutants.out"
code=0
cargo mutants "${options[@]}" || code=$?
if ((code != 0 && code != 2 && code != 3)); then
    exit "$code"
fi
bash ci/mutation/judge.sh "$scope" ci/mutation/survivors "$out/mutants.out"
