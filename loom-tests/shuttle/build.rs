//! Switches the crate's sources to shuttle's primitives, in this package only.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=tidegate_shuttle");
}
