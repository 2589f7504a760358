//! `flowContent`: what a flow of Udesk's own robot shows, HTML with buttons in it. A button is an element with a
//! `data-type` (1 a question, 2 a step of a flow) and a `data-id`; its words are what it holds.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Flow Question Interface"

use crate::{
    html,
    message::{Action, Suggestion},
};

/// More buttons than a person reads.
const MOST: usize = 100;
/// More characters of a button than a person reads.
const LONGEST: usize = 1_000;

/// The buttons, in order, each once.
pub fn read(html: &str) -> Vec<Suggestion> {
    let mut buttons: Vec<Suggestion> = Vec::new();
    for element in html::elements_with(html, "data-type").take(MOST) {
        let action = match element.attribute("data-type").as_deref().map(str::trim) {
            Some("1") => Action::Click,
            Some("2") => Action::Flow,
            _ => continue,
        };
        let id = element.attribute("data-id").unwrap_or_default();
        let Ok(id) = id.trim().parse::<i64>() else {
            continue;
        };
        let inside: String = element.inside().chars().take(LONGEST).collect();
        let text = html::plain_text(&inside);
        let button = Suggestion {
            text,
            id: Some(id.to_string()),
            url: None,
            action: Some(action),
            frequent: false,
        };
        let is_known = buttons
            .iter()
            .any(|known| known.id == button.id && known.action == button.action);
        if !button.text.is_empty() && !is_known {
            buttons.push(button);
        }
    }
    buttons
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(html: &str) -> Vec<(String, String, Action)> {
        read(html)
            .into_iter()
            .map(|one| (one.id.unwrap(), one.text, one.action.unwrap()))
            .collect()
    }

    fn button(id: &str, text: &str, action: Action) -> (String, String, Action) {
        (id.to_owned(), text.to_owned(), action)
    }

    #[test]
    fn the_pages_buttons() {
        let page = include_str!("../../../../tests/fixtures/udesk/flow_content.html");
        assert_eq!(
            told(page),
            [
                button("81", "Flow subitem A jumps to subitem -1", Action::Flow),
                button("307", "Classification question A", Action::Click),
            ]
        );
    }

    #[test]
    fn written_otherwise() {
        for html in [
            "<b data-type='2' data-id='81'>A</b>",
            "<B DATA-TYPE=2 data-id=81>A</B>",
            "<a href=\"x>y\" data-id=\"81\" data-type = \"2\"><i>A</i></a>",
            "<p data-type=\"2\" data-id=\" 81 \">A",
            "<b data-type=\"2\" data-id=\"81\"><br>A</b>B</body>",
            "<b data-type=\"2\" data-id=\"81\">A</b> <b data-type=\"2\" data-id=\"81\">again</b>",
            "<!-- <b data-type=\"2\" data-id=\"9\">no</b> --><b data-type=\"2\" data-id=\"81\">A</b>",
            "<b\ndata-type=\"2\"\ndata-id=\"81\"\n>A</b>",
        ] {
            assert_eq!(told(html), [button("81", "A", Action::Flow)], "{html}");
        }
        let tom = "<b data-type=\"1\" data-id=\"1\">Tom &amp; Jerry</b>";
        assert_eq!(told(tom), [button("1", "Tom & Jerry", Action::Click)]);
    }

    #[test]
    fn what_is_no_button() {
        for html in [
            "",
            "A",
            "<b>A</b>",
            "<b data-type=\"2\">A</b>",
            "<b data-type=\"2\" data-id=\"x\">A</b>",
            "<b data-type=\"3\" data-id=\"81\">A</b>",
            "<b data-type=\"2\" data-id=\"81\"></b>",
            "data-type=\"2\" data-id=\"81\"",
            "<b class='data-type=\"2\" data-id=\"81\"'>A</b>",
            "<b data-type=\"2\" data-id=\"81\"",
            "</b data-type=\"2\" data-id=\"81\">A",
            "<b x-data-type=\"2\" data-id=\"81\">A</b>",
        ] {
            assert_eq!(told(html), [], "{html}");
        }
    }

    #[test]
    fn long_hostile_input_is_read_soon() {
        for piece in [
            "<b data-type=\"2\" data-id=\"1\">",
            "<b data-type='2 ",
            "<b ",
            "<!--",
            "<b data-type=\"1\" data-id=\"1\">A</i>",
        ] {
            assert!(read(&piece.repeat(20_000)).len() <= 1);
        }
    }

    proptest! {
        #[test]
        fn never_panics(html in "(<b|</b>|data-type|data-id|=|'|\"|1|2| |>|<|<!--|-->|ü|\\PC){0,60}") {
            let _ = read(&html);
        }
    }
}
