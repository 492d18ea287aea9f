#!/usr/bin/env bash
# The quarantine for flaky tests itself: a small crate with tests that fail at their
# first try, or always, under lists that are right and wrong.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. ci/quarantine/tests.sh

crate="$(mktemp -d)"
trap 'rm -rf "$crate"' EXIT
mkdir -p "$crate/src" "$crate/tests"
cat >"$crate/Cargo.toml" <<'TOML'
[package]
name = "stand-in"
version = "0.0.0"
edition = "2024"

[lib]
doctest = false
TOML
# Each test leaves a line in `runs`; TROUBLE says which tests are in trouble.
cat >"$crate/src/lib.rs" <<'RUST'
#[cfg(test)]
mod tests {
    use std::io::Write;

    fn runs(name: &str) -> usize {
        let mut file = std::fs::File::options().append(true).create(true).open("runs").unwrap();
        // In one piece: tests on other threads write here, too.
        file.write_all(format!("{name}\n").as_bytes()).unwrap();
        let runs = std::fs::read_to_string("runs").unwrap();
        runs.lines().filter(|line| *line == name).count()
    }

    fn in_trouble(name: &str) -> bool {
        std::env::var("TROUBLE").is_ok_and(|names| names.contains(name))
    }

    #[test]
    fn steady() {
        runs("steady");
    }

    #[test]
    fn flaky() {
        assert!(runs("flaky") > 1 || !in_trouble("flaky"), "the first time");
    }

    #[test]
    fn flaky_no_more() {
        runs("flaky_no_more");
    }

    #[test]
    fn broken() {
        runs("broken");
        assert!(!in_trouble("broken"), "always");
    }

    #[test]
    #[ignore = "never runs"]
    fn ignored() {}

    #[test]
    fn twin() {}
}
RUST
cat >"$crate/tests/other.rs" <<'RUST'
mod tests {
    #[test]
    fn twin() {}
}
RUST

cd "$crate"
export CARGO_TARGET_DIR="$crate/target"
cargo generate-lockfile --offline --quiet

# expect passes|fails CASE TROUBLE LIST TEXT…: how the tests go with this list, and
# what is to be noted.
expect() {
    local expected="$1" case="$2" trouble="$3" list="$4" outcome=passes text
    shift 4
    rm -f runs notes summary
    touch notes summary
    printf '%s' "$list" >list
    TROUBLE="$trouble" TIDEGATE_CI_NOTES=notes GITHUB_STEP_SUMMARY=summary \
        quarantined_tests --all-exist list --workspace --locked >output 2>&1 || outcome=fails
    if [[ $outcome != "$expected" ]]; then
        cat output
        echo "$case: $outcome, and not: $expected" >&2
        exit 1
    fi
    for text in "$@"; do
        if ! grep -qF -- "$text" notes || ! grep -qF -- "- $text" summary; then
            cat output
            echo "$case: noted is not: $text" >&2
            exit 1
        fi
    done
    echo "$expected: $case"
}

# runs_are TEST NUMBER
runs_are() {
    local runs
    runs="$(grep -cFx "$1" runs || true)"
    if ((runs != $2)); then
        echo "$1 ran $runs times, and not $2" >&2
        exit 1
    fi
}

expect passes "nobody is in trouble, and nothing listed" "" $'# empty\n\n'
runs_are flaky 1
expect fails "a flaky test that is not listed" flaky ""
runs_are flaky 1
expect passes "a flaky test that is listed" flaky $'tests::flaky #12 a race in the test\n' \
    "QUARANTINED tests::flaky: failed, passed when run again (#12: a race in the test)"
runs_are flaky 2
runs_are steady 1
runs_are flaky_no_more 1
expect passes "a listed test that passes at once, in a list without a last newline" "" \
    'tests::flaky #12 a race' "QUARANTINED tests::flaky: passed (#12: a race)"
runs_are flaky 1
expect fails "a listed test that fails twice is not tried a third time" broken \
    $'tests::broken #13 why\n' "QUARANTINED tests::broken: failed twice (#13: why)"
runs_are broken 2
expect fails "a listed test does not excuse another" "flaky broken" $'tests::flaky #12 a race\n' \
    "QUARANTINED tests::flaky: failed, passed when run again (#12: a race)"
expect fails "an entry without an issue" "" $'tests::flaky a race\n' \
    'FAILED: ci/quarantine/list: "tests::flaky a race" is not of the form TEST #ISSUE REASON'
expect fails "an entry whose issue is no number" "" $'tests::flaky #soon a race\n'
expect fails "an entry without a reason" "" $'tests::flaky #12\n'
expect fails "an entry that is listed twice" "" $'tests::flaky #12 a\ntests::flaky #13 b\n'
expect fails "an entry that names no test" "" $'tests::flak #12 a race\n' \
    "FAILED: ci/quarantine/list: tests::flak is not the name of a test"
expect fails "an entry that names two tests" "" $'tests::twin #12 a race\n'
expect fails "an entry for a test that does not run" "" $'tests::ignored #12 a race\n'
