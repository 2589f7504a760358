//! The page's own calls and callbacks, as scripts that lead to functions of the app's page.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Flaw, form::is_text, script};

/// A call that the app's page makes, or a callback that it gets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Which.
    pub call: Name,
    /// The function of the app's page that is told, such as `desk.onMessage`.
    #[serde(default)]
    pub handler: Option<String>,
    /// The id of the element whose click makes the call.
    #[serde(default)]
    pub on_click: Option<String>,
    /// The id of the element into which `dynamic_ready` puts its button.
    #[serde(default)]
    pub into: Option<String>,
    /// What stands on that button.
    #[serde(default)]
    pub label: Option<String>,
}

/// The vendor's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// A button was made later, and is to open the chat.
    DynamicReady,
    /// Start the chat that does not start by itself.
    FrameManual,
    /// Tell whether the chat is unfolded.
    FrameStatus,
    /// The chat was loaded.
    FrameReady,
    /// Send the visited pages now.
    Trace,
    /// An agent wrote while the chat is folded.
    ReceiveMessage,
    /// What agents wrote while the customer was away.
    OfflineMessageCount,
    /// The chat was folded.
    ChatCollapseWindow,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::DynamicReady,
        Self::FrameManual,
        Self::FrameStatus,
        Self::FrameReady,
        Self::Trace,
        Self::ReceiveMessage,
        Self::OfflineMessageCount,
        Self::ChatCollapseWindow,
    ];

    /// The vendor's spelling.
    pub fn text(self) -> &'static str {
        match self {
            Self::DynamicReady => "dynamic_ready",
            Self::FrameManual => "frame_manual",
            Self::FrameStatus => "frame_status",
            Self::FrameReady => "frame_ready",
            Self::Trace => "trace",
            Self::ReceiveMessage => "receive_message",
            Self::OfflineMessageCount => "offline_message_count",
            Self::ChatCollapseWindow => "chat_collapse_window",
        }
    }

    /// What the vendor's page says that the handler is given: the members of its argument.
    pub fn tells(self) -> &'static [&'static str] {
        match self {
            Self::ReceiveMessage => &["img", "name", "msg", "t"],
            Self::OfflineMessageCount => &[
                "size",
                "offlineMsg",
                "unAckMsg",
                "unAckSize",
                "groupId",
                "leaveToTicket",
            ],
            Self::DynamicReady
            | Self::FrameManual
            | Self::FrameStatus
            | Self::FrameReady
            | Self::Trace
            | Self::ChatCollapseWindow => &[],
        }
    }

    /// What a request says beside the name.
    fn takes(self) -> Takes {
        const NEEDS: Needs = Needs::Yes;
        let takes = |handler, on_click, button| Takes {
            handler,
            on_click,
            button,
        };
        match self {
            Self::DynamicReady => takes(Needs::No, NEEDS, NEEDS),
            Self::FrameManual => takes(Needs::Perhaps, NEEDS, Needs::No),
            Self::FrameStatus => takes(NEEDS, NEEDS, Needs::No),
            Self::Trace => takes(Needs::No, NEEDS, Needs::No),
            Self::FrameReady
            | Self::ReceiveMessage
            | Self::OfflineMessageCount
            | Self::ChatCollapseWindow => takes(NEEDS, Needs::No, Needs::No),
        }
    }
}

struct Takes {
    handler: Needs,
    on_click: Needs,
    button: Needs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Yes,
    Perhaps,
    No,
}

impl Call {
    /// Finds what would make no script, or one that does nothing. `traces` says whether the request names visited pages.
    ///
    /// # Errors
    /// The first flaw, by the field's name.
    pub fn check(&self, traces: bool) -> Result<(), Flaw> {
        let takes = self.call.takes();
        let fields = [
            ("handler", &self.handler, takes.handler),
            ("on_click", &self.on_click, takes.on_click),
            ("into", &self.into, takes.button),
            ("label", &self.label, takes.button),
        ];
        for (name, value, needs) in fields {
            match (value, needs) {
                (None, Needs::Yes) => {
                    let rule = format!("is given with {}: {}", self.call.text(), form(name));
                    return Err(Flaw::new(name, rule, "nothing"));
                }
                (Some(value), Needs::No) => {
                    let rule = format!("is left out with {}", self.call.text());
                    return Err(Flaw::new(name, rule, &script::string(value)));
                }
                (Some(value), Needs::Yes | Needs::Perhaps) if !fits(name, value) => {
                    let rule = format!("is {}", form(name));
                    return Err(Flaw::new(name, rule, &script::string(value)));
                }
                _ => {}
            }
        }
        if self.call == Name::Trace && !traces {
            let rule = "is trace only beside parameters of visited pages (pre_…, cur_…)";
            return Err(Flaw::new("call", rule, "\"trace\""));
        }
        Ok(())
    }

    /// The call as a script. `trace` is what [`Name::Trace`] sends.
    pub fn script(&self, trace: &Map<String, Json>) -> String {
        let name = script::string(self.call.text());
        let handler = self.handler.as_deref().unwrap_or_default();
        match self.call {
            Name::DynamicReady => {
                let into = script::string(self.into.as_deref().unwrap_or_default());
                let button = button(self.label.as_deref().unwrap_or_default());
                let button = script::string(&button);
                self.clicked(&format!(
                    "  document.getElementById({into}).innerHTML = {button};\n  zc({name});\n"
                ))
            }
            Name::FrameManual if handler.is_empty() => {
                self.clicked(&format!("  zc({name}, function (res) {{}});\n"))
            }
            Name::FrameManual | Name::FrameStatus => self.clicked(&format!(
                "  zc({name}, function (res) {{\n    {handler}(res);\n  }});\n"
            )),
            Name::Trace => {
                let trace = script::object(trace);
                self.clicked(&format!("  zc({name}, {trace});\n"))
            }
            Name::FrameReady => format!("zc({name}, function () {{\n  {handler}();\n}});\n"),
            Name::ReceiveMessage | Name::OfflineMessageCount => {
                format!("zc({name}, function (res) {{\n  {handler}(res);\n}});\n")
            }
            // The page's own example takes the place of every other listener, and breaks at a message that is no JSON.
            // Any frame can send one that says this: so the handler is told nothing of what is in it.
            Name::ChatCollapseWindow => format!(
                "window.addEventListener(\"message\", function (e) {{\n\
                 \x20 var message;\n\
                 \x20 try {{ message = JSON.parse(e.data); }} catch (other) {{ return; }}\n\
                 \x20 if (message && message.name === \"zc_post_message\" && message.data && message.data.action === {name}) {{\n\
                 \x20   {handler}();\n\
                 \x20 }}\n\
                 }});\n"
            ),
        }
    }

    fn clicked(&self, body: &str) -> String {
        let id = script::string(self.on_click.as_deref().unwrap_or_default());
        format!(
            "document.getElementById({id}).addEventListener(\"click\", function () {{\n{body}}});\n"
        )
    }
}

/// The button that opens the chat in place of Sobot's own.
pub(super) fn button(label: &str) -> String {
    format!(
        "<button class=\"{BUTTON_CLASS}\">{}</button>",
        script::html(label)
    )
}

/// The class by which Sobot's script finds the app's own button.
pub(super) const BUTTON_CLASS: &str = "zhiCustomBtn";

fn fits(field: &str, text: &str) -> bool {
    match field {
        "handler" => script::is_function(text),
        "label" => is_text(text, 1, 100),
        _ => is_element(text),
    }
}

fn form(field: &str) -> &'static str {
    match field {
        "handler" => "the name of a function of the page's own, such as desk.onMessage",
        "label" => "text of 1 to 100 characters",
        _ => ELEMENT,
    }
}

/// What an element's id is, in words.
pub(super) const ELEMENT: &str = "the id of an element: 1 to 100 characters without spaces";

/// Whether a text can be an element's id.
pub(super) fn is_element(text: &str) -> bool {
    is_text(text, 1, 100) && !text.contains(char::is_whitespace)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(given: Json) -> Call {
        serde_json::from_value(given).unwrap()
    }

    #[test]
    fn every_call_has_the_pages_name() {
        for name in Name::ALL {
            assert_eq!(json!(name), name.text());
        }
    }

    #[test]
    fn what_a_call_lacks_or_has_too_much_is_named() {
        for (given, field) in [
            (json!({"call": "receive_message"}), "handler"),
            (
                json!({"call": "receive_message", "handler": "alert(1)"}),
                "handler",
            ),
            (
                json!({"call": "frame_ready", "handler": "a", "on_click": "b"}),
                "on_click",
            ),
            (json!({"call": "frame_status", "handler": "a"}), "on_click"),
            (
                json!({"call": "frame_manual", "on_click": "a b"}),
                "on_click",
            ),
            (
                json!({"call": "dynamic_ready", "on_click": "a", "label": "b"}),
                "into",
            ),
            (
                json!({"call": "dynamic_ready", "on_click": "a", "into": "b"}),
                "label",
            ),
            (json!({"call": "trace", "on_click": "a"}), "call"),
        ] {
            assert_eq!(
                call(given.clone()).check(false).unwrap_err().name,
                field,
                "{given}"
            );
        }
        call(json!({"call": "trace", "on_click": "a"}))
            .check(true)
            .unwrap();
        call(json!({"call": "frame_manual", "on_click": "a"}))
            .check(false)
            .unwrap();
    }

    /// The page calls what a callback is given its "request".
    #[test]
    fn contradiction_11_a_callbacks_argument_is_handed_on_as_it_comes() {
        for name in ["receive_message", "offline_message_count"] {
            let call = call(json!({"call": name, "handler": "desk.told"}));
            call.check(false).unwrap();
            assert_eq!(
                call.script(&Map::new()),
                format!("zc(\"{name}\", function (res) {{\n  desk.told(res);\n}});\n")
            );
        }
    }

    #[test]
    fn the_collapsed_window_is_told_to_every_listener() {
        let script = call(json!({"call": "chat_collapse_window", "handler": "folded"}));
        let script = script.script(&Map::new());
        assert!(
            script.starts_with("window.addEventListener(\"message\""),
            "{script}"
        );
        assert!(
            script.contains("message.name === \"zc_post_message\""),
            "{script}"
        );
        assert!(
            script.contains("action === \"chat_collapse_window\""),
            "{script}"
        );
        assert!(script.contains("    folded();\n"), "{script}");
    }
}
