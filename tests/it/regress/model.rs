//! Sequences of operations on which a mount and the model once disagreed (see `fs/model.rs`).

use crate::fs::model::replay;
use crate::model::{Contents, Form, Op, Save, Tagging, Via};

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

#[test]
fn files_that_changed_notebooks_had_other_numbers_after_a_restart() {
    replay(&[
        write("lab/c.md", card(&[], &[], 0)),
        write("home/a.md", card(&["y", "x/b.md"], &[], 2)),
        Op::Exchange { a: "home/a.md", b: "lab/c.md" },
    ]);
}

#[test]
fn notes_of_a_renamed_folder_were_lost_from_the_index_where_the_move_was_told_twice() {
    replay(&[
        Op::MakeDir { at: "lab/d" },
        write("lab/d/c.md", card(&["z", "x/c"], &["todo"], 0)),
        Op::RenameDir { from: "lab/d", to: "lab/e" },
    ]);
}

#[test]
fn a_link_count_that_fell_while_the_note_was_replaced_was_told_of_its_old_number() {
    let bare = |text| Contents { form: Form::Bare, tags: &[], status: &[], card: false, text };
    let renamed = |at, what| Op::Write { at, via: Via::Real, how: Save::Rename, what };
    replay(&[
        write("home/c", bare(1)),
        renamed("home/c.md", card(&["z"], &[], 55)),
        Op::Rename { from: "home/c.md", to: "home/c" },
        renamed("home/c", bare(70)),
    ]);
}

#[test]
fn a_tag_of_another_spelling_was_listed_and_not_found() {
    replay(&[
        Op::MakeTag { tag: "X" },
        write("home/a.md", card(&["y", "x/b.md"], &[], 79)),
        Op::Untag { at: "home/a.md", tag: "x/b.md" },
        Op::Retag { at: "home/a.md", from: "y", to: "x" },
    ]);
}

#[test]
fn a_tag_that_was_emptied_and_renamed_kept_its_folder_and_got_none_under_its_new_name() {
    replay(&[
        write("home/a.md", card(&["x", "y/d"], &[], 13)),
        Op::Untag { at: "home/a.md", tag: "x" },
        Op::Untag { at: "home/a.md", tag: "y/d" },
        Op::RenameTag { from: "x", to: "z" },
        Op::RenameTag { from: "y", to: "x" },
    ]);
}

#[test]
fn files_of_a_folder_that_changed_notebooks_were_listed_under_numbers_of_their_own() {
    replay(&[
        Op::MakeDir { at: "home/d" },
        write("home/d/a.md", card(&["x"], &[], 0)),
        write("home/d/b.md", card(&["x"], &[], 1)),
        Op::RenameDir { from: "home/d", to: "lab/e" },
        Op::RenameDir { from: "lab/e", to: "home/e" },
    ]);
}

#[test]
fn the_tags_of_exchanged_notes_went_to_another_name_of_one() {
    replay(&[
        write("home/a.md", card(&["x"], &[], 30)),
        Op::MakeDir { at: "home/d" },
        Op::MakeTag { tag: "x/b.md" },
        write("home/d/b.md", card(&["z"], &[], 46)),
        Op::Link { from: "home/d/b.md", to: "home/b.md" },
        Op::Exchange { a: "home/d/b.md", b: "home/a.md" },
    ]);
}

#[test]
fn an_entry_that_is_saved_was_listed_twice_where_its_name_became_ambiguous() {
    replay(&[
        write("lab/b.md", card(&["x"], &[], 37)),
        Op::Write { at: "lab/b.md", via: Via::Tag("x"), how: Save::Recreate, what: card(&["x"], &[], 0) },
        write("home/b.md", card(&["x"], &[], 6)),
    ]);
}

#[test]
fn ln_of_a_note_with_two_names_was_refused_as_if_it_were_of_the_other() {
    let tag = |at| Op::Tag { at, tag: "x", how: Tagging::Ln };
    replay(&[
        write("home/c.md", card(&["y"], &[], 46)),
        Op::Link { from: "home/c.md", to: "home/a.md" },
        Op::Link { from: "home/c.md", to: "home/b.md" },
        Op::MakeTag { tag: "x" },
        tag("home/c.md"),
        Op::Untag { at: "home/c.md", tag: "x" },
        tag("home/a.md"),
        Op::Untag { at: "home/a.md", tag: "x" },
        tag("home/b.md"),
    ]);
}

#[test]
fn an_entry_that_is_saved_hid_the_folder_of_a_tag_below() {
    let bare = Contents { form: Form::Bare, tags: &["y"], status: &[], card: false, text: 171 };
    replay(&[
        write("home/c", bare),
        Op::MakeTag { tag: "x" },
        Op::Tag { at: "home/c", tag: "x", how: Tagging::Mv },
        Op::Write { at: "home/c", via: Via::Tag("x"), how: Save::Recreate, what: bare },
        write("home/b.md", card(&["z", "x/c"], &[], 5)),
    ]);
}

#[test]
fn a_sidecar_was_listed_under_the_number_of_the_file_whose_inode_it_has() {
    let bare = Contents { form: Form::Bare, tags: &[], status: &[], card: false, text: 1 };
    let round = [
        write("home/p.png", bare),
        write("home/a.md", card(&[], &[], 2)),
        Op::MakeTag { tag: "x" },
        Op::Unlink { at: "home/a.md" },
        Op::Tag { at: "home/p.png", tag: "x", how: Tagging::Ln },
        Op::Unlink { at: "home/.p.png.json" },
        write("home/b.md", card(&[], &[], 3)),
        Op::StoreUnlink { at: "home/b.md" },
        Op::Tag { at: "home/p.png", tag: "x", how: Tagging::Ln },
    ];
    replay(&round);
}

#[test]
fn a_note_was_read_up_to_its_old_size_after_it_got_a_tag() {
    let ops: Vec<Op> = std::iter::once(Op::MakeTag { tag: "x" })
        .chain(["home/a.md", "home/b.md", "home/c.md", "lab/a.md"].into_iter().flat_map(|at| {
            [write(at, card(&["y"], &[], 7)), Op::Tag { at, tag: "x", how: Tagging::Ln }, Op::Untag { at, tag: "y" }]
        }))
        .collect();
    replay(&ops);
}

#[test]
fn a_note_that_took_the_name_of_a_tag_that_went_was_listed_and_not_found() {
    replay(&[
        write("home/a.md", card(&["x/b.md"], &[], 1)),
        write("home/b.md", card(&["x"], &[], 2)),
        write("home/a.md", card(&["y"], &[], 3)),
    ]);
}

#[test]
fn a_card_that_came_back_from_another_notebook_was_counted_without_its_view() {
    replay(&[
        write("lab/c.md", card(&["z"], &[], 27)),
        Op::MakeTag { tag: "x" },
        Op::Rename { from: "lab/c.md", to: "home/b.md" },
        Op::StoreRename { from: "home/b.md", to: "lab/a.md" },
        Op::Tag { at: "lab/a.md", tag: "x", how: Tagging::Ln },
    ]);
}

#[test]
fn a_note_whose_name_a_tag_took_was_still_found_in_its_place() {
    replay(&[
        write("lab/b.md", card(&["x"], &[], 1)),
        write("home/b.md", card(&["y"], &[], 2)),
        write("home/a.md", card(&["y", "x/b.md"], &[], 3)),
    ]);
}
