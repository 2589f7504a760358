//! What a caller asks for, and whether they may.

use deskbridge::{
    auth::Caller,
    error::{Error, Kind},
    ids::CustomerId,
    object::Object,
    vendor::sobot::{
        Account, Channel,
        web::{
            Call, Flaw, Given, Name, Parameters, Place, Start, leave_message::LeaveMessage, rules,
            snippet::How, ticket::Ticket,
        },
    },
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The most calls of one page.
const MOST_CALLS: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    pub(crate) mode: Mode,
    pub(crate) customer: Option<CustomerId>,
    outputs: Option<Vec<Output>>,
    start: Option<Object<Start>>,
    parameters: Option<Given>,
    calls: Option<Vec<Object<Call>>>,
    leave_message: Option<Object<LeaveMessage>>,
    ticket: Option<Object<Ticket>>,
    pub(crate) expires_in: Option<i64>,
    pub(crate) channel: Option<Channel>,
    channel_flags: Option<Object<Flags>>,
    // As the caller wrote it: it is signed and sent as text.
    pub(crate) customized_fields: Option<Box<RawValue>>,
}

/// Who may open the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Whoever says so.
    Open,
    /// Whom the company's sign names.
    Sign,
    /// The holder of a token of Sobot's.
    Token,
}

/// What may come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Output {
    Snippet,
    Config,
    Calls,
    PcLink,
    H5Link,
    LeaveMessageLink,
    TicketLink,
}

/// The sub-channels, as the account has set them up.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Flags {
    pub(crate) pc: Option<u32>,
    pub(crate) h5: Option<u32>,
}

/// A request that makes sense.
pub(crate) struct Wanted {
    pub(crate) outputs: Vec<Output>,
    pub(crate) start: Start,
    pub(crate) parameters: Parameters,
    pub(crate) calls: Vec<Call>,
    pub(crate) leave_message: LeaveMessage,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) flags: Flags,
}

impl Wanted {
    pub(crate) fn has(&self, output: Output) -> bool {
        self.outputs.contains(&output)
    }

    /// Whether the component is told anything: its config stands in the snippet, too.
    pub(crate) fn has_component(&self) -> bool {
        self.has(Output::Snippet) || self.has(Output::Config)
    }

    /// Sobot's script looks for buttons of the page's own where its config says `custom`, and there alone. A config that
    /// did not come from here may say so.
    fn finds_own_buttons(&self, call: &Call) -> Result<(), Flaw> {
        if call.call == Name::DynamicReady
            && self.has_component()
            && self.start.how != How::CustomButton
        {
            let rule =
                "is dynamic_ready only beside `start` custom_button: else its button opens nothing";
            return Err(Flaw::new("call", rule, "\"dynamic_ready\""));
        }
        Ok(())
    }

    /// Calls by themselves hold no config: of the component's parameters, `trace` sends those of visited pages.
    fn only_visited_pages_in_calls(&self) -> Result<(), Error> {
        if self.has_component() || !self.has(Output::Calls) {
            return Ok(());
        }
        let links = places(self)
            .into_iter()
            .filter(|place| *place != Place::Component);
        let links: Vec<_> = links.collect();
        let traces = self.calls.iter().any(|call| call.call == Name::Trace);
        let mut said = self.parameters.iter();
        let lost = said.find(|(parameter, _)| {
            let is_traced = traces && parameter.group.object().is_some();
            let is_linked = links.iter().any(|place| parameter.range.has(*place));
            !is_traced && !is_linked
        });
        lost.map_or(Ok(()), |(parameter, _)| {
            let name = parameter.name;
            let message = format!(
                "`{name}` stands in no call: `calls` hold parameters of visited pages alone, for `trace`; ask for `snippet` \
                 or `config`"
            );
            Err(Error::field(format!("parameters.{name}"), message))
        })
    }
}

/// A flaw below a field of the body.
fn at(field: &str) -> impl Fn(Flaw) -> Error {
    move |flaw| Error::field(format!("{field}.{}", flaw.name), flaw.to_string())
}

impl Ask {
    /// The request, where it makes sense.
    ///
    /// # Errors
    /// The first thing that does not, by its field.
    pub(crate) fn wanted(&mut self, account: &Account<'_>) -> Result<Wanted, Error> {
        self.only_with_a_token()?;
        let outputs = self.outputs()?;
        let wanted = Wanted {
            start: object(self.start.take()).unwrap_or_default(),
            parameters: Parameters::read(&self.parameters.take().unwrap_or_default())
                .map_err(at("parameters"))?,
            calls: self.calls.take().map_or_else(Vec::new, |calls| {
                calls.into_iter().map(|Object(call)| call).collect()
            }),
            leave_message: object(self.leave_message.take()).unwrap_or_default(),
            ticket: object(self.ticket.take()),
            flags: object(self.channel_flags.take()).unwrap_or_default(),
            outputs,
        };
        wanted.start.check().map_err(at("start"))?;
        if wanted.calls.len() > MOST_CALLS {
            let message = format!("at most {MOST_CALLS} calls are taken");
            return Err(Error::field("calls", message));
        }
        let traces = !wanted.parameters.trace().is_empty();
        for (place, call) in wanted.calls.iter().enumerate() {
            let checked = call.check(traces);
            checked
                .and_then(|()| wanted.finds_own_buttons(call))
                .map_err(at(&format!("calls[{place}]")))?;
        }
        wanted.leave_message.check().map_err(at("leave_message"))?;
        if let Some(ticket) = &wanted.ticket {
            ticket.check(account).map_err(at("ticket"))?;
        }
        rules::check(&wanted.parameters, &places(&wanted)).map_err(at("parameters"))?;
        wanted.only_visited_pages_in_calls()?;
        Ok(wanted)
    }

    fn only_with_a_token(&self) -> Result<(), Error> {
        let given = [
            ("expires_in", self.expires_in.is_some()),
            ("channel", self.channel.is_some()),
            ("channel_flags", self.channel_flags.is_some()),
            ("customized_fields", self.customized_fields.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((name, _)) if self.mode != Mode::Token => {
                let message = format!("`{name}` goes to Sobot with `mode` token alone");
                Err(Error::field(name, message))
            }
            _ => Ok(()),
        }
    }

    /// What is to come out; where the caller does not say, all for which there is enough.
    fn outputs(&mut self) -> Result<Vec<Output>, Error> {
        let own = [
            (
                "start",
                self.start.is_some(),
                &[Output::Snippet, Output::Config][..],
            ),
            (
                "calls",
                self.calls.is_some(),
                &[Output::Snippet, Output::Calls],
            ),
            (
                "leave_message",
                self.leave_message.is_some(),
                &[Output::LeaveMessageLink],
            ),
            ("ticket", self.ticket.is_some(), &[Output::TicketLink]),
        ];
        let Some(outputs) = self.outputs.take() else {
            let mut outputs = vec![
                Output::Snippet,
                Output::Config,
                Output::PcLink,
                Output::H5Link,
            ];
            let more = own.iter().filter(|(_, given, _)| *given);
            for output in more.flat_map(|(_, _, outputs)| *outputs) {
                if !outputs.contains(output) {
                    outputs.push(*output);
                }
            }
            return Ok(outputs);
        };
        if outputs.is_empty() {
            return Err(Error::field(
                "outputs",
                "name what is to come out, or leave it out",
            ));
        }
        for (name, given, places) in own {
            let asked = places.iter().any(|place| outputs.contains(place));
            if given && !asked {
                let message = format!(
                    "`{name}` goes into {}, which was not asked for",
                    named(places)
                );
                return Err(Error::field(name, message));
            }
        }
        for (output, name, given) in [
            (Output::TicketLink, "ticket", self.ticket.is_some()),
            (Output::Calls, "calls", self.calls.is_some()),
        ] {
            if outputs.contains(&output) && !given {
                let message = format!("`{}` is made of `{name}`", text(output));
                return Err(Error::field(name, message));
            }
        }
        Ok(outputs)
    }
}

fn object<T>(given: Option<Object<T>>) -> Option<T> {
    given.map(|Object(given)| given)
}

fn text(output: Output) -> &'static str {
    match output {
        Output::Snippet => "snippet",
        Output::Config => "config",
        Output::Calls => "calls",
        Output::PcLink => "pc_link",
        Output::H5Link => "h5_link",
        Output::LeaveMessageLink => "leave_message_link",
        Output::TicketLink => "ticket_link",
    }
}

fn named(outputs: &[Output]) -> String {
    let names: Vec<_> = outputs
        .iter()
        .map(|output| format!("`{}`", text(*output)))
        .collect();
    names.join(" or ")
}

/// Where parameters stand in what was asked for. A call that sends visited pages holds those of the component.
fn places(wanted: &Wanted) -> Vec<Place> {
    let mut places = Vec::new();
    if wanted.has_component() || wanted.has(Output::Calls) {
        places.push(Place::Component);
    }
    for (output, place) in [
        (Output::PcLink, Place::PcLink),
        (Output::H5Link, Place::H5Link),
        (Output::LeaveMessageLink, Place::LeaveMessageLink),
    ] {
        if wanted.has(output) {
            places.push(place);
        }
    }
    places
}

/// A customer says how their own page looks. Who they are, who receives them and what is shown in the app's name, the app
/// says.
///
/// # Errors
/// Where a customer says more.
pub(crate) fn may_say(caller: &Caller, mode: Mode, wanted: &Wanted) -> Result<(), Error> {
    if *caller == Caller::Server {
        return Ok(());
    }
    let refused = |what: &str| {
        let message = format!("a customer may not say {what}: it needs an API key");
        Err(Error::new(Kind::RoleNotAllowed, message))
    };
    if mode == Mode::Sign {
        return Err(Error::new(
            Kind::RoleNotAllowed,
            "a sign opens the page for good, and a customer token is short-lived: ask for `mode` token, or from your server \
             with an API key",
        ));
    }
    let mut said = wanted.parameters.iter();
    if let Some((parameter, _)) = said.find(|(known, _)| !known.group.is_a_customers_own()) {
        return refused(&format!("`{}`", parameter.name));
    }
    if wanted.leave_message.uid.is_some() {
        return refused("`leave_message.uid`");
    }
    if let Some(ticket) = &wanted.ticket {
        if let Some((name, _)) = ticket.ids().next() {
            return refused(&format!("`ticket.{name}`"));
        }
        if ticket.params.is_some() {
            return refused("`ticket.params`");
        }
    }
    Ok(())
}
