//! All that the pages say, in each language that they speak. What a text names stands in it in braces.

use serde::Serialize;

/// What is said in one language. Its fields are what each page must be able to say, so that no language can lack one.
#[derive(Debug)]
pub(crate) struct Texts {
    /// What HTML and HTTP call the language.
    pub(crate) language: &'static str,
    pub(crate) title: &'static str,
    pub(crate) search: &'static str,
    pub(crate) search_label: &'static str,
    pub(crate) cards: &'static str,
    pub(crate) no_cards: &'static str,
    pub(crate) no_script: &'static str,
    pub(crate) send: &'static str,
    pub(crate) comma: &'static str,
    pub(crate) opens: &'static str,
    pub(crate) calls: &'static str,
    pub(crate) calls_back: &'static str,
    pub(crate) cannot_show: &'static str,
    pub(crate) script: Script,
}

/// What the script says.
#[derive(Debug, Serialize)]
pub(crate) struct Script {
    pub(crate) none_found: &'static str,
    pub(crate) one_found: &'static str,
    pub(crate) found: &'static str,
    pub(crate) sending: &'static str,
    pub(crate) sent: &'static str,
    pub(crate) waits: &'static str,
    pub(crate) too_busy: &'static str,
    pub(crate) no_answer: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) too_old: &'static str,
    pub(crate) changed: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) refused_because: &'static str,
    pub(crate) unreachable: &'static str,
    pub(crate) failed: &'static str,
}

pub(crate) const ENGLISH: Texts = Texts {
    language: "en",
    title: "Send a card",
    search: "Search",
    search_label: "Search the cards",
    cards: "Cards",
    no_cards: "There are no cards yet. Whoever looks after deskbridge puts them into its setting UDESK_CARDS.",
    no_script: "This list needs JavaScript to send a card.",
    send: "Send",
    comma: ", ",
    opens: "opens",
    calls: "calls",
    calls_back: "calls back the app with",
    cannot_show: "The cards can't be shown. Close this list, and open it again from the conversation.",
    script: Script {
        none_found: "No card has this",
        one_found: "1 card",
        found: "{count} cards",
        sending: "Sending “{title}”…",
        sent: "Sent: the customer has “{title}”.",
        waits: "Udesk takes one card every two seconds. “{title}” waits its turn…",
        too_busy: "Not sent: Udesk is too busy for “{title}” now. Try again in a moment.",
        no_answer: "No answer came. The customer may have “{title}”: look into the conversation before you send it again.",
        unknown: "Udesk did not answer. The customer may have “{title}”: look into the conversation before you send it again.",
        too_old: "Not sent: this list was open for too long. Close it, and open it again from the conversation.",
        changed: "Not sent: the list has changed. Close it, and open it again from the conversation.",
        refused: "Not sent: Udesk refused “{title}”.",
        refused_because: "Not sent: Udesk refused “{title}” ({why}).",
        unreachable: "Not sent: Udesk can't be reached. Try again in a moment.",
        failed: "Not sent: something went wrong here ({status}). Try again, and tell whoever looks after deskbridge.",
    },
};

pub(crate) const CHINESE: Texts = Texts {
    language: "zh-CN",
    title: "发送卡片",
    search: "搜索",
    search_label: "搜索卡片",
    cards: "卡片",
    no_cards: "还没有卡片。请让 deskbridge 的维护人员在设置 UDESK_CARDS 中添加。",
    no_script: "需要启用 JavaScript 才能发送卡片。",
    send: "发送",
    comma: "，",
    opens: "打开",
    calls: "拨打",
    calls_back: "回调应用，参数为",
    cannot_show: "无法显示卡片。请关闭此列表，再从会话中重新打开。",
    script: Script {
        none_found: "没有匹配的卡片",
        one_found: "1 张卡片",
        found: "{count} 张卡片",
        sending: "正在发送“{title}”…",
        sent: "已发送：客户已收到“{title}”。",
        waits: "Udesk 每两秒只接收一张卡片，“{title}”正在排队…",
        too_busy: "未发送：Udesk 正忙，暂时无法接收“{title}”。请稍后再试。",
        no_answer: "没有收到回复。客户可能已收到“{title}”：再次发送前，请先查看会话。",
        unknown: "Udesk 没有回复。客户可能已收到“{title}”：再次发送前，请先查看会话。",
        too_old: "未发送：此列表打开的时间过长。请关闭，再从会话中重新打开。",
        changed: "未发送：卡片列表已更新。请关闭，再从会话中重新打开。",
        refused: "未发送：Udesk 拒绝了“{title}”。",
        refused_because: "未发送：Udesk 拒绝了“{title}”（{why}）。",
        unreachable: "未发送：无法连接 Udesk。请稍后再试。",
        failed: "未发送：系统出错（{status}）。请重试，并告知 deskbridge 的维护人员。",
    },
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::*;

    /// The names in braces, for each text of the script.
    fn named(texts: &Texts) -> BTreeMap<String, Vec<String>> {
        let script = serde_json::to_value(&texts.script).unwrap();
        let script: BTreeMap<String, String> = serde_json::from_value(script).unwrap();
        let each = script.into_iter().map(|(key, text)| {
            let names = text.split('{').skip(1);
            let mut names: Vec<_> = names
                .map(|rest| rest.split('}').next().unwrap_or_default().to_owned())
                .collect();
            names.sort();
            (key, names)
        });
        each.collect()
    }

    #[test]
    fn both_languages_name_the_same() {
        assert_eq!(named(&ENGLISH), named(&CHINESE));
        let names: Vec<_> = named(&ENGLISH).into_values().flatten().collect();
        let known = ["count", "title", "why", "status"];
        assert!(
            names.iter().all(|name| known.contains(&name.as_str())),
            "{names:?}"
        );
    }

    #[test]
    fn no_text_is_the_other_languages() {
        let (english, chinese) = (&ENGLISH.script, &CHINESE.script);
        let pairs = |texts: &Script| -> BTreeMap<String, String> {
            serde_json::from_value(serde_json::to_value(texts).unwrap()).unwrap()
        };
        for ((key, english), chinese) in pairs(english).iter().zip(pairs(chinese).values()) {
            assert!(english.is_ascii() || english.contains(['“', '…']), "{key}");
            assert!(
                chinese
                    .chars()
                    .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)),
                "{key}"
            );
        }
    }
}
