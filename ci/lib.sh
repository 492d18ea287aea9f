# Shared by the jobs in this folder; each sources it first:
#
#     . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#
# Afterwards the shell stops at the first error and stands in the root of the
# repository.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# skip WHY: ends the job, successfully and visibly. `.ci/run` lists what was
# skipped at its end; the file it names collects the reasons.
skip() {
    local line
    line="SKIPPED $(basename "$0" .sh): $1"
    echo "$line"
    if [[ -n ${TIDEGATE_CI_SKIPPED:-} ]]; then
        echo "$line" >>"$TIDEGATE_CI_SKIPPED"
    fi
    exit 0
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
# features (ci/features.sh); and of locked memory, which a sanitizer does not lock.
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
        typed_connections documentation secrets doctor real_time feed_handler audio_graph)
    for ((round = 1; round <= ${TIDEGATE_ROUNDS:-1}; round++)); do
        cargo +nightly test --locked --no-fail-fast -Zbuild-std --target "$(host)" "${targets[@]}" -- "$@"
    done
}
