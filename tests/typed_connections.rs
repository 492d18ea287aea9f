//! Connections that the compiler refuses, each beside a twin that it accepts.

#[test]
fn the_compiler_checks_payload_types_of_connections() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/connect_same_type.rs");
    cases.compile_fail("tests/ui/connect_other_type.rs");
    cases.pass("tests/ui/coalesce_same_type.rs");
    cases.compile_fail("tests/ui/coalesce_other_type.rs");
    cases.pass("tests/ui/connect_forward.rs");
    cases.compile_fail("tests/ui/connect_backward.rs");
}
