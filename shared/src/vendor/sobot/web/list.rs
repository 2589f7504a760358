//! The parameters of the page, one row each.
//!
//! Where the page has an example of a parameter, the component takes it as the example has it, also where the page's list at
//! its end says another type; a link takes what that list says. So a switch can be `true` here and `"1"` there, and
//! `msg_flag` means the opposite in the two.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>, each section and "Parameter List"

use super::parameter::{
    Devices::{H5, Pc},
    Flag, Form, Group,
    Kind::{self, *},
    Parameter, Range, Target, Written,
};

/// The page gives no length; a line of a form holds less.
const LINE: Kind = Text { most: 300 };
/// A paragraph. The page gives no length.
const PARAGRAPH: Kind = Text { most: 2_000 };
const BLANK_LINE: Kind = Blank { most: 300 };

const BOTH: Range = Range::BOTH;
const COMPONENT: Range = Range::COMPONENT;
const LINK: Range = Range::LINK;

/// Seconds of a day: the page gives no longest time.
const DAY: u64 = 86_400;

const fn row(name: &'static str, group: Group, kind: Kind, range: Range) -> Parameter {
    Parameter {
        name,
        group,
        kind,
        range,
    }
}

const fn switch(on: &'static str, component: Flag, link: Flag) -> Kind {
    Switch {
        on,
        component,
        link,
    }
}

const fn choice(words: &'static [(&'static str, &'static str)], component: Written) -> Kind {
    Choice { words, component }
}

/// The parameters, in the order in which links have them.
#[rustfmt::skip]
pub const PARAMETERS: &[Parameter] = &[
    // User identity and profile fields; CRM, "Basic Info Docking"
    row("uname", Group::Profile, LINE, BOTH.and_leave_message()),
    row("realname", Group::Profile, LINE, BOTH),
    row("email", Group::Profile, Form(Form::Email), BOTH),
    row("tel", Group::Profile, Form(Form::Phone), BOTH),
    row("face", Group::Profile, Form(Form::Address), BOTH),
    row("qq", Group::Profile, Form(Form::Digits), BOTH),
    row("remark", Group::Profile, PARAGRAPH, BOTH),
    row("enterprise_name", Group::Profile, LINE, BOTH),
    row("params", Group::Crm, Object, BOTH),
    row("customer_fields", Group::Crm, Object, BOTH),
    row("summaryparams", Group::Crm, PARAGRAPH, BOTH),
    row("is_vip", Group::Vip, switch("the customer is a VIP", Flag::Number, Flag::Text), BOTH),
    row("vip_level", Group::Vip, LINE, BOTH),
    row("user_label", Group::Vip, LINE, BOTH),

    // Reception mode, multiple bots, intelligent routing
    row("type", Group::Reception, choice(RECEPTION, Written::Number), BOTH),
    row("robotid", Group::Reception, Number { from: 1, to: 2_147_483_647, of: "a robot" }, BOTH),
    row("faqid", Group::Reception, Number { from: 1, to: 2_147_483_647, of: "a group of a robot's questions" }, BOTH),
    row("agentid", Group::Reception, Form(Form::Id), BOTH),
    row("groupid", Group::Reception, Form(Form::Id), BOTH.and_leave_message()),
    row("transfer_action", Group::Reception, Route, BOTH),
    row("agent_mode_flag", Group::Reception, switch("who asks for an agent that is offline is told so; off: they go to another one", Flag::Text, Flag::Text), BOTH),
    row("show_manual", Group::Reception, switch("the button for an agent comes after some questions that the robot does not know", Flag::Text, Flag::Text), BOTH),
    row("queueFirst", Group::Reception, switch("the customer comes first in the queue", Flag::Text, Flag::Text), BOTH),
    row("source", Group::Reception, choice(SOURCE, Written::Text), BOTH),

    // E-commerce platform docking
    row("platformUnionCode", Group::Platform, Form(Form::Id), BOTH),
    row("flowType", Group::Platform, choice(FLOW, Written::Number), BOTH),
    row("flowCompanyId", Group::Platform, Form(Form::Id), BOTH),
    row("flowGroupId", Group::Platform, Form(Form::Id), BOTH),

    // Card, "Product Card"
    row("card_title", Group::Product, LINE, BOTH.on(H5)),
    row("card_url", Group::Product, Escaped(Target::WebOrMiniProgram), BOTH.on(H5)),
    row("card_desc", Group::Product, PARAGRAPH, BOTH.on(H5)),
    row("card_note", Group::Product, LINE, BOTH.on(H5)),
    row("card_picture", Group::Product, Escaped(Target::Web), BOTH.on(H5)),

    // Card, "Order Card"
    row("order_status", Group::Order, choice(ORDER_STATUS, Written::Number), BOTH.on(H5)),
    row("status_custom", Group::Order, LINE, BOTH.on(H5)),
    row("create_time", Group::Order, Instant, BOTH.on(H5)),
    row("order_code", Group::Order, Code, BOTH.on(H5)),
    row("order_url", Group::Order, Escaped(Target::WebOrMiniProgram), BOTH.on(H5)),
    row("goods_count", Group::Order, Number { from: 0, to: 1_000_000_000, of: "goods" }, BOTH.on(H5)),
    row("total_fee", Group::Order, Number { from: 0, to: 1_000_000_000_000, of: "hundredths of the currency: 1000 is 10.00" }, BOTH.on(H5)),
    row("goods", Group::Order, Goods, BOTH.on(H5)),

    // Message fields
    row("robot_hello_word", Group::Words, PARAGRAPH, BOTH),
    row("agent_hello_word", Group::Words, PARAGRAPH, BOTH),
    row("agent_offline_title", Group::Words, PARAGRAPH, BOTH),

    // Website access statistics
    row("man_trace", Group::Track, switch("the customer's way through the site is followed", Flag::Bool, Flag::Text), COMPONENT),
    row("pre_abstract", Group::PreviousPage, BLANK_LINE, COMPONENT),
    row("pre_visit_url", Group::PreviousPage, Form(Form::BlankAddress), COMPONENT),
    row("pre_visit_title", Group::PreviousPage, BLANK_LINE, COMPONENT),
    row("pre_thumbnail", Group::PreviousPage, Form(Form::BlankAddress), COMPONENT),
    row("pre_tags", Group::PreviousPage, BLANK_LINE, COMPONENT),
    row("cur_abstract", Group::CurrentPage, BLANK_LINE, COMPONENT),
    row("cur_visit_url", Group::CurrentPage, Form(Form::BlankAddress), COMPONENT),
    row("cur_visit_title", Group::CurrentPage, BLANK_LINE, COMPONENT),
    row("cur_thumbnail", Group::CurrentPage, Form(Form::BlankAddress), COMPONENT),
    row("cur_tags", Group::CurrentPage, BLANK_LINE, COMPONENT),

    // Trans-to-agent and submission at another page
    row("to_customsys_flag", Group::Jump, switch("who wants an agent is led to `to_customsys_url`", Flag::Bool, Flag::Text), BOTH),
    row("to_customsys_url", Group::Jump, Form(Form::Address), BOTH),
    row("to_customsys_open_style", Group::Jump, switch("that page opens in a new one; off: in the same", Flag::Text, Flag::Text), LINK),
    row("leave_customsys_flag", Group::Jump, switch("who leaves a message is led to `leave_customsys_url`", Flag::Text, Flag::Text), BOTH.on(H5)),
    row("leave_customsys_url", Group::Jump, Form(Form::Address), BOTH.on(H5)),

    // Multiple invitation methods
    row("invite", Group::Invitation, switch("visitors are invited by themselves", Flag::Number, Flag::Text), COMPONENT),
    row("tip_title", Group::Invitation, LINE, COMPONENT),
    row("submit_title", Group::Invitation, LINE, COMPONENT),
    row("first_timeout", Group::Invitation, Number { from: 0, to: DAY, of: "seconds" }, COMPONENT),
    row("over_timeout", Group::Invitation, Number { from: 0, to: DAY, of: "seconds" }, COMPONENT),
    row("invite_count", Group::Invitation, Number { from: 1, to: 1_000, of: "invitations in a day" }, COMPONENT),
    row("invite_imgsrc", Group::Invitation, Form(Form::Address), COMPONENT),
    row("invite_flag", Group::Invitation, switch("agents may invite the visitor", Flag::NotBool, Flag::Text), COMPONENT),

    // Common function configuration
    row("leave_msg_flag", Group::Chat, switch("there is a button for leaving a message", Flag::Bool, Flag::Text), BOTH),
    row("msg_flag", Group::Chat, switch("a message can be left when the chat has ended", Flag::Bool, Flag::NotText), BOTH),
    row("feedback_flag", Group::Chat, switch("there is a button for rating", Flag::Bool, Flag::Text), BOTH),
    row("photo_flag", Group::Chat, switch("there is a button for sending files", Flag::Bool, Flag::Text), BOTH.on(H5)),
    row("show_evaluate", Group::Chat, switch("whoever closes the chat is asked to rate it", Flag::Number, Flag::Text), BOTH),
    row("satDegree_A", Group::Chat, switch("the customer may rate after the agent has ended the chat", Flag::Bool, Flag::Bool), BOTH),
    row("guide_flag", Group::Chat, switch("the robot proposes questions", Flag::Text, Flag::Text), BOTH),
    row("time", Group::Chat, Number { from: 10, to: 2_880, of: "minutes of history" }, BOTH),

    // What it looks like
    row("locale", Group::Look, Form(Form::Locale), BOTH.and_leave_message()),
    row("color", Group::Look, Form(Form::Color), BOTH),
    row("location", Group::Look, choice(LOCATION, Written::Number), COMPONENT),
    row("top_bar_flag", Group::Look, switch("there is a bar at the top", Flag::Text, Flag::Text), LINK),
    row("title_flag", Group::Look, choice(TITLE, Written::Text), BOTH.on(H5)),
    row("custom_title", Group::Look, LINE, BOTH),
    row("cut_flag", Group::Look, choice(HIDE, Written::Text), BOTH.on(Pc)),
    row("emoji_state", Group::Look, choice(HIDE, Written::Text), BOTH),
    row("is_link", Group::Look, switch("links in the chat can be followed", Flag::Number, Flag::Text), BOTH),
    row("show_face", Group::Look, switch("the agent's picture shows, and with `face` the customer's", Flag::Number, Flag::Text), BOTH.on(H5)),
    row("gif", Group::Look, switch("the button moves", Flag::Number, Flag::Text), COMPONENT),
    row("full", Group::Look, switch("the chat fills the window", Flag::Number, Flag::Text), LINK),

    // The component's window
    row("anchor", Group::Window, switch("the chat opens in a window of its own", Flag::Bool, Flag::Text), COMPONENT),
    row("async", Group::Window, switch("the component is loaded with the page", Flag::Text, Flag::Text), COMPONENT),
    row("auto_expand", Group::Window, switch("the chat opens by itself", Flag::Bool, Flag::Text), COMPONENT),
    row("reload", Group::Window, switch("the chat is loaded anew each time it is unfolded", Flag::Bool, Flag::Bool), BOTH),
    row("refresh", Group::Window, switch("the component is loaded anew each time it is unfolded", Flag::Bool, Flag::Bool), COMPONENT),
    row("container_style", Group::Window, Form(Form::Style), COMPONENT.on(Pc)),
    row("height", Group::Window, Form(Form::Length), COMPONENT.on(Pc)),
    row("width", Group::Window, Form(Form::Length), COMPONENT.on(Pc)),
    row("expand_size", Group::Window, choice(EXPAND, Written::Text), COMPONENT.on(H5)),
    row("end_of_close", Group::Window, switch("the window closes when the chat has ended", Flag::Bool, Flag::Bool), COMPONENT.on(Pc)),
    row("dragging", Group::Window, switch("the window can be dragged", Flag::Bool, Flag::Bool), COMPONENT.on(Pc)),
];

const RECEPTION: &[(&str, &str)] = &[
    ("bot", "1"),
    ("agent", "2"),
    ("bot_first", "3"),
    ("agent_first", "4"),
];

const SOURCE: &[(&str, &str)] = &[
    ("desktop_site", "0"),
    ("wechat", "1"),
    ("app", "2"),
    ("weibo", "3"),
    ("mobile_site", "4"),
    ("wecom", "9"),
    ("wechat_mini_program", "10"),
];

const FLOW: &[(&str, &str)] = &[("off", "0"), ("all", "1"), ("busy", "2"), ("offline", "3")];

const ORDER_STATUS: &[(&str, &str)] = &[
    ("custom", "0"),
    ("to_be_paid", "1"),
    ("to_be_delivered", "2"),
    ("on_the_way", "3"),
    ("delivering", "4"),
    ("finished", "5"),
    ("to_be_evaluated", "6"),
    ("canceled", "7"),
];

const LOCATION: &[(&str, &str)] = &[("bottom_right", "1"), ("bottom_left", "2")];

const TITLE: &[(&str, &str)] = &[("company", "1"), ("custom", "2"), ("agent", "3")];

const HIDE: &[(&str, &str)] = &[("hide", "hide")];

const EXPAND: &[(&str, &str)] = &[("half", "half"), ("full", "full")];

/// Names of the page's that no request says as a parameter, and where they come from.
pub const ELSEWHERE: &[(&str, &str)] = &[
    ("sysnum", "it is the deployment's SOBOT_SYSNUM"),
    ("partnerid", "it is the `customer`"),
    ("sign", "say `mode` sign, and it is made"),
    ("token", "say `mode` token, and Sobot is asked for one"),
    ("manual", "say `start` with `how` manual"),
    ("custom", "say `start` with `how` custom_button"),
    ("pre_visit_args", "its members stand here by themselves"),
    ("cur_visit_args", "its members stand here by themselves"),
];

/// The parameter of this name.
pub fn parameter(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}
