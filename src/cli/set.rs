//! `cdx set` and `cdx unset`: properties of a file.

use clap::Args;
use serde_json::Value;

use super::Context;
use super::error::{CliError, Outcome};
use crate::engine::Command;

/// Sets properties of a file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx set lab/runs/2026-11-02.md status=done loss=0.083
  cdx set plot.png 'reviewers=[ada, grace]' metrics.psnr=31.2

Values are YAML: numbers, true, false, null, [lists]; everything else is text.
Quotes keep text that looks like something else: 'version=\"1.0\"'.")]
pub(crate) struct Set {
    /// The file
    file: String,
    /// Properties; nested ones with dots
    #[arg(required = true, value_name = "KEY=VALUE")]
    values: Vec<String>,
}

/// Removes properties of a file
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cdx unset lab/runs/2026-11-02.md due metrics.psnr")]
pub(crate) struct Unset {
    /// The file
    file: String,
    /// Properties; nested ones with dots
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
}

impl Set {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let values = self.values.iter().map(|argument| key_and_value(argument)).collect::<Result<_, _>>()?;
        let session = context.session()?;
        session.ask(&Command::Set { file: session.file(&self.file)?, values })?;
        Ok(Outcome::Done)
    }
}

impl Unset {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        session.ask(&Command::Unset { file: session.file(&self.file)?, keys: self.keys })?;
        Ok(Outcome::Done)
    }
}

fn key_and_value(argument: &str) -> Result<(String, Value), CliError> {
    let usage = |why: &str| CliError::Usage(format!("`{argument}` {why}; write KEY=VALUE, as in status=done"));
    let (key, text) = argument.split_once('=').ok_or_else(|| usage("has no `=`"))?;
    if key.trim().is_empty() {
        return Err(usage("has no key"));
    }
    if text.is_empty() {
        return Ok((key.to_owned(), Value::String(String::new())));
    }
    // Text with YAML's own signs (`a: b`, `@home`) is meant as text; only an opened list or quote must be closed.
    let is_collection = text.starts_with(['[', '{', '"', '\'']);
    match serde_yaml::from_str::<Value>(text) {
        Ok(value @ (Value::Array(_) | Value::Object(_))) if is_collection => Ok((key.to_owned(), value)),
        Ok(Value::Array(_) | Value::Object(_)) => Ok((key.to_owned(), Value::String(text.to_owned()))),
        Ok(Value::Null) if !matches!(text, "null" | "~" | "Null" | "NULL") => {
            Ok((key.to_owned(), Value::String(text.to_owned())))
        }
        Ok(value) => Ok((key.to_owned(), value)),
        Err(error) if is_collection => Err(usage(&format!("is no YAML value ({error})"))),
        Err(_) => Ok((key.to_owned(), Value::String(text.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_yaml_and_anything_else_is_text() {
        for (argument, value) in [
            ("k=done", json!("done")),
            ("k=0.083", json!(0.083)),
            ("k=12", json!(12)),
            ("k=true", json!(true)),
            ("k=", json!("")),
            ("k=null", json!(null)),
            ("k=2026-11-02", json!("2026-11-02")),
            ("k=[ada, 2]", json!(["ada", 2])),
            ("k=\"1.0\"", json!("1.0")),
            ("k=a: b", json!("a: b")),
            ("k=a=b", json!("a=b")),
            ("k=@home", json!("@home")),
            ("k=# 3", json!("# 3")),
        ] {
            assert_eq!(key_and_value(argument).unwrap(), ("k".to_owned(), value), "{argument}");
        }
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        for argument in ["status", "=done", "k=[a, b", "k=\"a"] {
            assert!(matches!(key_and_value(argument), Err(CliError::Usage(_))), "{argument}");
        }
    }
}
