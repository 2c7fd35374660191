//! README.md is held to its words: each promise is quoted by the test that holds it, as `README: "the words"` in the
//! test's doc comment. What no other test holds is tested here.

mod kept;
mod limits;
mod promises;
mod served;
mod session;
mod shell;
mod shown;
