#!/usr/bin/env bash
# The tests, but for those in ci/quarantine/list, which run by themselves and are
# listed at the end (docs/ci.md).
#
# ci/test.sh                every test
# ci/test.sh unit           those beside the code, and the documentation's examples
# ci/test.sh integration    those in tests/, and of the examples; the unit tests again,
#                           as cargo has no word for the others without them
# ci/test.sh models         of the library under loom, and few schedules under shuttle
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. ci/quarantine/tests.sh

list=ci/quarantine/list

case "${1:-all}" in
all) quarantined_tests --all-exist "$list" --workspace --locked ;;
unit)
    quarantined_tests "$list" --package tidegate --lib --bins --locked
    cargo test --package tidegate --doc --locked
    ;;
integration) quarantined_tests "$list" --package tidegate --tests --locked ;;
models) quarantined_tests "$list" --package loom-tests --package shuttle-tests --locked ;;
*)
    echo "usage: ci/test.sh [unit | integration | models]" >&2
    exit 2
    ;;
esac
