//! `cdx show`: a file as it was.

use clap::Args;

use super::error::{CliError, Outcome};
use super::{Context, reply};
use crate::engine::Command;

/// Writes a file as it was at a revision to stdout
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx show plan.md@yesterday
  cdx show plot.png@3f2a91c0 > plot-before.png

Without @REV: its newest recorded version.
A revision is the beginning of a commit's id, a date, a time, or `yesterday`.")]
pub(crate) struct Show {
    /// The file and its revision
    #[arg(value_name = "FILE[@REV]")]
    file: String,
    /// Prints JSON; bytes that are no text as base64
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        let (file, revision) = session.site.split_revision(&self.file);
        let file = session.file(file)?;
        let reply = session.ask(&Command::Show { file, revision: revision.map(str::to_owned) })?;
        if self.json {
            context.out.json(&reply)?;
            return Ok(Outcome::Done);
        }
        match reply.get("base64").and_then(|text| text.as_str()) {
            Some(text) => {
                let bytes = from_base64(text).ok_or_else(|| {
                    CliError::Broken("the engine's reply is no base64; run the same cdx twice".into())
                })?;
                context.out.bytes(&bytes)?;
            }
            None => context.out.bytes(reply::text(&reply, "text").as_bytes())?,
        }
        Ok(Outcome::Done)
    }
}

/// The bytes of standard base64, with or without padding; `None` if it is none.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        for (text, bytes) in
            [("", &b""[..]), ("Zg==", b"f"), ("Zm8", b"fo"), ("Zm9vYg==", b"foob"), ("/+8=", &[255, 239])]
        {
            assert_eq!(from_base64(text).as_deref(), Some(bytes));
        }
        assert_eq!(from_base64("a b"), None);
    }
}
