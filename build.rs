//! Has a release binary made anew when there is another web UI to embed. A debug binary reads `web/dist` while it runs
//! (see `src/api/ops/ui.rs`), so nothing is to be made anew for it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=web/dist");
    }
}
