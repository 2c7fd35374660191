//! Excerpts of a text around the words that were searched for. Pure.

use std::borrow::Cow;

use crate::index::query::eval::tokens;

/// Before and after each match.
const MARKS: (char, char) = ('\u{2}', '\u{3}');

/// About how long an excerpt is, in characters.
const LENGTH: usize = 160;

/// No more of a text is looked at, in bytes.
const LOOKED_AT: usize = 1 << 20;

/// A token with its place in the text.
struct Token<'t> {
    text: Cow<'t, str>,
    start: usize,
    end: usize,
}

/// An excerpt of about 160 characters around the phrases (tokens, and whether the last is a prefix), in one line,
/// matches between `\u{2}` and `\u{3}`, `…` where text was left out; `None` if none of the phrases is there.
#[must_use]
pub fn snippet(text: &str, phrases: &[(Vec<String>, bool)]) -> Option<String> {
    let text = head(text);
    let tokens = cut(text);
    let matches = matches(&tokens, phrases);
    let first = densest(&matches, &tokens)?;
    let start = excerpt_start(text, tokens[first.0].start);
    let end = excerpt_end(text, start);
    let mut excerpt = String::with_capacity(end - start + 32);
    if start > 0 {
        excerpt.push('…');
    }
    let mut at = start;
    for &(from, to) in &matches {
        let (from, to) = (tokens[from].start, tokens[to].end);
        if from < at || to > end {
            continue;
        }
        push_line(&mut excerpt, &text[at..from]);
        excerpt.push(MARKS.0);
        push_line(&mut excerpt, &text[from..to]);
        excerpt.push(MARKS.1);
        at = to;
    }
    push_line(&mut excerpt, text[at..end].trim_end());
    if end < text.trim_end().len() {
        excerpt.push('…');
    }
    Some(excerpt)
}

/// The beginning of a text that is looked at.
fn head(text: &str) -> &str {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Runs of letters, digits and marks, each folded as full text folds it.
fn cut(text: &str) -> Vec<Token<'_>> {
    if text.is_ascii() {
        return cut_plain(text);
    }
    let is_mark = |c: char| !c.is_ascii() && unicode_normalization::char::is_combining_mark(c);
    let is_part = |c: char| c.is_alphanumeric() || is_mark(c);
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, is_part(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                found.extend(folded(&text[from..at]).map(|text| Token { text, start: from, end: at }));
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// The same where every byte is a character.
fn cut_plain(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(bytes.len() / 6);
    let mut at = 0;
    while at < bytes.len() {
        let end = bytes[at..].iter().position(|byte| !byte.is_ascii_alphanumeric()).map_or(bytes.len(), |len| at + len);
        if end > at {
            found.extend(folded(&text[at..end]).map(|text| Token { text, start: at, end }));
        }
        at = end + 1;
    }
    found
}

/// A run as full text folds it; `None` where nothing of it is left. Of plain letters and digits that is their lower case,
/// and nearly all runs are of these.
fn folded(run: &str) -> Option<Cow<'_, str>> {
    if !run.is_ascii() {
        return tokens(run).into_iter().next().map(Cow::Owned);
    }
    let is_lower = !run.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if is_lower { Cow::Borrowed(run) } else { Cow::Owned(run.to_ascii_lowercase()) })
}

/// Where phrases stand: numbers of their first and last tokens, in order.
fn matches(tokens: &[Token<'_>], phrases: &[(Vec<String>, bool)]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        let lengths = phrases.iter().filter(|(words, prefix)| {
            !words.is_empty()
                && words.len() <= tokens.len() - start
                && words.iter().zip(&tokens[start..]).enumerate().all(|(number, (word, token))| {
                    if *prefix && number + 1 == words.len() {
                        token.text.starts_with(word.as_str())
                    } else {
                        token.text == *word
                    }
                })
        });
        if let Some(longest) = lengths.map(|(words, _)| words.len()).max() {
            found.push((start, start + longest - 1));
        }
    }
    found
}

/// The match with the most different tokens of matches within an excerpt's length after it.
fn densest(matches: &[(usize, usize)], tokens: &[Token<'_>]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, (usize, usize))> = None;
    for (number, &candidate) in matches.iter().take(200).enumerate() {
        let end = tokens[candidate.0].start + LENGTH;
        let mut seen: Vec<&str> = Vec::new();
        for &(from, _) in matches[number..].iter().take_while(|(_, to)| tokens[*to].end <= end) {
            let text: &str = &tokens[from].text;
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        if best.is_none_or(|(most, _)| seen.len() > most) {
            best = Some((seen.len(), candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A quarter of the length before the match, at a word's beginning; the text's beginning if that is near.
fn excerpt_start(text: &str, at: usize) -> usize {
    let room = LENGTH / 4;
    let Some((from, _)) = text[..at].char_indices().rev().take(room).last().filter(|(from, _)| *from > 0) else {
        return 0;
    };
    text[from..at].find(char::is_whitespace).map_or(from, |space| {
        let rest = &text[from + space..at];
        from + space + (rest.len() - rest.trim_start().len())
    })
}

fn excerpt_end(text: &str, start: usize) -> usize {
    let Some((hard, _)) = text[start..].char_indices().nth(LENGTH) else { return text.len() };
    let cut = &text[start..start + hard];
    // Not in the middle of a word, unless the word is as long as the excerpt.
    start + cut.rfind(char::is_whitespace).filter(|space| *space > hard / 2).unwrap_or(hard)
}

/// White space and control characters (the marks among them) as one space each run.
fn push_line(line: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            if !line.ends_with([' ', '…']) && !line.is_empty() {
                line.push(' ');
            }
        } else {
            line.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, words: &[&str], expected: Option<&str>) {
        let phrases: Vec<_> =
            words.iter().map(|word| (tokens(word.trim_end_matches('*')), word.ends_with('*'))).collect();
        let shown = snippet(text, &phrases).map(|excerpt| excerpt.replace(MARKS.0, "<").replace(MARKS.1, ">"));
        assert_eq!(shown.as_deref(), expected, "{text:?} {words:?}");
    }

    #[test]
    fn matches_are_marked_as_full_text_finds_them() {
        check("The Crème\n\n brûlée", &["creme"], Some("The <Crème> brûlée"));
        check("learning-rate decay", &["learning rate"], Some("<learning-rate> decay"));
        check("adam adams Adamant", &["adam*"], Some("<adam> <adams> <Adamant>"));
        check("nothing here", &["adam"], None);
        check("", &["adam"], None);
    }

    #[test]
    fn plain_texts_are_cut_like_any_other() {
        for text in ["", " ", "a", "Adam, SGD.", "  x1-y2\n", "a b"] {
            let places = |tokens: Vec<Token<'_>>| -> Vec<(String, usize, usize)> {
                tokens.into_iter().map(|token| (token.text.into_owned(), token.start, token.end)).collect()
            };
            // What stands behind it is another kind of text.
            let other = format!("{text} é");
            let mut expected = places(cut(&other));
            expected.pop();
            assert_eq!(places(cut(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn a_run_of_plain_letters_is_folded_as_any_other() {
        for run in ["adam", "Adam", "ADAM7", "7", "x1Y2", "crème", "Straße", "İstanbul"] {
            assert_eq!(folded(run).map(Cow::into_owned), tokens(run).into_iter().next(), "{run}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_words_around_the_densest_place() {
        let filler = "lorem ipsum ".repeat(40);
        let text = format!("adam alone. {filler}adam and sgd. {filler}");
        let phrases = [(vec!["adam".to_owned()], false), (vec!["sgd".to_owned()], false)];
        let shown = snippet(&text, &phrases).unwrap();
        assert!(shown.starts_with('…') && shown.ends_with('…'), "{shown}");
        assert!(shown.contains("\u{2}adam\u{3} and \u{2}sgd\u{3}") && shown.chars().count() < LENGTH + 10, "{shown}");
        assert!(shown.trim_matches('…').split(' ').all(|word| !["lore", "ore", "psum"].contains(&word)), "{shown}");
    }

    #[test]
    fn marks_in_the_text_are_no_marks() {
        check("a \u{2}adam\u{3} b", &["adam"], Some("a <adam> b"));
    }

    #[test]
    fn any_text_can_be_cut() {
        proptest::proptest!(|(text: String, word in "[a-zé]{1,3}")| {
            if let Some(shown) = snippet(&text, &[(tokens(&word), true)]) {
                assert!(shown.contains(MARKS.0) && shown.contains(MARKS.1));
            }
        });
    }
}
