//! The sample's notebook `lab`: runs with plots and curves, the plan, meetings, ideas.

use std::fmt::Write;

use super::png;
use super::random::Random;
use super::story::{Calendar, Scene, Story};
use super::words::{AGENDA, DATASETS, GOALS, IDEAS, MODELS, NEXT, OBSERVATIONS, PEOPLE, TWISTS};

/// How far back the sample goes.
pub(super) const DAYS: i32 = 30;
const NOTEBOOK: &str = "lab";

/// Tells the month of the laboratory.
pub(super) fn tell(story: &mut Story, calendar: Calendar, random: &mut Random) {
    standing(story, calendar);
    let mut plan = Plan::default();
    let mut names = Vec::new();
    for ago in (0..=DAYS).rev() {
        let actor = PEOPLE[random.below(PEOPLE.len())];
        // The newest days are never idle, whatever day of the week the sample is made on: something has to be running.
        let runs = if calendar.is_weekend(ago) && ago > 1 { 1 } else { 5 + random.below(2) };
        let today: Vec<Run> = (0..runs).map(|_| Run::invent(calendar, ago, actor, &mut names, random)).collect();
        plan.day(&calendar.day(ago).to_string(), &today);
        let morning = Scene { time: calendar.time(ago, 9, 10), actor, notebook: NOTEBOOK };
        story.write(morning, "plan.md", plan.text());
        for run in &today {
            run.tell(story, calendar, morning, random);
        }
        if calendar.day(ago).weekday() == jiff::civil::Weekday::Monday {
            let time = calendar.time(ago, 11, 0);
            let path = format!("meetings/{}.md", calendar.day(ago));
            story.write(Scene { time, ..morning }, &path, meeting(&calendar.day(ago).to_string(), random));
        }
    }
    planned(story, calendar, &mut names, random);
    let tidying = Scene { time: calendar.time(6, 17, 30), actor: "grace", notebook: NOTEBOOK };
    story.remove(tidying, "ideas/manual.md");
}

/// What is there from the first day on.
fn standing(story: &mut Story, calendar: Calendar) {
    let scene = Scene { time: calendar.time(DAYS, 8, 0), actor: "ada", notebook: NOTEBOOK };
    for (path, text) in super::views::LAB {
        story.write(scene, path, *text);
    }
    for (index, (title, name, text)) in IDEAS.iter().enumerate() {
        let owner = PEOPLE[index % PEOPLE.len()];
        let note =
            format!("---\ntitle: {title}\ntype: idea\ntags: [idea]\nowner: {owner}\n---\n\n# {title}\n\n{text}\n");
        story.write(scene, &format!("ideas/{name}.md"), note);
    }
}

/// What came out of a run.
enum Result {
    Done { loss: f64, psnr: f64 },
    Failed { step: usize },
}

struct Run {
    name: String,
    ago: i32,
    model: &'static (&'static str, &'static str, f64),
    dataset: &'static (&'static str, &'static str, f64),
    twist: &'static (&'static str, &'static str, f64),
    owner: &'static str,
    date: String,
    due: String,
    is_gpu: bool,
    rate: &'static str,
    previous: Option<String>,
}

impl Run {
    fn invent(calendar: Calendar, ago: i32, owner: &'static str, names: &mut Vec<String>, random: &mut Random) -> Self {
        let model = &MODELS[random.below(MODELS.len())];
        let dataset = &DATASETS[random.below(DATASETS.len())];
        let twist = &TWISTS[random.below(TWISTS.len())];
        let date = calendar.day(ago).to_string();
        let mut name = format!("{date}-{}-{}-{}", model.0, dataset.1, twist.1);
        while names.contains(&name) {
            name += "-again";
        }
        let previous = (!names.is_empty()).then(|| names[random.below(names.len())].clone());
        names.push(name.clone());
        let is_gpu = model.1 != "care" || random.chance(0.5);
        let rate = random.pick(&["0.0001", "0.0003", "0.001"]);
        let due = calendar.day(ago - 2 - i32::from(random.chance(0.5))).to_string();
        Self { name, ago, model, dataset, twist, owner, date, due, is_gpu, rate, previous }
    }

    fn title(&self) -> String {
        format!("{} on {}, {}", self.model.0, self.dataset.0, self.twist.0)
    }

    /// It is noted before it starts, and again when it ends; a run of today has not ended.
    fn tell(&self, story: &mut Story, calendar: Calendar, begun: Scene, random: &mut Random) {
        let goal = fill(random.pick(&GOALS), self);
        let path = format!("runs/{}.md", self.name);
        story.write(begun, &path, self.note("doing", &goal, None, random));
        if self.ago < 1 || (self.ago == 1 && random.chance(0.6)) {
            return;
        }
        let ended = Scene { time: calendar.time(self.ago - 1, 7, 40), ..begun };
        let result = if random.chance(0.1) {
            Result::Failed { step: 1_000 + 250 * random.below(40) }
        } else {
            let loss = self.model.2 * self.dataset.2 * self.twist.2 * (0.9 + 0.2 * random.unit());
            Result::Done { loss, psnr: 22.0 - 8.0 * loss.ln() / 2.0 }
        };
        let status = if matches!(result, Result::Done { .. }) { "done" } else { "failed" };
        if let Result::Done { loss, .. } = result {
            if random.chance(0.25) {
                story.write(ended, &format!("data/{}.csv", self.name), curve(loss, random));
            }
            if random.chance(0.2) {
                let plot = format!("plots/{}.png", self.name);
                story.write(ended, &plot, png::micrograph(random));
                story.write(ended, &format!("{plot}.json"), self.sidecar());
            }
        }
        story.write(ended, &path, self.note(status, &goal, Some(&result), random));
    }

    fn note(&self, status: &str, goal: &str, result: Option<&Result>, random: &mut Random) -> String {
        let place = if self.is_gpu { "experiment/gpu" } else { "experiment/cpu" };
        let mut tags = vec![place.to_owned(), format!("model/{}", self.model.1), format!("data/{}", self.dataset.1)];
        let mut results = String::new();
        let mut body = format!("# {}\n\n## Goal\n\n{goal}\n\n## Setup\n\n", self.title());
        if let Some(previous) = &self.previous {
            let _ = writeln!(body, "As in [[{previous}]], but with {}. See also [the plan](../plan.md).", self.twist.0);
        }
        match result {
            None => {}
            Some(Result::Failed { step }) => {
                tags.push("failed".to_owned());
                let _ = writeln!(body, "\n## Observations\n\nDiverged at step {step}. No result.");
            }
            Some(Result::Done { loss, psnr }) => {
                if *loss < 0.05 {
                    tags.push("promising".to_owned());
                }
                results = format!("loss: {loss:.4}\nmetrics: {{psnr: {psnr:.1}, ssim: {:.3}}}\n", 1.0 - loss / 2.0);
                body += "\n## Observations\n\n";
                let number = 2 + random.below(3);
                for observation in random.some(&OBSERVATIONS, number) {
                    let _ = writeln!(body, "- {observation}");
                }
                let _ = writeln!(body, "\n## Next\n\n{}", random.pick(&NEXT));
            }
        }
        format!(
            "---\ntitle: {}\ntype: run\ndate: {}\ntags: [{}]\nstatus: {status}\nowner: {}\nmodel: {}\ndataset: {}\n\
             lr: {}\nepochs: 40\n{results}due: {}\n---\n\n{body}",
            self.title(),
            self.date,
            tags.join(", "),
            self.owner,
            self.model.0,
            self.dataset.0,
            self.rate,
            self.due
        )
    }

    fn sidecar(&self) -> String {
        let value = serde_json::json!({
            "title": format!("Restored field of view: {}", self.title()),
            "tags": ["plot", format!("data/{}", self.dataset.1)],
            "run": format!("runs/{}.md", self.name),
            "scale_um": 0.32,
        });
        format!("{value:#}\n")
    }
}

fn fill(template: &str, run: &Run) -> String {
    template.replace("{data}", run.dataset.0).replace("{model}", run.model.0)
}

fn curve(loss: f64, random: &mut Random) -> String {
    let mut csv = "step,loss,val_loss\n".to_owned();
    for step in 1..=40 {
        let at = loss * (1.0 + 6.0 * (-f64::from(step) / 7.0).exp());
        let (train, validation) = (at * (0.97 + 0.06 * random.unit()), at * (1.0 + 0.2 * random.unit()));
        let _ = writeln!(csv, "{},{train:.5},{validation:.5}", step * 500);
    }
    csv
}

fn meeting(date: &str, random: &mut Random) -> String {
    let mut text = format!(
        "---\ntitle: Meeting of {date}\ntype: meeting\ndate: {date}\ntags: [meeting]\nattendees: [{}]\n---\n\n# Meeting\n",
        PEOPLE.join(", ")
    );
    for item in random.some(&AGENDA, 5) {
        let _ = write!(text, "\n- {item}");
    }
    text + "\n"
}

/// What is to be done next week.
fn planned(story: &mut Story, calendar: Calendar, names: &mut Vec<String>, random: &mut Random) {
    for (index, days) in (1..=9).enumerate() {
        let actor = PEOPLE[index % PEOPLE.len()];
        let ago = i32::try_from(index % 3).unwrap_or(0);
        let mut run = Run::invent(calendar, ago, actor, names, random);
        run.due = calendar.day(-days).to_string();
        let scene = Scene { time: calendar.time(ago, 16, 20), actor, notebook: NOTEBOOK };
        let goal = fill(random.pick(&GOALS), &run);
        let note = run.note("todo", &goal, None, random);
        story.write(scene, &format!("runs/{}.md", run.name), note);
    }
}

/// plan.md: what is done today, and a line for each day before.
#[derive(Default)]
struct Plan {
    today: String,
    counted: Option<String>,
    log: Vec<String>,
}

impl Plan {
    fn day(&mut self, date: &str, runs: &[Run]) {
        self.today = format!("## {date}\n\n");
        for run in runs {
            let _ = writeln!(self.today, "- [ ] [[{}]] ({})", run.name, run.owner);
        }
        let number = runs.len();
        let counted = format!("- {date}: {number} {}", if number == 1 { "run" } else { "runs" });
        if let Some(before) = self.counted.replace(counted) {
            self.log.insert(0, before);
        }
    }

    fn text(&self) -> String {
        format!(
            "---\ntitle: Plan of the lab\ntags: [plan]\n---\n\n# Plan\n\n{}\n## Days before\n\n{}\n",
            self.today,
            self.log.join("\n")
        )
    }
}
