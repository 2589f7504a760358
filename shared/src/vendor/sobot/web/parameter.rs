//! What is known of a parameter: its name, what it takes, how it is written, and where it may stand.

/// A parameter of the page.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The vendor's name, which is ours too: an engineer looks it up on the vendor's page.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// What it takes, and how that is written.
    pub kind: Kind,
    /// Where it may stand.
    pub range: Range,
}

/// What a parameter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Who the customer is.
    Profile,
    /// What the app's own systems know of the customer.
    Crm,
    /// Whether they are treated better, and how agents sort them.
    Vip,
    /// Who receives them.
    Reception,
    /// The e-commerce platform.
    Platform,
    /// The product that they look at.
    Product,
    /// The order that they ask about.
    Order,
    /// What robot and agent say by themselves.
    Words,
    /// The page that they came from.
    PreviousPage,
    /// The page that they are on.
    CurrentPage,
    /// Whether their way through the site is followed.
    Track,
    /// Where they are led when they want an agent, or leave a message.
    Jump,
    /// How they are invited.
    Invitation,
    /// Which buttons the chat has, and what it shows.
    Chat,
    /// What the page looks like.
    Look,
    /// Where and when the component's window opens.
    Window,
}

impl Group {
    /// The object of the component's config in which the group stands, where it has one of its own: the page's list names
    /// its members beside all others, and the page's example puts them into it.
    pub fn object(self) -> Option<&'static str> {
        match self {
            Self::PreviousPage => Some("pre_visit_args"),
            Self::CurrentPage => Some("cur_visit_args"),
            _ => None,
        }
    }

    /// Whether a customer may set it for their own page. Everything else tells agents who comes, decides who receives them
    /// or speaks in the app's name: the app alone says it.
    pub fn is_a_customers_own(self) -> bool {
        match self {
            Self::Look | Self::Window => true,
            Self::Profile
            | Self::Crm
            | Self::Vip
            | Self::Reception
            | Self::Platform
            | Self::Product
            | Self::Order
            | Self::Words
            | Self::PreviousPage
            | Self::CurrentPage
            | Self::Track
            | Self::Jump
            | Self::Invitation
            | Self::Chat => false,
        }
    }
}

/// Where a parameter may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// In the component's `zc("config", …)`.
    pub component: bool,
    /// In the link of a chat page.
    pub link: bool,
    /// On which of the two pages it works.
    pub devices: Devices,
    /// In the link of the page for messages left.
    pub leave_message: bool,
}

/// The pages on which a parameter works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Devices {
    /// On both.
    All,
    /// On the desktop's alone.
    Pc,
    /// On the phone's alone.
    H5,
}

/// A place in which parameters stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `zc("config", …)`.
    Component,
    /// The link of the desktop's page.
    PcLink,
    /// The link of the phone's page.
    H5Link,
    /// The link of the page for messages left.
    LeaveMessageLink,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Component,
        Self::PcLink,
        Self::H5Link,
        Self::LeaveMessageLink,
    ];
}

impl Range {
    /// Component and link, on both pages.
    pub const BOTH: Self = Self {
        component: true,
        link: true,
        devices: Devices::All,
        leave_message: false,
    };
    /// The component alone.
    pub const COMPONENT: Self = Self {
        link: false,
        ..Self::BOTH
    };
    /// Links alone.
    pub const LINK: Self = Self {
        component: false,
        ..Self::BOTH
    };

    /// The same for one page.
    pub const fn on(self, devices: Devices) -> Self {
        Self { devices, ..self }
    }

    /// The same, and in the link of the page for messages left.
    pub const fn and_leave_message(self) -> Self {
        Self {
            leave_message: true,
            ..self
        }
    }

    /// Whether it may stand there. The component runs on desktops and phones alike.
    pub fn has(self, place: Place) -> bool {
        match place {
            Place::Component => self.component,
            Place::PcLink => self.link && self.devices != Devices::H5,
            Place::H5Link => self.link && self.devices != Devices::Pc,
            Place::LeaveMessageLink => self.leave_message,
        }
    }

    /// The range in words: "goes into …".
    pub fn rule(self) -> String {
        let places = Place::ALL.iter().filter(|place| self.has(**place));
        let names: Vec<_> = places
            .map(|place| match place {
                Place::Component => "the component (`snippet`, `config`)",
                Place::PcLink => "`pc_link`",
                Place::H5Link => "`h5_link`",
                Place::LeaveMessageLink => "`leave_message_link`",
            })
            .collect();
        format!("goes into {} alone", names.join(", "))
    }
}

/// What a parameter takes, and how it is written.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text of one character to so many.
    Text {
        /// The most characters.
        most: usize,
    },
    /// Text that may be empty.
    Blank {
        /// The most characters.
        most: usize,
    },
    /// Text of a form of its own.
    Form(Form),
    /// An address that the component takes through `encodeURIComponent`, and a link once, like everything in it.
    Escaped(Target),
    /// A whole number.
    Number {
        /// The least.
        from: u64,
        /// The most.
        to: u64,
        /// What it counts.
        of: &'static str,
    },
    /// A time in milliseconds since 1970; written as text.
    Instant,
    /// A number or text by which the app knows something; written as text.
    Code,
    /// On or off.
    Switch {
        /// What it is about when it is on.
        on: &'static str,
        /// How the component takes it.
        component: Flag,
        /// How a link takes it.
        link: Flag,
    },
    /// A word for one of Sobot's codes.
    Choice {
        /// Our word, and Sobot's code.
        words: &'static [(&'static str, &'static str)],
        /// How the component takes the code; a link takes all as text.
        component: Written,
    },
    /// An object of the app's own, written as JSON text.
    Object,
    /// The goods of an order, written as JSON text.
    Goods,
    /// Who receives the customer in turn, written as JSON text.
    Route,
}

/// A text's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `04babc`
    Color,
    /// A code of the page's list of languages.
    Locale,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// Digits.
    Digits,
    /// An id of Sobot's.
    Id,
    /// The address of a page or picture.
    Address,
    /// The same, or nothing.
    BlankAddress,
    /// A length of CSS.
    Length,
    /// Declarations of CSS, without width and height.
    Style,
}

/// What an address may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A page or picture on the web.
    Web,
    /// That, or a page of a mini program.
    WebOrMiniProgram,
}

/// How the page wants a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// `true` is on.
    Bool,
    /// `true` is off.
    NotBool,
    /// `1` is on.
    Number,
    /// `"1"` is on.
    Text,
    /// `"1"` is off.
    NotText,
}

/// How the component takes a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As a number.
    Number,
    /// As text.
    Text,
}
