//! Sequences of operations on which a mount and the model once disagreed (see `fs/model.rs`).

use crate::fs::model::replay;
use crate::model::{Contents, Form, Op, Save, Via};

/// A note of the view.
const fn card(tags: &'static [&'static str], status: &'static [&'static str], text: u8) -> Contents {
    Contents { form: Form::Flow, tags, status, card: true, text }
}

const fn write(at: &'static str, what: Contents) -> Op {
    Op::Write { at, via: Via::Real, how: Save::InPlace, what }
}

#[test]
fn the_group_of_notes_without_a_value_was_not_shown_again_once_it_had_been_empty() {
    replay(&[
        write("lab/a.md", card(&[], &[], 0)),
        write("lab/a.md", card(&[], &["todo"], 1)),
        write("lab/b.md", card(&[], &[], 2)),
    ]);
}

#[test]
fn a_note_written_by_one_of_its_names_kept_its_old_tags_under_the_other() {
    replay(&[
        write("lab/b.md", card(&["x", "y"], &[], 0)),
        Op::Link { from: "lab/b.md", to: "lab/a.md" },
        write("lab/a.md", card(&["x"], &["todo"], 1)),
        Op::Unlink { at: "lab/b.md" },
    ]);
}
