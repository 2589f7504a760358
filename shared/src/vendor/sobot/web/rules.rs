//! What hangs together: parameters that count only beside others, and those that can stand in nothing that was asked for.
//!
//! Vendor page: <https://developer.sobot.io/en/pages/6cc489/>

use super::{
    Flaw,
    parameter::{Group, Place},
    parameters::Parameters,
    value::Value,
};

/// The longest title that `title_flag` shows, in characters.
const LONGEST_TITLE: usize = 30;

/// Looks for what would have no effect.
///
/// `places` are those that were asked for.
///
/// # Errors
/// The first flaw.
pub fn check(parameters: &Parameters, places: &[Place]) -> Result<(), Flaw> {
    for (parameter, value) in parameters.iter() {
        if !places.iter().any(|place| parameter.range.has(*place)) {
            let rule = format!("{}, and none of that was asked for", parameter.range.rule());
            return Err(Flaw::new(parameter.name, rule, &shown(value)));
        }
    }
    vip(parameters)?;
    product(parameters)?;
    order(parameters)?;
    title(parameters, places)?;
    overflow(parameters)
}

/// A value as it was given, where a rule is about two of them.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => serde_json::json!(text).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Switch(true) => "\"on\"".to_owned(),
        Value::Switch(false) => "\"off\"".to_owned(),
        Value::Choice { word, .. } => format!("\"{word}\""),
        Value::Object(text) => text.clone(),
        Value::Goods(goods) => format!("{} goods", goods.len()),
        Value::Route(steps) => format!("{} steps", steps.len()),
    }
}

fn given(parameters: &Parameters, name: &str) -> String {
    let value = parameters.get(name);
    value.map_or_else(|| "nothing".to_owned(), shown)
}

fn missing(name: &str, rule: &str) -> Flaw {
    Flaw::new(name, rule, "nothing")
}

/// "If it is passed in as a general customer field, the VIP level field passed in will be invalid."
fn vip(parameters: &Parameters) -> Result<(), Flaw> {
    if parameters.get("vip_level").is_some() && !parameters.is_on("is_vip") {
        return Err(Flaw::new(
            "is_vip",
            "is \"on\" where `vip_level` is given: the level of others does not count",
            &given(parameters, "is_vip"),
        ));
    }
    Ok(())
}

/// "Product title (required)"
fn product(parameters: &Parameters) -> Result<(), Flaw> {
    let some = parameters
        .iter()
        .any(|(parameter, _)| parameter.group == Group::Product);
    if some && parameters.get("card_title").is_none() {
        return Err(missing("card_title", "is given where any of a card is"));
    }
    Ok(())
}

/// "When order_status=0, the field is taken as the status of the order card"
fn order(parameters: &Parameters) -> Result<(), Flaw> {
    let is_custom = matches!(
        parameters.get("order_status"),
        Some(Value::Choice { word: "custom", .. })
    );
    if is_custom && parameters.get("status_custom").is_none() {
        return Err(missing(
            "status_custom",
            "is given where `order_status` is custom",
        ));
    }
    Ok(())
}

/// "Only effective when used with the existing param (top_bar_flag) and top_bar_flag=1", which links alone have.
fn title(parameters: &Parameters, places: &[Place]) -> Result<(), Flaw> {
    let Some(title) = parameters.get("title_flag") else {
        return Ok(());
    };
    if places.contains(&Place::H5Link) && !parameters.is_on("top_bar_flag") {
        return Err(Flaw::new(
            "top_bar_flag",
            "is \"on\" where `title_flag` is given: no title shows without the bar",
            &given(parameters, "top_bar_flag"),
        ));
    }
    if matches!(title, Value::Choice { word: "custom", .. }) {
        let fits = matches!(
            parameters.get("custom_title"),
            Some(Value::Text(text)) if text.chars().count() <= LONGEST_TITLE
        );
        if !fits {
            return Err(Flaw::new(
                "custom_title",
                format!("is text of 1 to {LONGEST_TITLE} characters where `title_flag` is custom"),
                &given(parameters, "custom_title"),
            ));
        }
    }
    Ok(())
}

/// The page's table of an e-commerce platform calls all four required; its list has the platform by itself, too.
fn overflow(parameters: &Parameters) -> Result<(), Flaw> {
    let all = [
        "platformUnionCode",
        "flowType",
        "flowCompanyId",
        "flowGroupId",
    ];
    let [_, flows @ ..] = all;
    if flows.iter().any(|name| parameters.get(name).is_some()) {
        for name in all {
            if parameters.get(name).is_none() {
                return Err(missing(
                    name,
                    "is given where one of flowType, flowCompanyId and flowGroupId is",
                ));
            }
        }
    }
    Ok(())
}
