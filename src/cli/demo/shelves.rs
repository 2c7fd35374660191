//! The sample's notebooks `papers` and `protocols`.

use std::fmt::Write;

use super::lab::DAYS;
use super::random::Random;
use super::story::{Calendar, Scene, Story};
use super::words::{FIRST_AUTHORS, PAPERS, PEOPLE, PROTOCOLS, SUMMARIES, VENUES};

const VARIANTS: [&str; 3] = ["", ", revisited", " (a reply)"];

/// What was read.
pub(super) fn tell_papers(story: &mut Story, calendar: Calendar, random: &mut Random) {
    let notebook = "papers";
    let first = Scene { time: calendar.time(DAYS, 8, 0), actor: "noor", notebook };
    for (path, text) in super::views::PAPERS {
        story.write(first, path, *text);
    }
    for (index, (title, tag)) in PAPERS.iter().flat_map(|paper| [paper; 3]).enumerate() {
        let variant = VARIANTS[index % VARIANTS.len()];
        if !variant.is_empty() && random.chance(0.2) {
            continue;
        }
        let paper = Paper {
            title: format!("{title}{variant}"),
            tag,
            author: random.pick(&FIRST_AUTHORS),
            second: random.pick(&FIRST_AUTHORS),
            year: 2015 + random.below(11),
            venue: random.pick(&VENUES),
            rating: 1 + random.below(5),
            summary: random.pick(&SUMMARIES),
        };
        let path = paper.path();
        match random.below(10) {
            0..=3 => story.write(first, &path, paper.note("read")),
            4..=5 => story.write(first, &path, paper.note("to-read")),
            // Three readers a week, on the same evenings, so that a commit holds what was read together.
            step => {
                story.write(first, &path, paper.note("to-read"));
                let ago = i32::try_from(3 * (1 + random.below(9))).unwrap_or(3);
                let actor = PEOPLE[usize::try_from(ago).unwrap_or(0) % PEOPLE.len()];
                let evening = Scene { time: calendar.time(ago, 18, 40), actor, notebook };
                story.write(evening, &path, paper.note(if step == 6 { "reading" } else { "read" }));
            }
        }
    }
}

struct Paper {
    title: String,
    tag: &'static str,
    author: &'static str,
    second: &'static str,
    year: usize,
    venue: &'static str,
    rating: usize,
    summary: &'static str,
}

impl Paper {
    fn path(&self) -> String {
        let words = self.title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let slug = words.map(str::to_lowercase).collect::<Vec<_>>().join("-");
        format!("{}/{}{}-{slug}.md", self.tag, self.author, self.year)
    }

    fn note(&self, status: &str) -> String {
        let rating = if status == "read" { format!("rating: {}\n", self.rating) } else { String::new() };
        let mut text = format!(
            "---\ntitle: \"{}\"\ntype: paper\nauthors: [{}, {}]\nyear: {}\nvenue: {}\ntags: [paper/{}]\n\
             status: {status}\n{rating}---\n\n# {}\n",
            self.title, self.author, self.second, self.year, self.venue, self.tag, self.title
        );
        if status != "to-read" {
            let _ = writeln!(text, "\n## What it says\n\n{}", self.summary);
        }
        text
    }
}

/// What is done how.
pub(super) fn tell_protocols(story: &mut Story, calendar: Calendar, random: &mut Random) {
    let notebook = "protocols";
    let first = Scene { time: calendar.time(DAYS, 8, 0), actor: "tomas", notebook };
    for (path, text) in super::views::PROTOCOLS {
        story.write(first, path, *text);
    }
    for (index, (title, name, tag, steps)) in PROTOCOLS.iter().enumerate() {
        // One was called otherwise at first: its history follows the rename.
        let path = if *name == "beads" { "microscope/psf.md".to_owned() } else { format!("{tag}/{name}.md") };
        let reviewed = calendar.day(DAYS).to_string();
        story.write(first, &path, protocol(title, tag, 1, &reviewed, &steps[..steps.len() - 1]));
        let ago = i32::try_from(2 + 2 * index).unwrap_or(2);
        if *name == "beads" || random.chance(0.6) {
            let revision = Scene { time: calendar.time(ago, 15, 5), actor: "tomas", notebook };
            let reviewed = calendar.day(ago).to_string();
            story.write(revision, &path, protocol(title, tag, 2, &reviewed, steps));
        }
    }
    let tidying = Scene { time: calendar.time(5, 10, 15), actor: "grace", notebook };
    story.rename(tidying, "microscope/psf.md", "microscope/beads.md");
}

fn protocol(title: &str, tag: &str, version: u8, reviewed: &str, steps: &[&str]) -> String {
    let mut text = format!(
        "---\ntitle: {title}\ntype: protocol\ntags: [protocol/{tag}]\nversion: {version}\nreviewed: {reviewed}\n---\n\n\
         # {title}\n\n"
    );
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "{}. {step}", number + 1);
    }
    text
}
