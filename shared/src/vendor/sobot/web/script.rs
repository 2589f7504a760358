//! Text inside a script inside a page.

use serde_json::{Map, Value};

/// JSON that is a script's literal, in ASCII alone: so it is the same in a page of any charset, and nothing in it ends the
/// script (`</script>`, `<!--`), its line (U+2028, U+2029), or the order in which a reader sees it.
pub(super) fn literal(json: &Value) -> String {
    escaped(&json.to_string())
}

/// An object, likewise.
pub(super) fn object(members: &Map<String, Value>) -> String {
    // A map's JSON can always be written.
    escaped(&serde_json::to_string(members).unwrap_or_default())
}

/// A string, likewise.
pub(super) fn string(text: &str) -> String {
    literal(&Value::from(text))
}

/// Outside its strings JSON has none of these characters, and inside all of them may be written so.
fn escaped(json: &str) -> String {
    let mut script = String::with_capacity(json.len());
    for one in json.chars() {
        if one.is_ascii_graphic() && !"<>&'`".contains(one) || one == ' ' {
            script.push(one);
        } else {
            for unit in one.encode_utf16(&mut [0; 2]) {
                script.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    script
}

/// Text of an element of a page, in ASCII alone.
pub(super) fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for one in text.chars() {
        if one.is_ascii_alphanumeric() || " ,.;:!?-+()/".contains(one) {
            html.push(one);
        } else {
            html.push_str(&format!("&#{};", u32::from(one)));
        }
    }
    html
}

/// Whether a text names a function of a page's own: `show`, `app.desk.show`.
pub(super) fn is_function(text: &str) -> bool {
    let is_name = |name: &str| {
        let first = name.bytes().next();
        first.is_some_and(|first| first.is_ascii_alphabetic() || b"_$".contains(&first))
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_$".contains(&byte))
            && !RESERVED.contains(&name)
    };
    text.len() <= 100 && text.split('.').all(is_name)
}

/// Words of the language that are no names. `this` and `import` would change what is called.
const RESERVED: [&str; 40] = [
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "null",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_string() {
        assert_eq!(
            string("</script><!--'\"\\`&\u{2028}\u{2029}\u{0}\n"),
            r#""\u003c/script\u003e\u003c!--\u0027\"\\\u0060\u0026\u2028\u2029\u0000\n""#
        );
        assert_eq!(
            string("客مرحبا😀"),
            r#""\u5ba2\u0645\u0631\u062d\u0628\u0627\ud83d\ude00""#
        );
    }

    #[test]
    fn html_is_text() {
        assert_eq!(html("Chat, now!"), "Chat, now!");
        assert_eq!(
            html("<b>&\"'客😀"),
            "&#60;b&#62;&#38;&#34;&#39;&#23458;&#128512;"
        );
    }

    #[test]
    fn a_function_is_named_and_nothing_else() {
        for good in ["show", "app.desk.show", "$", "_a1", "console.log"] {
            assert!(is_function(good), "{good}");
        }
        for bad in [
            "", ".", "a.", ".a", "1a", "a b", "a()", "a;b", "a-b", "this", "a.import", "é", "a[0]",
            "with", "yield",
        ] {
            assert!(!is_function(bad), "{bad}");
        }
    }
}
