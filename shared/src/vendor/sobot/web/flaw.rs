//! What is wrong with a value that the caller gave.

use std::fmt;

/// How much of what was given is repeated, and of a name, which the caller may have given as well; in characters.
pub(super) const SHOWN: usize = 80;

/// How much of a rule is told, in characters: what can't be read is told in words of the reader's, which repeat it.
const LONGEST_RULE: usize = 300;

/// A wrong value: where it stands, what may stand there, and what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The vendor's name of the parameter, and the path within it, such as `goods[0].name`.
    pub name: String,
    /// What it takes: "is …", "goes …".
    pub rule: String,
    /// What was given, as JSON; the beginning, where it is long.
    pub given: String,
}

impl Flaw {
    /// A wrong value. `given` is JSON text.
    pub fn new(name: impl Into<String>, rule: impl Into<String>, given: &str) -> Self {
        Self {
            name: cut(&name.into(), SHOWN),
            rule: cut(&rule.into(), LONGEST_RULE),
            given: cut(given, SHOWN),
        }
    }
}

/// The beginning of a text that is longer than so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}; given: {}", self.name, self.rule, self.given)
    }
}

impl std::error::Error for Flaw {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_name_rule_and_what_was_given() {
        let flaw = Flaw::new("time", "is a whole number from 10 to 2880", "5");
        assert_eq!(
            flaw.to_string(),
            "`time` is a whole number from 10 to 2880; given: 5"
        );
        let long = Flaw::new("uname", "is shorter", &"客".repeat(200));
        assert_eq!(long.given.chars().count(), 81);
        let long = Flaw::new("客".repeat(200), "客".repeat(400), "1");
        assert_eq!(long.name.chars().count(), 81);
        assert_eq!(long.rule.chars().count(), 301);
    }
}
