//! Desk's own elements: JSON in the `Data` of a `TIMCustomElem`, marked by `customerServicePlugin` 0 and told apart by
//! `src`. Most of them steer Tencent's client and are nothing that anybody says: which ones a person is shown is
//! decided here, once for each.
//!
//! Vendor pages: <https://trtc.io/document/59003>, <https://cloud.tencent.com/document/product/269/97818> (order)

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    message::OrderField,
    vendor::text::{filled, text},
};

/// What every element of Desk's own is marked with: a constant, and not the kind.
const PLUGIN: u8 = 0;

/// Desk's card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Card<'a> {
    /// What it is called.
    pub header: &'a str,
    /// A line or two about it.
    pub desc: &'a str,
    /// The URL of a picture.
    pub pic: &'a str,
    /// Where a tap leads.
    pub url: &'a str,
}

/// Desk's card of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Order<'a> {
    /// What stands above it.
    pub guide: &'a str,
    /// What was ordered.
    pub name: &'a str,
    /// A line or two about it.
    pub desc: &'a str,
    /// The URL of a picture.
    pub pic: &'a str,
    /// Where a tap leads.
    pub url: &'a str,
    /// What else there is to say.
    #[serde(rename = "customField")]
    pub custom_field: &'a [OrderField],
}

#[derive(Serialize)]
struct Desk<C> {
    src: &'static str,
    content: C,
    #[serde(rename = "customerServicePlugin")]
    plugin: u8,
}

/// The `Data` of a card.
pub(super) fn card_data(card: &Card<'_>) -> Result<String, serde_json::Error> {
    data(Source::Card, card)
}

/// The `Data` of an order.
pub(super) fn order_data(order: &Order<'_>) -> Result<String, serde_json::Error> {
    data(Source::Order, order)
}

fn data(source: Source, content: impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Desk {
        src: source.number(),
        content,
        plugin: PLUGIN,
    })
}

/// The `Data` that begins a session's flow, `src` 7: what a client says when its user opens the conversation.
pub const START: &str = r#"{"customerServicePlugin":0,"src":"7"}"#;

/// `src`: what an element of Desk's own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// 1: from an official account.
    OfficialAccount,
    /// 2: from a mini program.
    MiniApp,
    /// 3: from a mini program's service account.
    MiniAppService,
    /// 4: from within Desk.
    Backend,
    /// 5: from a web page.
    Web,
    /// 6: where one session ends in the client's list and the next begins.
    Slice,
    /// 7: the user has opened the conversation; the flow is to begin.
    Start,
    /// 8: within Desk.
    Internal,
    /// 9: how was it? A list to rate by.
    Menu,
    /// 10: what was chosen of it.
    MenuChosen,
    /// 11: the client is there, or not.
    ClientState,
    /// 12: somebody types.
    Typing,
    /// 13: of the text robot.
    Robot,
    /// 15: what the robot proposes.
    Branch,
    /// 17: of a member.
    Member,
    /// 18: nobody is online.
    NobodyOnline,
    /// 19: the session has ended.
    Ended,
    /// 20: it has ended since nobody said anything.
    TimedOut,
    /// 21: something to fill in.
    Form,
    /// 22: a card.
    Card,
    /// 23: who may begin a rating.
    RatingSetup,
    /// 24: the user asks to rate.
    Rated,
    /// 25: the robot's state.
    RobotState,
    /// 26: the agent's state.
    SeatState,
    /// 27: the user ends the session.
    UserEnds,
    /// 28: a card of an order.
    Order,
    /// 29: a welcome, with what it proposes.
    Welcome,
    /// 30: formatted text of a robot.
    RichText,
    /// 31: a robot's answer while it is being written, piece by piece.
    Stream,
}

/// What becomes of an element that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is a card.
    Card,
    /// It is a card of an order.
    Order,
    /// It proposes what to ask.
    Choices,
    /// It asks for a rating.
    Rating,
    /// It is formatted text.
    Rich,
    /// It is a piece of an answer, or all of it.
    Stream,
    /// It is passed on as it is.
    AsItIs,
    /// It steers the client: nobody is shown it.
    Control,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 29] = [
        Self::OfficialAccount,
        Self::MiniApp,
        Self::MiniAppService,
        Self::Backend,
        Self::Web,
        Self::Slice,
        Self::Start,
        Self::Internal,
        Self::Menu,
        Self::MenuChosen,
        Self::ClientState,
        Self::Typing,
        Self::Robot,
        Self::Branch,
        Self::Member,
        Self::NobodyOnline,
        Self::Ended,
        Self::TimedOut,
        Self::Form,
        Self::Card,
        Self::RatingSetup,
        Self::Rated,
        Self::RobotState,
        Self::SeatState,
        Self::UserEnds,
        Self::Order,
        Self::Welcome,
        Self::RichText,
        Self::Stream,
    ];

    /// The number, which Desk writes as text.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Self::OfficialAccount => "1",
            Self::MiniApp => "2",
            Self::MiniAppService => "3",
            Self::Backend => "4",
            Self::Web => "5",
            Self::Slice => "6",
            Self::Start => "7",
            Self::Internal => "8",
            Self::Menu => "9",
            Self::MenuChosen => "10",
            Self::ClientState => "11",
            Self::Typing => "12",
            Self::Robot => "13",
            Self::Branch => "15",
            Self::Member => "17",
            Self::NobodyOnline => "18",
            Self::Ended => "19",
            Self::TimedOut => "20",
            Self::Form => "21",
            Self::Card => "22",
            Self::RatingSetup => "23",
            Self::Rated => "24",
            Self::RobotState => "25",
            Self::SeatState => "26",
            Self::UserEnds => "27",
            Self::Order => "28",
            Self::Welcome => "29",
            Self::RichText => "30",
            Self::Stream => "31",
        }
    }

    /// The one decision. No wildcard: a new one has to be thought about here.
    #[must_use]
    pub fn fate(self) -> Fate {
        match self {
            Self::Menu => Fate::Rating,
            Self::Branch => Fate::Choices,
            Self::Card => Fate::Card,
            Self::Order => Fate::Order,
            Self::RichText => Fate::Rich,
            Self::Stream => Fate::Stream,
            Self::Form | Self::Welcome => Fate::AsItIs,
            Self::OfficialAccount
            | Self::MiniApp
            | Self::MiniAppService
            | Self::Backend
            | Self::Web
            | Self::Slice
            | Self::Start
            | Self::Internal
            | Self::MenuChosen
            | Self::ClientState
            | Self::Typing
            | Self::Robot
            | Self::Member
            | Self::NobodyOnline
            | Self::Ended
            | Self::TimedOut
            | Self::RatingSetup
            | Self::Rated
            | Self::RobotState
            | Self::SeatState
            | Self::UserEnds => Fate::Control,
        }
    }
}

/// An element of Desk's own that came in, in words to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A card.
    Card {
        /// What it is called.
        title: String,
        /// About it.
        desc: Option<String>,
        /// A picture's URL.
        pic: Option<String>,
        /// Where a tap leads.
        url: Option<String>,
        /// Where it is an order's: what stands above it, and its lines.
        order: Option<(Option<String>, Vec<OrderField>)>,
    },
    /// A robot's proposals.
    Choices {
        /// What stands above and below them.
        text: String,
        /// What may be asked.
        items: Vec<String>,
    },
    /// A list to rate by.
    Rating(Rating),
    /// HTML.
    Rich(String),
    /// Plain text.
    Text(String),
    /// Whatever it is, its `Data`.
    AsItIs,
    /// A piece of an answer that goes on.
    Unfinished,
    /// Nothing to be shown, and why.
    Nothing(&'static str),
}

/// A list to rate by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// The question.
    pub head: Option<String>,
    /// Whether it is drawn as stars.
    pub stars: bool,
    /// What may be chosen, from the worst on: its id, and what it reads.
    pub options: Vec<(String, String)>,
}

/// Reads the `Data` of a custom element. `None` where it is the app's own, and none of Desk's.
#[must_use]
pub fn read(data: &str) -> Option<Shown> {
    let data: Map<String, Value> = serde_json::from_str(data).ok()?;
    if data.get("customerServicePlugin").and_then(Value::as_u64) != Some(u64::from(PLUGIN)) {
        return None;
    }
    // One branch comes with a number where the page says text.
    let src = data.get("src").and_then(text).unwrap_or_default();
    let known = Source::ALL.into_iter().find(|known| known.number() == src);
    let Some(source) = known else {
        return Some(Shown::Nothing("its `src` is none of the documented ones"));
    };
    let content = data.get("content");
    let shown = match source.fate() {
        Fate::Card => card(content, "header", None),
        Fate::Order => order(content),
        Fate::Choices => choices(content),
        Fate::Rating => rating(data.get("menuContent").or(content)),
        Fate::Rich => content.and_then(filled).map(Shown::Rich),
        Fate::Stream => Some(stream(&data)),
        Fate::AsItIs => Some(Shown::AsItIs),
        Fate::Control => Some(Shown::Nothing("it steers the client")),
    };
    // What is of a kind that is shown, and can't be read, is passed on as it is.
    Some(shown.unwrap_or(Shown::AsItIs))
}

fn card(
    content: Option<&Value>,
    title: &str,
    order: Option<(Option<String>, Vec<OrderField>)>,
) -> Option<Shown> {
    let content = content?;
    let field = |name: &str| content.get(name).and_then(filled);
    Some(Shown::Card {
        title: field(title).or_else(|| field("header"))?,
        desc: field("desc"),
        pic: field("pic"),
        url: field("url"),
        order,
    })
}

fn order(content: Option<&Value>) -> Option<Shown> {
    let given = content?;
    let fields = given.get("customField").and_then(Value::as_array);
    let fields = fields.into_iter().flatten().filter_map(|field| {
        Some(OrderField {
            name: field.get("name").and_then(filled)?,
            value: field.get("value").and_then(filled).unwrap_or_default(),
        })
    });
    let guide = given.get("guide").and_then(filled);
    card(content, "name", Some((guide, fields.collect())))
}

fn choices(content: Option<&Value>) -> Option<Shown> {
    let content = content?;
    let items = content.get("items")?.as_array()?;
    let items: Vec<_> = items
        .iter()
        .filter_map(|item| item.get("content").and_then(filled))
        .collect();
    let around = ["header", "tail"].map(|name| content.get(name).and_then(filled));
    let text: Vec<_> = around.into_iter().flatten().collect();
    (!items.is_empty() || !text.is_empty()).then(|| Shown::Choices {
        text: text.join("\n"),
        items,
    })
}

fn rating(menu: Option<&Value>) -> Option<Shown> {
    let menu = menu?;
    let options = menu.get("menu")?.as_array()?.iter().filter_map(|option| {
        let id = option.get("id").and_then(filled)?;
        let text = option.get("content").and_then(filled).unwrap_or_default();
        Some((id, text))
    });
    Some(Shown::Rating(Rating {
        head: menu.get("head").and_then(filled),
        stars: menu.get("type").and_then(Value::as_i64) == Some(1),
        options: options.collect(),
    }))
}

/// A robot writes while one reads; nobody is told before it has finished.
fn stream(data: &Map<String, Value>) -> Shown {
    let is_unfinished = data
        .get("isFinished")
        .is_some_and(|finished| *finished == Value::Bool(false) || finished.as_i64() == Some(0));
    if is_unfinished {
        return Shown::Unfinished;
    }
    let chunks = data.get("chunks").or_else(|| data.get("content"));
    let text = match chunks {
        Some(Value::Array(chunks)) => chunks.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    match text.is_empty() {
        true => Shown::AsItIs,
        false => Shown::Text(text),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(data: &Value) -> Option<Shown> {
        read(&data.to_string())
    }

    /// vendors.md 3.7: only 9, 15, 21, 22, 28, 29, 30 and 31 are messages that a client shows.
    #[test]
    fn nobody_is_shown_what_steers_the_client() {
        let visible = ["9", "15", "21", "22", "28", "29", "30", "31"];
        for source in Source::ALL {
            let is_shown = source.fate() != Fate::Control;
            assert_eq!(is_shown, visible.contains(&source.number()), "{source:?}");
            if !is_shown {
                let data =
                    json!({"customerServicePlugin": 0, "src": source.number(), "content": "x"});
                let is_nothing = matches!(shown(&data), Some(Shown::Nothing(_)));
                assert!(is_nothing, "{source:?}");
            }
        }
        let unknown = json!({"customerServicePlugin": 0, "src": "99"});
        assert!(matches!(shown(&unknown), Some(Shown::Nothing(_))));
    }

    /// Contradiction 2: the marker is the number 0, in whatever place, and `src` text.
    #[test]
    fn contradiction_2_the_order_of_the_fields_says_nothing_and_the_marker_is_a_number() {
        let content = r#""content":{"header":"card title","desc":"description","pic":"","url":"https://www.qcloud.com/"}"#;
        for data in [
            format!(r#"{{"src":"22",{content},"customerServicePlugin":0}}"#),
            format!(r#"{{"customerServicePlugin":0,{content},"src":"22"}}"#),
        ] {
            let card = Shown::Card {
                title: "card title".to_owned(),
                desc: Some("description".to_owned()),
                pic: None,
                url: Some("https://www.qcloud.com/".to_owned()),
                order: None,
            };
            assert_eq!(read(&data), Some(card));
        }
        let ours = card_data(&Card {
            header: "card title",
            desc: "",
            pic: "",
            url: "",
        });
        let ours: Value = serde_json::from_str(&ours.unwrap()).unwrap();
        assert_eq!(ours.get("customerServicePlugin"), Some(&json!(0)));
        assert_eq!(ours.get("src"), Some(&json!("22")));
    }

    /// The page's own example of a branch; a client of Tencent's has `src` 15 as a number, too.
    #[test]
    fn a_branch_as_on_the_page() {
        for src in [json!("15"), json!(15)] {
            let data = json!({"customerServicePlugin": 0, "src": src, "content": {
                "header": "请输入您想接入的功能",
                "items": [{"content": "人工", "desc": ""}, {"content": "表单选项分支", "desc": ""},
                    {"content": "表单输入", "desc": ""}, {"content": "返回", "desc": ""}],
                "tail": ""}});
            let items = ["人工", "表单选项分支", "表单输入", "返回"].map(str::to_owned);
            let wanted = Shown::Choices {
                text: "请输入您想接入的功能".to_owned(),
                items: items.to_vec(),
            };
            assert_eq!(shown(&data), Some(wanted));
        }
    }

    /// The page's own example of a list to rate by.
    #[test]
    fn a_rating_as_on_the_page() {
        let data = json!({"customerServicePlugin": 0, "src": "9", "menuContent": {
            "head": "感谢您使用我们的服务,请对此次服务进行评价!",
            "tail": "感谢您对此次服务作出评价,祝您生活愉快,再见!",
            "menu": [{"id": "101", "content": "非常不满意"}, {"id": "102", "content": "不满意"},
                {"id": "103", "content": "一般"}, {"id": "104", "content": "满意"},
                {"id": "105", "content": "非常满意"}],
            "type": 2, "sessionId": "7a67f6bb-8fac-41e5-8bab-78c0259ae5a9",
            "effectiveHour": 12, "expireTime": 1_691_074_320}});
        let Some(Shown::Rating(rating)) = shown(&data) else {
            panic!("{:?}", shown(&data));
        };
        assert_eq!(rating.options.len(), 5);
        assert_eq!(
            rating.options.last(),
            Some(&("105".to_owned(), "非常满意".to_owned()))
        );
        assert!(!rating.stars && rating.head.is_some());
    }

    /// The fields of the console's `sendOrderMessage`.
    #[test]
    fn an_order_goes_out_and_comes_in_as_it_was() {
        let fields = [OrderField {
            name: "Number".to_owned(),
            value: "4711".to_owned(),
        }];
        let order = Order {
            guide: "Your order",
            name: "Advanced edition",
            desc: "3000 a month",
            pic: "https://shop.example.com/a.png",
            url: "https://shop.example.com/orders/4711",
            custom_field: &fields,
        };
        let data = order_data(&order).unwrap();
        let written: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(
            written,
            json!({"src": "28", "customerServicePlugin": 0, "content": {"guide": "Your order",
                "name": "Advanced edition", "desc": "3000 a month", "pic": "https://shop.example.com/a.png",
                "url": "https://shop.example.com/orders/4711",
                "customField": [{"name": "Number", "value": "4711"}]}})
        );
        let Some(Shown::Card { title, order, .. }) = read(&data) else {
            panic!("{data}");
        };
        assert_eq!(title, "Advanced edition");
        assert_eq!(order, Some((Some("Your order".to_owned()), fields.into())));
    }

    #[test]
    fn a_stream_is_shown_when_it_has_ended() {
        let piece = |finished: Value| json!({"customerServicePlugin": 0, "src": "31", "chunks": ["It comes ", "tomorrow."], "isFinished": finished});
        assert_eq!(shown(&piece(json!(0))), Some(Shown::Unfinished));
        let all = Some(Shown::Text("It comes tomorrow.".to_owned()));
        assert_eq!(shown(&piece(json!(1))), all);
    }

    #[test]
    fn what_is_not_desks_is_the_apps() {
        for data in [
            "",
            "hello",
            "[]",
            r#"{"src":"22"}"#,
            r#"{"customerServicePlugin":1,"src":"22"}"#,
            r#"{"customerServicePlugin":"0","src":"22"}"#,
        ] {
            assert_eq!(read(data), None, "{data}");
        }
        // Shown, and not as the page says: better as it is than not at all.
        let odd = json!({"customerServicePlugin": 0, "src": "22", "content": "x"});
        assert_eq!(shown(&odd), Some(Shown::AsItIs));
        assert_eq!(read(START), Some(Shown::Nothing("it steers the client")));
    }
}
