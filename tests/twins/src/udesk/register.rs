//! `POST /customers`: a customer whom the app tells of before they come.
//!
//! The present page is not at hand. Fields, level and the forms of lists are those of the older one; that
//! `open_api_token` is the app's id is what the IM page says.

use serde_json::{Value, json};

use super::input::{Fields, invalid};
use super::open_api::{Done, Request};
use super::refusal::{self, Refusal};

/// Fields of `POST /customers`.
pub(crate) const FIELDS: &[&str] = &["customer", "tags", "other_emails"];

/// Fields of its `customer`.
const CUSTOMER: &[&str] = &[
    "open_api_token",
    "email",
    "nick_name",
    "description",
    "organization_id",
    "owner_id",
    "owner_group_id",
    "level",
    "cellphones",
    "custom_fields",
];

pub(crate) fn create(request: &mut Request<'_>) -> Result<Done, Refusal> {
    let body = request.json(refusal::MISSING)?;
    let customer = body.required_object("customer")?;
    let token = customer.required_text("open_api_token")?.to_owned();
    let email = customer.text("email")?;
    let name = customer.text("nick_name")?.map(str::to_owned);
    customer.text("description")?;
    for id in ["organization_id", "owner_id", "owner_group_id"] {
        customer.id(id)?;
    }
    let level = customer.text("level")?.unwrap_or("normal");
    if !["normal", "vip"].contains(&level) {
        return Err(invalid("level", "normal or vip"));
    }
    let Value::Object(given) = customer.raw() else {
        return Err(invalid("customer", "Object"));
    };
    if let Some(name) = given.keys().find(|name| !CUSTOMER.contains(&name.as_str())) {
        return Err(invalid(name, "a field of a customer"));
    }
    if let Some(email) = email
        && (!email.contains('@') || email.contains(' '))
    {
        return Err(invalid("email", "an e-mail address"));
    }
    listed(given.get("cellphones"), "cellphones")?;
    custom_fields(given.get("custom_fields"))?;
    body.text("tags")?;
    let Value::Object(outer) = body.raw() else {
        return Err(invalid("body", "Object"));
    };
    listed(outer.get("other_emails"), "other_emails")?;

    let desk = &mut *request.desk;
    let is_known = desk.conversations.contains_key(&token);
    if is_known && !request.switches.known_customers_are_updated {
        return Err(invalid(
            "open_api_token",
            "unique: it has already been taken",
        ));
    }
    let mut others = desk.profiles.iter().filter(|(other, _)| **other != token);
    if email.is_some()
        && others.any(|(_, profile)| profile.pointer("/customer/email") == given.get("email"))
    {
        return Err(invalid("email", "unique: it has already been taken"));
    }
    let id = desk.conversation(&token).id;
    desk.profiles.insert(token.clone(), Value::Object(outer));
    Ok(Done::answer(json!({
        "code": refusal::OK,
        "message": "Request successful",
        "customer": {
            "id": id,
            "nick_name": name,
            "email": given.get("email"),
            "level": level,
            "open_api_token": token,
        },
    })))
}

/// `[[null, "13800000000"]]`: the id that an entry has already, and what it holds.
fn listed(value: Option<&Value>, name: &str) -> Result<(), Refusal> {
    let is_pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
        Some([id, Value::String(content)]) => (id.is_null() || id.is_i64()) && !content.is_empty(),
        _ => false,
    };
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(list)) if list.iter().all(is_pair) => Ok(()),
        Some(_) => Err(invalid(name, "Array of [id, content]")),
    }
}

/// `{"TextField_1": "x", "SelectField_2": ["0"]}`
fn custom_fields(value: Option<&Value>) -> Result<(), Refusal> {
    let is_text = |value: &Value| value.is_string();
    let is_good = |(name, value): (&String, &Value)| {
        let numbered = name.split_once("Field_").map(|(_, number)| number);
        numbered.is_some_and(|number| number.parse::<u64>().is_ok())
            && match value {
                Value::String(_) => true,
                Value::Array(list) => list.iter().all(is_text),
                _ => false,
            }
    };
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(fields)) if fields.iter().all(is_good) => Ok(()),
        Some(_) => Err(invalid(
            "custom_fields",
            "Object of TextField_N, SelectField_N, …",
        )),
    }
}

/// What `POST /im/sessions` answers for a customer whom nobody created: by the page's text one is made, by its FAQ not.
pub(crate) fn must_exist(request: &Request<'_>, body: Fields<'_>) -> Result<(), Refusal> {
    let customer = body.required_text("customer_token")?;
    let is_known = request.desk.conversations.contains_key(customer);
    if request.switches.customers_must_exist && !is_known {
        return Err(Refusal::new(refusal::ABSENT, "The customer does not exist"));
    }
    Ok(())
}
