//! The cards that agents may send: `UDESK_CARDS`.

use deskbridge::{
    config::{ConfigError, Settings, UDESK_CARDS},
    digest,
    vendor::udesk::card::Card,
};

/// The largest list, in bytes: Lambda's environment variables hold 4 KB in all, names and values of all settings.
const LARGEST: usize = 3 * 1024;

/// A card, and what the page calls it.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Made of what the card holds: a page that was opened before the list changed can't send another card than it shows.
    pub(crate) id: String,
    pub(crate) card: Card,
}

/// The cards, in the order in which they are shown.
#[derive(Debug)]
pub(crate) struct Cards(Vec<Listed>);

impl Cards {
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let Some(text) = settings.optional(&UDESK_CARDS) else {
            return Ok(Self(Vec::new()));
        };
        let malformed = |why: String| UDESK_CARDS.malformed(&why);
        if text.len() > LARGEST {
            return Err(malformed(format!(
                "{} bytes, and at most {LARGEST} fit: all environment variables of a Lambda hold 4 KB. \
                 Shorten texts and addresses, or leave cards out",
                text.len()
            )));
        }
        let mut reader = serde_json::Deserializer::from_str(&text);
        let cards: Vec<Card> = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            malformed(format!("{path}: {}", error.into_inner()))
        })?;
        reader.end().map_err(|error| malformed(error.to_string()))?;
        let mut listed: Vec<Listed> = Vec::new();
        for (place, card) in cards.into_iter().enumerate() {
            card.check()
                .map_err(|flaw| malformed(format!("[{place}].{flaw}")))?;
            let id = id(&card);
            if listed.iter().any(|other| other.id == id) {
                return Err(malformed(format!("[{place}]: the same card stands before")));
            }
            listed.push(Listed { id, card });
        }
        Ok(Self(listed))
    }

    pub(crate) fn all(&self) -> &[Listed] {
        &self.0
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Card> {
        let mut all = self.0.iter();
        all.find(|listed| listed.id == id)
            .map(|listed| &listed.card)
    }
}

fn id(card: &Card) -> String {
    // A card is texts alone, which can always be written.
    let text = serde_json::to_string(card).unwrap_or_default();
    let mut digits = digest::whole(text);
    digits.truncate(16);
    digits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<usize, String> {
        let text = text.to_owned();
        let settings = Settings::new(move |name| (name == "UDESK_CARDS").then(|| text.clone()));
        let cards = Cards::from_settings(&settings);
        cards
            .map(|cards| cards.all().len())
            .map_err(|error| error.to_string())
    }

    fn card(title: &str) -> String {
        format!(
            r#"{{"title":"{title}","description":"d","img_url":"https://a.example/1.png","buttons":[]}}"#
        )
    }

    #[test]
    fn what_is_wrong_is_named_with_its_path() {
        assert_eq!(read(""), Ok(0));
        assert_eq!(read(&format!("[{},{}]", card("a"), card("b"))), Ok(2));
        for (text, why) in [
            ("{}".to_owned(), "UDESK_CARDS is malformed (.: "),
            ("[".to_owned(), "UDESK_CARDS is malformed ("),
            (
                format!("[{}] x", card("a")),
                "UDESK_CARDS is malformed (trailing",
            ),
            (
                r#"[{"title":"a"}]"#.to_owned(),
                "UDESK_CARDS is malformed ([0]: missing field `description`",
            ),
            (
                format!(
                    "[{},{}]",
                    card("a"),
                    card("b").replace("[]", r#"[{"type":"mail","text":"x","value":"y"}]"#)
                ),
                "UDESK_CARDS is malformed ([1].buttons[0].type: unknown variant `mail`",
            ),
            (
                format!(
                    "[{}]",
                    card("a").replace("[]", r#"[{"type":"link","text":"x","value":"y"}]"#)
                ),
                "UDESK_CARDS is malformed ([0].buttons[0].value: give the address of a page",
            ),
            (
                format!("[{}]", card("a").replace("https:", "http:")),
                "UDESK_CARDS is malformed ([0].img_url: give the https address",
            ),
            (
                format!("[{}]", card("a").replace("\"title\"", "\"titel\"")),
                "UDESK_CARDS is malformed ([0].titel: unknown field `titel`",
            ),
            (
                format!("[{},{}]", card("a"), card("a")),
                "UDESK_CARDS is malformed ([1]: the same card stands before",
            ),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.starts_with(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_a_lambda_cannot_hold_is_refused_in_clear_words() {
        let good = format!("[{}]", card(&"x".repeat(2_900)));
        assert_eq!(read(&good), Ok(1));
        let error = read(&format!("[{}]", card(&"x".repeat(3_000)))).unwrap_err();
        assert!(
            error.contains("at most 3072 fit: all environment variables of a Lambda hold 4 KB"),
            "{error}"
        );
        // Bytes, not letters.
        assert!(read(&format!("[{}]", card(&"卡".repeat(1_000)))).is_err());
    }
}
