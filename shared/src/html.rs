//! HTML to plain text, and the elements in it that mean something, for what agents and robots write.
//!
//! Why not a crate: the complete ones bring a browser's parser to a Lambda's hot path, the small one that was tried
//! joins `div`s and swallows the line breaks of ordinary chat messages.

/// What a reader would see of `html`: tags are dropped, `br` and the ends of paragraphs, blocks and list items become
/// line breaks, entities are decoded, scripts and styles vanish with what they hold. Line breaks of the source stay,
/// since a plain message may have them.
///
/// The result is text: `&lt;b&gt;` has become `<b>`. Whoever puts it into a page has to escape it.
pub fn plain_text(html: &str) -> String {
    let mut text = Text(String::with_capacity(html.len()));
    let mut ends = Ends {
        quotes: true,
        any: true,
    };
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        text.0.push_str(before);
        rest = match from.strip_prefix('<') {
            Some(inside) => markup(inside, &mut text, &mut ends),
            None => entity(from, &mut text),
        };
    }
    text.0.push_str(rest);
    text.0.replace("\r\n", "\n").trim().to_owned()
}

/// An element that carries an attribute that was looked for.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    attributes: &'a str,
    inside: &'a str,
}

impl<'a> Element<'a> {
    /// The attribute's value, entities decoded; `None` where it has none of this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        let (_, value) =
            attributes(self.attributes).find(|(given, _)| given.eq_ignore_ascii_case(name))?;
        Some(plain_text(value))
    }

    /// What stands between its start and its end, HTML.
    #[must_use]
    pub fn inside(&self) -> &'a str {
        self.inside
    }
}

/// The elements of `html` whose start tag carries `attribute`, in order. One that never ends holds all that follows.
pub fn elements_with<'a>(html: &'a str, attribute: &str) -> impl Iterator<Item = Element<'a>> {
    let mut ends = Ends {
        quotes: true,
        any: true,
    };
    let mut rest = html;
    std::iter::from_fn(move || {
        while let Some((_, from)) = rest.split_once('<') {
            if let Some(comment) = from.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let named = from.starts_with(|c: char| c.is_ascii_alphabetic());
            let Some(end) = ends.find(from).filter(|_| named) else {
                rest = from;
                continue;
            };
            let (tag, after) = from.split_at(end);
            let after = after.strip_prefix('>').unwrap_or(after);
            let name_ends = tag.find(|c: char| !c.is_ascii_alphanumeric());
            let (name, attributes_of) = tag.split_at(name_ends.unwrap_or(tag.len()));
            rest = after;
            if attributes(attributes_of).any(|(given, _)| given.eq_ignore_ascii_case(attribute)) {
                return Some(Element {
                    attributes: attributes_of,
                    inside: before_end(after, name),
                });
            }
        }
        None
    })
}

/// What stands before the end tag of `name`; all, where there is none.
fn before_end<'a>(html: &'a str, name: &str) -> &'a str {
    let ends = html.match_indices("</").find(|(at, sign)| {
        let from = html.get(at + sign.len()..).unwrap_or_default();
        let is_named = from
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        let goes_on = from
            .get(name.len()..)
            .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric()));
        is_named && !goes_on
    });
    ends.map_or(html, |(at, _)| html.split_at(at).0)
}

/// Names and values of a start tag's attributes, as they are written.
fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/');
    let mut rest = tag;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        // A lone sign begins a name, as in a browser: something is taken each time.
        let first = rest.chars().next()?.len_utf8();
        let name_ends = rest
            .get(first..)
            .and_then(|more| more.find(is_end))
            .map_or(rest.len(), |at| first + at);
        let (name, after) = rest.split_at(name_ends);
        let Some(value) = after.trim_start().strip_prefix('=') else {
            rest = after;
            return Some((name, ""));
        };
        let value = value.trim_start();
        let quoted = value
            .strip_prefix('"')
            .map(|inside| (inside, '"'))
            .or_else(|| value.strip_prefix('\'').map(|inside| (inside, '\'')));
        let (value, after) = match quoted {
            Some((inside, quote)) => inside.split_once(quote).unwrap_or((inside, "")),
            None => {
                let end = value.find(|c: char| c.is_ascii_whitespace());
                value.split_at(end.unwrap_or(value.len()))
            }
        };
        rest = after;
        Some((name, value))
    })
}

struct Text(String);

impl Text {
    fn new_line(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with('\n') {
            self.0.push('\n');
        }
    }

    /// In place of something dropped: what stands around it must not grow together into a new tag.
    fn gap(&mut self) {
        if self.0.ends_with('<') || self.0.ends_with("</") {
            self.0.push(' ');
        }
    }
}

/// What is known of the tags' ends to come, so that text full of `<` and quotes is not searched over and over.
struct Ends {
    quotes: bool,
    any: bool,
}

impl Ends {
    /// The place of the `>` that ends a tag; one within quotes does not, unless the quotes never end.
    fn find(&mut self, inside: &str) -> Option<usize> {
        if self.quotes {
            let mut quote = None;
            for (at, byte) in inside.bytes().enumerate() {
                match (quote, byte) {
                    (None, b'>') => return Some(at),
                    (None, b'"' | b'\'') => quote = Some(byte),
                    (Some(open), byte) if open == byte => quote = None,
                    _ => {}
                }
            }
            self.quotes = false;
        }
        let end = if self.any { inside.find('>') } else { None };
        self.any = end.is_some();
        end
    }
}

/// `inside` follows a `<`; returns what follows the tag or comment.
fn markup<'a>(inside: &'a str, text: &mut Text, ends: &mut Ends) -> &'a str {
    if let Some(comment) = inside.strip_prefix("!--") {
        text.gap();
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let (closes, name_on) = match inside.strip_prefix('/') {
        Some(name_on) => (true, name_on),
        None => (false, inside),
    };
    let named = name_on.starts_with(|c: char| c.is_ascii_alphabetic());
    if !named && !inside.starts_with(['!', '?']) {
        // "a < b", "I <3 you"
        text.0.push('<');
        return inside;
    }
    let Some(end) = ends.find(inside) else {
        // A tag that never ends: its words may be somebody's words.
        text.gap();
        return inside;
    };
    let rest = inside.split_at(end).1.strip_prefix('>').unwrap_or_default();

    let name: String = name_on
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match name.as_str() {
        "br" => text.0.push('\n'),
        "p" | "div" | "li" | "ul" | "ol" | "tr" | "table" | "blockquote" | "pre" | "section"
        | "article" | "hr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => text.new_line(),
        "script" | "style" if !closes => {
            text.gap();
            return after_element(rest, &name);
        }
        _ => text.gap(),
    }
    rest
}

/// What follows the end tag of `name`; nothing when there is none, as in a browser.
fn after_element<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some((_, from)) = rest.split_once("</") {
        if from
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
        {
            return from.split_once('>').map_or("", |(_, rest)| rest);
        }
        rest = from;
    }
    ""
}

/// `from` begins with `&`; returns what follows the entity.
fn entity<'a>(from: &'a str, text: &mut Text) -> &'a str {
    let inside = from.strip_prefix('&').unwrap_or(from);
    // The longest names and numbers are shorter than this.
    let decoded = inside
        .char_indices()
        .take(12)
        .find(|(_, c)| *c == ';')
        .and_then(|(end, _)| {
            let (name, rest) = inside.split_at(end);
            Some((decode(name)?, rest.strip_prefix(';')?))
        });
    match decoded {
        Some((c, rest)) => {
            text.0.push(c);
            rest
        }
        None => {
            text.0.push('&');
            inside
        }
    }
}

fn decode(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let (digits, radix) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16),
            None => (number, 10),
        };
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return None;
        }
        let c = u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
            .filter(|c| *c != '\0');
        return Some(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "laquo" => '«',
        "raquo" => '»',
        "middot" => '·',
        "bull" => '•',
        "times" => '×',
        "divide" => '÷',
        "deg" => '°',
        "yen" => '¥',
        "euro" => '€',
        "pound" => '£',
        "cent" => '¢',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn samples_of_the_page() {
        for (html, text) in [
            (
                "<p>Hello, I am the robot, ask me anything! It's my pleasure to serve you!</p><p><br/></p>",
                "Hello, I am the robot, ask me anything! It's my pleasure to serve you!",
            ),
            (
                "Don't miss it. <a href=\"https://xxx.com/1.png\">Hot sale.com</a>",
                "Don't miss it. Hot sale.com",
            ),
            (
                "<p><b data-type=\"2\" class=\"flow-item\" data-id=\"81\" data-robotid=\"54\">Flow subitem A jumps to subitem -1</b></p><p>Flow subitem A jumps to subitem -2<br/></p>",
                "Flow subitem A jumps to subitem -1\nFlow subitem A jumps to subitem -2",
            ),
        ] {
            assert_eq!(plain_text(html), text);
        }
    }

    #[test]
    fn lines() {
        for (html, text) in [
            ("a<br>b<BR/>c<br />d", "a\nb\nc\nd"),
            ("<div>a</div><div>b</div>c", "a\nb\nc"),
            ("<ul><li>1</li><li>2</li></ul>", "1\n2"),
            ("<p>a</p><p><br></p><p>b</p>", "a\n\nb"),
            ("one\ntwo\r\nthree", "one\ntwo\nthree"),
            ("<b>a</b><i>b</i>", "ab"),
        ] {
            assert_eq!(plain_text(html), text, "{html}");
        }
    }

    #[test]
    fn entities() {
        for (html, text) in [
            ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
            ("a&nbsp;b &#20320;&#x597D; &hellip;", "a b 你好 …"),
            (
                "AT&T &bogus; &; &#; &#x; &#xZZ;",
                "AT&T &bogus; &; &#; &#x; &#xZZ;",
            ),
            ("&#0;&#xD800;&#99999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&amp;lt;", "&lt;"),
            ("&", "&"),
        ] {
            assert_eq!(plain_text(html), text, "{html}");
        }
    }

    #[test]
    fn hostile_and_broken() {
        for (html, text) in [
            ("a<script>alert('<b>')</script>b", "ab"),
            ("a<SCRIPT src=x>1</ScRiPt >b<style>p{}</style>c", "abc"),
            ("a<script>alert(1)", "a"),
            ("a<!-- <script> -->b", "ab"),
            ("a<!-- no end", "a"),
            ("<!DOCTYPE html><?xml?>a", "a"),
            ("<a title='>' href=\">\">x</a>", "x"),
            ("<a title='>x", "x"),
            ("<<b>script>", "< script>"),
            ("<scr<script></script>ipt>", "ipt>"),
            ("a < b, c > d, I <3 you </3", "a < b, c > d, I <3 you </3"),
            ("x <y and z", "x y and z"),
            ("<img src=x onerror=alert(1)", "img src=x onerror=alert(1)"),
            ("<<script", "< script"),
        ] {
            assert_eq!(plain_text(html), text, "{html}");
        }
    }

    #[test]
    fn long_hostile_input_is_read_once() {
        for piece in [
            "<a",
            "<a '>' ",
            "<a \"",
            "&",
            "</",
            "<!--",
            "<",
            "<script></",
            "<a '>\"<b \">'",
        ] {
            let html = piece.repeat(200_000) + "\"";
            let _ = plain_text(&html);
        }
    }

    proptest! {
        #[test]
        fn no_script_survives(html in "([<>/!\\-'\" ]|script|SCRIPT|style|b|br|p|\\PC){0,40}") {
            let text = plain_text(&html).to_lowercase();
            // An entity may spell it: then somebody wrote about a script.
            prop_assume!(!html.contains('&'));
            prop_assert!(!text.contains("<script"), "{text}");
        }

        #[test]
        fn never_panics(html in any::<String>()) {
            let _ = plain_text(&html);
        }

        #[test]
        fn plain_words_stay(words in "[a-z]{1,8}( [a-z]{1,8}){0,5}") {
            prop_assert_eq!(plain_text(&words), words);
        }
    }
}
