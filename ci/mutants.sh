#!/usr/bin/env bash
# Proof that the model checks look where it matters: every named mutation of a
# protocol step in the shipped sources must make a model fail. Prints a table;
# fails on a survivor that is not explained in loom-tests/models/mutants.rs.
#
# The bugs seeded into the engine for shuttle's models follow: each of those
# tests passes when its model notices the bug, for the right reason.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo test --locked -p loom-tests --lib -- --nocapture --test-threads=1 \
    models::mutants::every_mutant
cargo test --locked -p loom-tests --lib -- --ignored \
    models::mutants::what_is_explained_survives_every_model
cargo test --locked -p shuttle-tests -- mutants::
