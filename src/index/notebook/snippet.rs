//! Excerpts of a text around the words that were searched for. Pure.

use std::borrow::Cow;

use crate::index::query::eval::tokens;

/// Before and after each match.
const MARKS: (char, char) = ('\u{2}', '\u{3}');

/// About how long an excerpt is, in characters.
const LENGTH: usize = 160;

/// No more of a text is looked at, in bytes.
const LOOKED_AT: usize = 1 << 20;

/// A run of letters and digits, as full text cuts a text.
#[derive(Clone, Copy)]
struct Token<'t> {
    run: &'t str,
    start: usize,
}

impl<'t> Token<'t> {
    fn end(&self) -> usize {
        self.start + self.run.len()
    }

    /// As full text folds it; `None` where nothing of it is left.
    fn folded(&self) -> Option<Cow<'t, str>> {
        folded(self.run)
    }

    /// Whether it is this folded word, or begins with it.
    fn is(&self, word: &str, prefix: bool) -> bool {
        if !self.run.is_ascii() {
            return self.folded().is_some_and(|text| if prefix { text.starts_with(word) } else { text == word });
        }
        let run = if prefix { self.run.as_bytes().get(..word.len()) } else { Some(self.run.as_bytes()) };
        run.is_some_and(|run| run.eq_ignore_ascii_case(word.as_bytes()))
    }
}

/// A phrase in the text.
struct Place<'t> {
    start: usize,
    end: usize,
    /// Its first token.
    first: Token<'t>,
}

/// An excerpt of about 160 characters around the phrases (tokens, and whether the last is a prefix), in one line,
/// matches between `\u{2}` and `\u{3}`, `…` where text was left out; `None` if none of the phrases is there.
#[must_use]
pub fn snippet(text: &str, phrases: &[(Vec<String>, bool)]) -> Option<String> {
    let text = head(text);
    let places = places(text, phrases);
    let start = excerpt_start(text, densest(&places)?.start);
    let end = excerpt_end(text, start);
    let mut excerpt = String::with_capacity(end - start + 32);
    if start > 0 {
        excerpt.push('…');
    }
    let mut at = start;
    for place in &places {
        if place.start < at || place.end > end {
            continue;
        }
        push_line(&mut excerpt, &text[at..place.start]);
        excerpt.push(MARKS.0);
        push_line(&mut excerpt, &text[place.start..place.end]);
        excerpt.push(MARKS.1);
        at = place.end;
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

/// Runs of letters, digits and marks. None is kept: most of a text is looked at once, and is not what is searched for.
#[derive(Clone)]
struct Tokens<'t> {
    text: &'t str,
    /// Whether every byte is a character.
    is_plain: bool,
    at: usize,
}

impl<'t> Tokens<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, is_plain: text.is_ascii(), at: 0 }
    }

    /// From here on, the next bytes that are of a run, or are of none.
    fn len_while(&self, of_run: bool) -> usize {
        let rest = &self.text[self.at..];
        if self.is_plain {
            return rest.bytes().position(|byte| byte.is_ascii_alphanumeric() != of_run).unwrap_or(rest.len());
        }
        rest.find(|c: char| is_part(c) != of_run).unwrap_or(rest.len())
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            self.at += self.len_while(false);
            let start = self.at;
            self.at += self.len_while(true);
            let run = &self.text[start..self.at];
            if run.is_empty() {
                return None;
            }
            // Of marks alone nothing is left.
            if run.is_ascii() || folded(run).is_some() {
                return Some(Token { run, start });
            }
        }
    }
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && unicode_normalization::char::is_combining_mark(c))
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

/// Where phrases stand, in order; of several that begin at the same token, the longest.
fn places<'t>(text: &'t str, phrases: &[(Vec<String>, bool)]) -> Vec<Place<'t>> {
    let mut found = Vec::new();
    let mut look = |tokens: &mut Tokens<'t>| {
        let Some(first) = tokens.next() else { return false };
        let ends = phrases.iter().filter_map(|(words, prefix)| end_of(first, tokens.clone(), words, *prefix));
        if let Some(end) = ends.max() {
            found.push(Place { start: first.start, end, first });
        }
        true
    };
    let mut tokens = Tokens::of(text);
    if tokens.is_plain {
        for start in beginnings(text, phrases) {
            tokens.at = start;
            look(&mut tokens);
        }
    } else {
        while look(&mut tokens) {}
    }
    found
}

/// Where a phrase may begin in a text in which every byte is a character, in order: found many times faster than token
/// after token.
fn beginnings(text: &str, phrases: &[(Vec<String>, bool)]) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for word in phrases.iter().filter_map(|(words, _)| words.first()) {
        let word = word.as_bytes();
        let Some(first) = word.first() else { continue };
        let places = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), bytes);
        found.extend(places.filter(|&at| {
            (at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
                && bytes.get(at..at + word.len()).is_some_and(|there| there.eq_ignore_ascii_case(word))
        }));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Where a phrase ends that begins with this token, if it does.
fn end_of(first: Token<'_>, mut rest: Tokens<'_>, words: &[String], prefix: bool) -> Option<usize> {
    let (word, others) = words.split_first()?;
    let mut last = first.is(word, prefix && others.is_empty()).then_some(first)?;
    for (number, word) in others.iter().enumerate() {
        let is_last = number + 1 == others.len();
        last = rest.next().filter(|token| token.is(word, prefix && is_last))?;
    }
    Some(last.end())
}

/// The place with the most different words of places within an excerpt's length after it.
fn densest<'p, 't>(places: &'p [Place<'t>]) -> Option<&'p Place<'t>> {
    let mut best: Option<(usize, &Place<'t>)> = None;
    for (number, candidate) in places.iter().take(200).enumerate() {
        let end = candidate.start + LENGTH;
        let mut seen: Vec<Option<Cow<'t, str>>> = Vec::new();
        for place in places[number..].iter().take_while(|place| place.end <= end) {
            let text = place.first.folded();
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
            let cut = |text: &str| -> Vec<(String, usize)> {
                Tokens::of(text).map(|token| (token.run.to_owned(), token.start)).collect()
            };
            // What stands behind it is another kind of text.
            let mut expected = cut(&format!("{text} é"));
            expected.pop();
            assert_eq!(cut(text), expected, "{text:?}");
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
    fn tokens_are_those_of_full_text() {
        proptest::proptest!(|(text: String)| {
            let cut: Vec<String> = Tokens::of(&text).filter_map(|token| token.folded().map(Cow::into_owned)).collect();
            proptest::prop_assert_eq!(cut, tokens(&text));
        });
    }

    #[test]
    fn a_plain_text_has_the_places_of_any_other() {
        proptest::proptest!(|(text in "[abAB1 ,.]{0,40}", words in "[ab]{1,2}( [ab1]{1,2})?", prefix: bool)| {
            let phrases = [(tokens(&words), prefix), (tokens("ab"), false)];
            let ends = |text: &str| -> Vec<(usize, usize)> {
                places(text, &phrases).iter().map(|place| (place.start, place.end)).collect()
            };
            // What stands behind it is another kind of text.
            proptest::prop_assert_eq!(ends(&text), ends(&format!("{text} é")));
        });
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
