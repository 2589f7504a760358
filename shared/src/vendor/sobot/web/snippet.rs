//! The deployment code: what an app puts into its pages so that Sobot's component is there.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, "Access Code Example", "Manual", "Custom Inquiry Entry"

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{
    Flaw, Identity, Parameters,
    call::{BUTTON_CLASS, Call, ELEMENT, Name, button, is_element},
    form::is_text,
    script,
};
use crate::vendor::sobot::{Account, link};

/// How the chat starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Which of the three.
    pub how: How,
    /// Of a manual start: the id of the element whose click starts the chat.
    #[serde(default)]
    pub on_click: Option<String>,
    /// Of a button of the app's own: what stands on it.
    #[serde(default)]
    pub label: Option<String>,
}

/// How the chat starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// By itself, with Sobot's button.
    #[default]
    Automatic,
    /// When the app's page says so.
    Manual,
    /// By itself, with a button of the app's own.
    CustomButton,
}

impl Start {
    /// Finds what the start lacks, or has too much.
    ///
    /// # Errors
    /// The flaw, by the field's name.
    pub fn check(&self) -> Result<(), Flaw> {
        let (element, label) = (self.on_click.as_deref(), self.label.as_deref());
        let given = |text: Option<&str>| text.map_or_else(|| "nothing".to_owned(), script::string);
        if (self.how == How::Manual) != element.is_some()
            || element.is_some_and(|id| !is_element(id))
        {
            let rule = format!("is given where `how` is manual, and only there: {ELEMENT}");
            return Err(Flaw::new("on_click", rule, &given(element)));
        }
        if (self.how == How::CustomButton) != label.is_some()
            || label.is_some_and(|label| !is_text(label, 1, 100))
        {
            let rule = "is given where `how` is custom_button, and only there: text of 1 to 100 characters";
            return Err(Flaw::new("label", rule, &given(label)));
        }
        Ok(())
    }

    /// What the component is told of it.
    fn flag(&self) -> Option<&'static str> {
        match self.how {
            How::Automatic => None,
            How::Manual => Some("manual"),
            How::CustomButton => Some("custom"),
        }
    }
}

/// The object of `zc("config", …)`.
pub fn config(parameters: &Parameters, identity: &Identity, start: &Start) -> Map<String, Json> {
    let mut config = parameters.in_component();
    for (name, value) in identity.pairs() {
        config.insert(name.to_owned(), Json::from(value));
    }
    if let Some(flag) = start.flag() {
        config.insert(flag.to_owned(), Json::from(true));
    }
    config
}

/// The deployment code: HTML for the body of a page, in ASCII.
///
/// `config` is that of [`config`]; `calls` are made after it, and `trace` is what [`Name::Trace`] sends. What needs an element
/// comes last, since one that the page lacks ends the script: callbacks are registered by then.
pub fn snippet(
    account: &Account<'_>,
    config: &Map<String, Json>,
    start: &Start,
    calls: &[Call],
    trace: &Map<String, Json>,
) -> String {
    let entrance = account.url("/chat/frame/v2/entrance.js");
    let source = script::string(&link::with(&entrance, [("sysnum", account.sysnum)]));
    let mut html = String::new();
    let mut class = String::new();
    if let (How::CustomButton, Some(label)) = (start.how, &start.label) {
        html.push_str(&button(label));
        html.push('\n');
        class = format!("    x.className = \"{BUTTON_CLASS}\";\n");
    }
    html.push_str(&format!(
        r#"<script>
  (function (w, d, e, x) {{
    w[e] = function () {{
      w.cbk = w.cbk || []
      w.cbk.push(arguments);
    }}
    x = d.createElement("script");
    x.async = true;
    x.id = "zhichiScript";
{class}    x.src = {source};
    d.body.appendChild(x);
  }})(window, document, "zc");
"#
    ));
    if !config.is_empty() {
        html.push_str(&format!("  zc(\"config\", {});\n", script::object(config)));
    }
    let manual = start.on_click.clone().map(|on_click| Call {
        call: Name::FrameManual,
        handler: None,
        on_click: Some(on_click),
        into: None,
        label: None,
    });
    let (clicked, told): (Vec<&Call>, Vec<&Call>) =
        calls.iter().partition(|call| call.on_click.is_some());
    for call in told.into_iter().chain(clicked).chain(&manual) {
        for line in call.script(trace).lines() {
            html.push_str(&format!("  {line}\n"));
        }
    }
    html.push_str("</script>\n");
    html
}
