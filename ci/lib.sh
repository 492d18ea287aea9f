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
