//! Headings and links of a Markdown text.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, OffsetIter, Options, Parser, Tag, TagEnd};

use super::{LinkKind, ParsedLink};

/// The longest text between `[[` and `]]`, in bytes.
const WIKI_MAX: usize = 1024;

/// What a Markdown text holds besides its words.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The text of the first heading that has any.
    pub(super) heading: Option<String>,
    /// Links to other files, in the order in which they stand; a reference's definition counts once.
    pub(super) links: Vec<ParsedLink>,
}

/// Reads the outline of `text`, which stands `offset` bytes into its file.
pub(super) fn outline(text: &str, offset: usize) -> Outline {
    let mut events = Parser::new_ext(text, Options::ENABLE_FOOTNOTES).into_offset_iter();
    let mut walk = Walk { text, ..Walk::default() };
    while let Some((event, range)) = events.next() {
        walk.take(event, range, &events);
    }
    wiki_links(text, &walk.verbatim, &mut walk.links);
    walk.links.sort_by_key(|link| link.range.start);
    walk.links.dedup_by(|a, b| a.range == b.range);
    for link in &mut walk.links {
        link.range = link.range.start + offset..link.range.end + offset;
    }
    Outline { heading: walk.heading, links: walk.links }
}

#[derive(Default)]
struct Walk<'a> {
    text: &'a str,
    heading: Option<String>,
    open_heading: Option<String>,
    open_links: Vec<OpenLink>,
    links: Vec<ParsedLink>,
    /// Code and HTML, in order: what looks like a wikilink there is none.
    verbatim: Vec<Range<usize>>,
}

struct OpenLink {
    kind: LinkKind,
    target: String,
    /// Where the link's target stands, or where to look for it: after the last of what is in its brackets.
    site: Site,
}

enum Site {
    Definition(Range<usize>),
    After(usize),
}

impl Walk<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>, events: &OffsetIter<'_>) {
        let inner_end = range.end;
        match event {
            Event::Start(Tag::Heading { .. }) if self.heading.is_none() => self.open_heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                self.heading = self.heading.take().or(self.open_heading.take().filter(|text| !text.trim().is_empty()));
            }
            Event::Start(Tag::Link { link_type, dest_url, id, .. }) => {
                self.open(LinkKind::Markdown, link_type, &dest_url, range.start + 1, events_definition(events, &id));
                return;
            }
            Event::Start(Tag::Image { link_type, dest_url, id, .. }) => {
                self.open(LinkKind::Image, link_type, &dest_url, range.start + 2, events_definition(events, &id));
                return;
            }
            Event::End(TagEnd::Link | TagEnd::Image) => self.close(),
            Event::Start(Tag::CodeBlock(_)) | Event::Html(_) | Event::InlineHtml(_) => self.verbatim.push(range),
            Event::Code(text) => {
                self.verbatim.push(range);
                self.heading_text(&text);
            }
            Event::Text(text) => self.heading_text(&text),
            Event::SoftBreak | Event::HardBreak => self.heading_text(" "),
            _ => {}
        }
        if let Some(OpenLink { site: Site::After(end), .. }) = self.open_links.last_mut() {
            *end = inner_end.max(*end);
        }
    }

    fn heading_text(&mut self, text: &str) {
        if let Some(heading) = &mut self.open_heading {
            heading.push_str(text);
        }
    }

    fn open(&mut self, kind: LinkKind, link: LinkType, target: &str, start: usize, definition: Option<Range<usize>>) {
        let site = match (link, definition) {
            (LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut, Some(span)) => Site::Definition(span),
            _ => Site::After(start),
        };
        // An autolink has a scheme and is left out below.
        self.open_links.push(OpenLink { kind, target: target.to_owned(), site });
    }

    fn close(&mut self) {
        let Some(link) = self.open_links.pop() else { return };
        if has_scheme(&link.target) {
            return;
        }
        let found = match link.site {
            Site::After(end) => self.text[end..].find("](").map(|at| end + at + 2),
            Site::Definition(span) => self.text[span.clone()].find("]:").map(|at| span.start + at + 2),
        };
        let Some(written) = found.and_then(|at| written_target(self.text, at)) else { return };
        let (path, heading) = cut(&link.target);
        let path = path.split('?').next().unwrap_or_default();
        if path.is_empty() {
            return;
        }
        let length = self.text[written.clone()].find(['#', '?']).unwrap_or(written.len());
        self.links.push(ParsedLink {
            target: percent_decoded(path),
            heading: heading.map(percent_decoded),
            kind: link.kind,
            range: written.start..written.start + length,
        });
    }
}

fn events_definition(events: &OffsetIter<'_>, id: &str) -> Option<Range<usize>> {
    events.reference_definitions().get(id).map(|definition| definition.span.clone())
}

/// The range of a link's target as written, from the first byte after `](` or `]:`.
fn written_target(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text[at..].trim_start();
    let start = text.len() - rest.len();
    if let Some(inner) = rest.strip_prefix('<') {
        return inner.find('>').map(|end| start + 1..start + 1 + end);
    }
    let mut depth = 0_usize;
    let mut escaped = false;
    for (i, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' if depth == 0 => return Some(start..start + i),
            ')' => depth -= 1,
            c if c.is_ascii_whitespace() => return Some(start..start + i),
            _ => {}
        }
    }
    Some(start..text.len())
}

/// `http:`, `mailto:`, `//host`: not a note's.
fn has_scheme(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| scheme.len() > 1);
    target.starts_with("//")
        || scheme.is_some_and(|scheme| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        })
}

/// Path and heading.
fn cut(target: &str) -> (&str, Option<&str>) {
    target.split_once('#').map_or((target, None), |(path, heading)| (path, Some(heading)))
}

/// `%20` and the like decoded; what is no escape, or would not be UTF-8, stays.
pub(crate) fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escape = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten();
        let byte = escape.filter(|hex| !hex.starts_with('+')).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(byte.unwrap_or(bytes[i]));
        i += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

/// Finds `[[target#heading|alias]]` and `![[target]]` outside `verbatim`.
fn wiki_links(text: &str, verbatim: &[Range<usize>], links: &mut Vec<ParsedLink>) {
    let mut verbatim = verbatim.iter().peekable();
    let (mut at, mut close) = (0, 0);
    while let Some(found) = text[at..].find("[[") {
        let open = at + found;
        at = open + 2;
        while verbatim.next_if(|range| range.end <= open).is_some() {}
        if let Some(range) = verbatim.peek().filter(|range| range.start <= open) {
            at = range.end.max(at);
            continue;
        }
        let before = &text[..open];
        if (before.len() - before.trim_end_matches('\\').len()) % 2 == 1 {
            continue;
        }
        // Looked for once, so that brackets without end do not take the square of the text's length.
        if close < at {
            let Some(next) = text[at..].find("]]") else { break };
            close = at + next;
        }
        if close - at > WIKI_MAX || text[at..close].contains('\n') {
            continue;
        }
        let inner = &text[at..close];
        // `[[[a]]` and `[[a [[b]]`: the innermost brackets count.
        if inner.contains("[[") || inner.starts_with('[') {
            at = open + 1;
            continue;
        }
        if let Some(link) = wiki_link(inner, at, before.ends_with('!')) {
            links.push(link);
        }
        at += inner.len() + 2;
    }
}

fn wiki_link(inner: &str, start: usize, is_embed: bool) -> Option<ParsedLink> {
    // In a table the bar is escaped: `[[a\|alias]]`.
    let target = inner.split('|').next().unwrap_or_default();
    let target = if inner.contains('|') { target.strip_suffix('\\').unwrap_or(target) } else { target };
    let (path, heading) = cut(target);
    let begin = start + path.len() - path.trim_start().len();
    let path = path.trim();
    if path.is_empty() || has_scheme(path) {
        return None;
    }
    Some(ParsedLink {
        target: path.to_owned(),
        heading: heading.map(|heading| heading.trim().to_owned()),
        kind: if is_embed { LinkKind::Embed } else { LinkKind::Wiki },
        range: begin..begin + path.len(),
    })
}
