//! As much of JavaScript as the page's examples and our snippets are made of: read into words, and objects computed. Whatever
//! would leave its string meets no rule here.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value as Json};

/// A word of a script.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// What stood in quotes, escapes read.
    Text(String),
    /// A name or keyword.
    Name(String),
    /// A number.
    Number(String),
    /// A sign such as `(`.
    Sign(char),
}

/// The words of a script, without comments.
pub(super) fn words(script: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let all: Vec<char> = script.chars().collect();
    let mut at = 0;
    while at < all.len() {
        let one = all[at];
        match one {
            '"' | '\'' => {
                let (text, next) = text(&all, at);
                words.push(Word::Text(text));
                at = next;
            }
            '/' if all.get(at + 1) == Some(&'/') => {
                while at < all.len() && all[at] != '\n' {
                    at += 1;
                }
            }
            _ if one.is_whitespace() => at += 1,
            _ if one.is_ascii_digit() => {
                let from = at;
                while at < all.len() && all[at].is_ascii_digit() {
                    at += 1;
                }
                words.push(Word::Number(all[from..at].iter().collect()));
            }
            _ if one.is_ascii_alphabetic() || "_$".contains(one) => {
                let from = at;
                while at < all.len() && (all[at].is_ascii_alphanumeric() || "_$".contains(all[at]))
                {
                    at += 1;
                }
                words.push(Word::Name(all[from..at].iter().collect()));
            }
            _ if "(){}[].,:;=|&!".contains(one) => {
                words.push(Word::Sign(one));
                at += 1;
            }
            _ => panic!("{one:?} stands in no string of {script}"),
        }
    }
    words
}

/// A string from its quote on, and where it ends.
fn text(all: &[char], from: usize) -> (String, usize) {
    let quote = all[from];
    let mut units: Vec<u16> = Vec::new();
    let mut at = from + 1;
    loop {
        let one = all[at];
        at += 1;
        match one {
            _ if one == quote => return (String::from_utf16(&units).unwrap(), at),
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => panic!("a line ends in a string"),
            '\\' => {
                let escape = all[at];
                at += 1;
                units.push(match escape {
                    'n' => 10,
                    'r' => 13,
                    't' => 9,
                    'b' => 8,
                    'f' => 12,
                    'u' => {
                        let digits: String = all[at..at + 4].iter().collect();
                        at += 4;
                        u16::from_str_radix(&digits, 16).unwrap()
                    }
                    '"' | '\'' | '\\' | '/' => u16::try_from(u32::from(escape)).unwrap(),
                    other => panic!("\\{other}"),
                });
            }
            _ => units.extend(one.encode_utf16(&mut [0; 2]).iter()),
        }
    }
}

/// The words with strings and names alike, and no semicolons: what two ways of writing the same script have in common.
pub(super) fn plain(script: &str) -> String {
    let words = words(script).into_iter().filter_map(|word| match word {
        Word::Text(text) | Word::Name(text) | Word::Number(text) => Some(text),
        Word::Sign(';') => None,
        Word::Sign(sign) => Some(sign.to_string()),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The argument of the script's `zc(name, …)`, computed; variables that stand before it are known.
pub(super) fn argument(script: &str, name: &str) -> Option<Json> {
    let words = words(script);
    let mut reader = Reader {
        words: &words,
        at: 0,
        known: BTreeMap::new(),
    };
    while reader.at < words.len() {
        if reader.next_are(&[Word::Name("var".to_owned())]) {
            reader.at += 1;
            let Word::Name(variable) = reader.take() else {
                panic!("var of no name")
            };
            if reader.next_are(&[Word::Sign('=')]) {
                reader.at += 1;
                let value = reader.value();
                reader.known.insert(variable, value);
            }
        } else if reader.next_are(&[
            Word::Name("zc".to_owned()),
            Word::Sign('('),
            Word::Text(name.to_owned()),
            Word::Sign(','),
        ]) {
            reader.at += 4;
            let value = reader.value();
            assert_eq!(reader.take(), Word::Sign(')'));
            return Some(value);
        } else {
            reader.at += 1;
        }
    }
    None
}

struct Reader<'a> {
    words: &'a [Word],
    at: usize,
    known: BTreeMap<String, Json>,
}

impl Reader<'_> {
    fn next_are(&self, words: &[Word]) -> bool {
        self.words[self.at..].starts_with(words)
    }

    fn take(&mut self) -> Word {
        self.at += 1;
        self.words[self.at - 1].clone()
    }

    fn value(&mut self) -> Json {
        match self.take() {
            Word::Text(text) => Json::String(text),
            Word::Number(digits) => Json::Number(digits.parse::<Number>().unwrap()),
            Word::Name(name) => match name.as_str() {
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                "null" => Json::Null,
                "encodeURIComponent" => {
                    let inside = self.inside();
                    Json::String(encoded(inside.as_str().unwrap()))
                }
                "JSON" => {
                    assert_eq!(self.take(), Word::Sign('.'));
                    assert_eq!(self.take(), Word::Name("stringify".to_owned()));
                    Json::String(self.inside().to_string())
                }
                known => self.known[known].clone(),
            },
            Word::Sign('[') => {
                let mut list = Vec::new();
                while !self.next_are(&[Word::Sign(']')]) {
                    list.push(self.value());
                    if self.next_are(&[Word::Sign(',')]) {
                        self.at += 1;
                    }
                }
                self.at += 1;
                Json::Array(list)
            }
            Word::Sign('{') => {
                let mut members = Map::new();
                while !self.next_are(&[Word::Sign('}')]) {
                    let (Word::Name(name) | Word::Text(name)) = self.take() else {
                        panic!("a member without a name")
                    };
                    assert_eq!(self.take(), Word::Sign(':'));
                    let value = self.value();
                    assert_eq!(members.insert(name, value), None, "a member twice");
                    if self.next_are(&[Word::Sign(',')]) {
                        self.at += 1;
                    }
                }
                self.at += 1;
                Json::Object(members)
            }
            sign @ Word::Sign(_) => panic!("{sign:?} is no value"),
        }
    }

    fn inside(&mut self) -> Json {
        assert_eq!(self.take(), Word::Sign('('));
        let value = self.value();
        assert_eq!(self.take(), Word::Sign(')'));
        value
    }
}

/// `encodeURIComponent`, as ECMA-262 has it.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
