# shellcheck shell=bash
# Sourced by jobs that run tests, after ci/lib.sh.

# quarantined_tests LIST ARGUMENT…: `cargo test` with these arguments, the tests on
# LIST left out; then each of those that the arguments select, by itself, with one
# retry at most. How those went is noted. Fails when a test fails, or one of LIST
# does twice, or an entry is malformed, or its name is that of several tests.
# With --all-exist as the first argument, also when it is the name of none.
#
# Runs on macOS, so only what bash 3.2 knows.
quarantined_tests() {
    local all_exist="" list listed name entry log verdict=0
    if [[ $1 == --all-exist ]]; then
        all_exist=1
        shift
    fi
    list="$1"
    shift
    quarantine_entries "$list" || return 1
    if ((${#quarantine_names[@]} == 0)); then
        cargo test "$@"
        return
    fi

    listed="$(cargo test "$@" -- --list --format terse)" || return 1
    local here=() left_out=()
    for entry in "${!quarantine_names[@]}"; do
        name="${quarantine_names[entry]}"
        case "$(grep -cFx -- "$name: test" <<<"$listed")" in
        1)
            here+=("$entry")
            left_out+=(--skip "$name")
            ;;
        0)
            [[ -z $all_exist ]] || quarantine_error "$name is not the name of a test" || verdict=1
            ;;
        *) quarantine_error "$name is the name of several tests: rename all but one" || verdict=1 ;;
        esac
    done

    cargo test "$@" -- --exact ${left_out[@]+"${left_out[@]}"} || verdict=1
    log="$(mktemp)"
    for entry in ${here[@]+"${here[@]}"}; do
        name="${quarantine_names[entry]}"
        if quarantine_passes "$log" "$name" "$@"; then
            note "QUARANTINED $name: passed (${quarantine_reasons[entry]})"
        elif quarantine_passes "$log" "$name" "$@"; then
            note "QUARANTINED $name: failed, passed when run again (${quarantine_reasons[entry]})"
        else
            note "QUARANTINED $name: failed twice (${quarantine_reasons[entry]})"
            verdict=1
        fi
    done
    rm -f "$log"
    return "$verdict"
}

# quarantine_entries LIST: sets quarantine_names and quarantine_reasons, an issue's
# number included; names everything that is wrong with LIST.
quarantine_entries() {
    local line verdict=0 shape='^([^[:space:]]+)[[:space:]]+(#[1-9][0-9]*)[[:space:]]+([^[:space:]].*)$'
    quarantine_names=()
    quarantine_reasons=()
    while IFS= read -r line || [[ -n $line ]]; do
        [[ -n $line && $line != \#* ]] || continue
        if [[ ! $line =~ $shape ]]; then
            quarantine_error "\"$line\" is not of the form TEST #ISSUE REASON" || verdict=1
        elif [[ " ${quarantine_names[*]-} " == *" ${BASH_REMATCH[1]} "* ]]; then
            quarantine_error "${BASH_REMATCH[1]} is listed twice" || verdict=1
        else
            quarantine_names+=("${BASH_REMATCH[1]}")
            quarantine_reasons+=("${BASH_REMATCH[2]}: ${BASH_REMATCH[3]}")
        fi
    done <"$1"
    return "$verdict"
}

# quarantine_passes LOG TEST ARGUMENT…: whether this one test passes, with what it
# prints. That none ran is no pass.
quarantine_passes() {
    local log="$1" name="$2"
    shift 2
    cargo test "$@" -- --exact "$name" 2>&1 | tee "$log"
    ((PIPESTATUS[0] == 0)) && grep -q '^test result: ok\. 1 passed' "$log"
}

quarantine_error() {
    note "FAILED: ci/quarantine/list: $1"
    return 1
}
