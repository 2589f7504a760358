//! The template's tables and queues, made where they are missing.

use crate::error::Error;
use crate::servers::Servers;
use crate::template::{Table, Template};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Makes what is missing; gives the queues' URLs by logical id.
pub(crate) async fn create(
    servers: &Servers,
    template: &Template,
) -> Result<BTreeMap<String, String>, Error> {
    for table in template.tables().values() {
        create_table(servers, table)?;
    }
    let mut urls = BTreeMap::new();
    for queue in template.queues().values() {
        let url = servers
            .sqs
            .create(&queue.name, json!(queue.attributes))
            .await
            .map_err(|e| Error::server(format!("queue {}", queue.name), e))?;
        urls.insert(queue.logical_id.clone(), url);
    }
    Ok(urls)
}

fn create_table(servers: &Servers, table: &Table) -> Result<(), Error> {
    let what = format!("table {}", table.name);
    let error = |problem: String| Error::server(what.clone(), problem);
    let name = json!({"TableName": table.name});
    if let Ok(existing) = servers
        .db
        .describe_table(request(name.clone()).map_err(error)?)
    {
        let existing = serde_json::to_value(&existing).map_err(|e| error(e.to_string()))?;
        return if shape(existing.get("Table").unwrap_or(&Value::Null)) == shape(&table.request) {
            Ok(())
        } else {
            Err(error("it exists with other keys or indexes than the template's: start afresh (`cargo local --fresh`)".to_owned()))
        };
    }
    servers
        .db
        .create_table(request(table.request.clone()).map_err(error)?)
        .map_err(|e| error(e.to_string()))?;
    if let Some(attribute) = &table.ttl_attribute {
        let mut ttl = name;
        if let Some(ttl) = ttl.as_object_mut() {
            ttl.insert(
                "TimeToLiveSpecification".to_owned(),
                json!({"Enabled": true, "AttributeName": attribute}),
            );
        }
        servers
            .db
            .update_time_to_live(request(ttl).map_err(error)?)
            .map_err(|e| error(e.to_string()))?;
    }
    Ok(())
}

/// What makes two tables the same: keys, and the indexes' names, keys and projections.
fn shape(table: &Value) -> (Value, BTreeMap<String, (Value, Value)>) {
    let indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"];
    let indexes = indexes
        .iter()
        .filter_map(|kind| table.get(*kind)?.as_array())
        .flatten()
        .map(|index| {
            let name = index
                .get("IndexName")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let member = |name: &str| index.get(name).cloned().unwrap_or_default();
            (name.to_owned(), (member("KeySchema"), member("Projection")))
        });
    (
        table.get("KeySchema").cloned().unwrap_or_default(),
        indexes.collect(),
    )
}

fn request<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|e| e.to_string())
}
