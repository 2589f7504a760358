//! What calls of DynamoDB cost, in the units that AWS bills (on-demand mode), computed from the calls
//! alone: every item was put by one of them, so that what a read finds is known.
//!
//! The rules are those of the developer guide: "DynamoDB on-demand capacity mode", "DynamoDB Item sizes and
//! formats", "Amazon DynamoDB Transactions: How it works", "Using Global Secondary Indexes".

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::faults::Call;

/// Units of a table and of its indexes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    /// Read request units: one for a strongly consistent read of up to 4 KB.
    pub reads: f64,
    /// Write request units of the table: one for up to 1 KB, two in a transaction.
    pub writes: f64,
    /// Write request units of the index.
    pub index_writes: f64,
}

impl std::ops::AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.reads += other.reads;
        self.writes += other.writes;
        self.index_writes += other.index_writes;
    }
}

type Item = Map<String, Value>;
type Key = (String, String);

/// A table with the index `due`, as the calls left it.
#[derive(Debug, Default)]
pub struct Table {
    items: BTreeMap<Key, Item>,
}

impl Table {
    /// What a call cost. Calls must come in the order in which they took effect, from the first one on.
    ///
    /// # Panics
    /// Where a call is none that deskbridge makes.
    pub fn cost(&mut self, call: &Call) -> Units {
        let mut units = Units::default();
        if call.upstream != Some(200) {
            // What a refusal costs depends on its kind: an ordinary message meets none.
            return units;
        }
        let input = call.json();
        match call.operation.as_deref() {
            Some("GetItem") => {
                assert_eq!(input["ConsistentRead"], true, "{input}");
                units.reads = read(self.size(&input["Key"]));
            }
            Some("BatchGetItem") => {
                for request in input["RequestItems"].as_object().unwrap().values() {
                    assert_eq!(request["ConsistentRead"], true, "{input}");
                    let keys = request["Keys"].as_array().unwrap();
                    units.reads += keys.iter().map(|key| read(self.size(key))).sum::<f64>();
                }
            }
            Some("Query") => units.reads = self.query(&input),
            Some("PutItem") => units += self.put(&input["Item"], 1.0),
            // A counter of the rate budget: an item of a few bytes.
            Some("UpdateItem") => units.writes = 1.0,
            Some("DeleteItem") => units += self.delete(&input["Key"], 1.0),
            Some("TransactWriteItems") => {
                for part in input["TransactItems"].as_array().unwrap() {
                    units += match (part.get("Put"), part.get("Delete")) {
                        (Some(put), None) => self.put(&put["Item"], 2.0),
                        (None, Some(delete)) => self.delete(&delete["Key"], 2.0),
                        _ => panic!("{part}"),
                    };
                }
            }
            other => panic!("what does {other:?} cost?"),
        }
        units
    }

    fn size(&self, key: &Value) -> usize {
        self.items.get(&key_of(key)).map_or(0, size_of)
    }

    fn query(&self, input: &Value) -> f64 {
        let given = |name: &str| {
            let value = &input["ExpressionAttributeValues"][name]["S"];
            value.as_str().unwrap_or_default().to_owned()
        };
        let limit = usize::try_from(input["Limit"].as_u64().unwrap()).unwrap();
        if input["IndexName"] == "due" {
            let shard = given(":shard");
            let in_shard = |item: &&Item| item.get("due_shard").is_some_and(|at| at["S"] == shard);
            let found = self.items.values().filter(in_shard).take(limit);
            // Eventually consistent, as every read of such an index.
            return read(found.map(index_entry).sum()) / 2.0;
        }
        assert_eq!(input["ConsistentRead"], true, "{input}");
        let (pk, after, before) = (given(":pk"), given(":after"), given(":before"));
        let found = self.items.range((pk.clone(), after)..=(pk, before));
        // The sizes are added up first, and then rounded.
        read(found.take(limit).map(|(_, item)| size_of(item)).sum())
    }

    fn put(&mut self, item: &Value, times: f64) -> Units {
        let item = item.as_object().unwrap().clone();
        let old = self
            .items
            .insert(key_of(&Value::Object(item.clone())), item.clone());
        write(old.as_ref(), Some(&item), times)
    }

    fn delete(&mut self, key: &Value, times: f64) -> Units {
        let old = self.items.remove(&key_of(key));
        write(old.as_ref(), None, times)
    }
}

fn key_of(item: &Value) -> Key {
    let part = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
    (part("pk"), part("sk"))
}

fn units(bytes: usize, each: usize) -> f64 {
    // What is not there costs as much as the least that is.
    u32::try_from(bytes.div_ceil(each).max(1)).unwrap().into()
}

/// Strongly consistent.
fn read(bytes: usize) -> f64 {
    units(bytes, 4096)
}

/// A write is billed by the larger one of what was there and what is.
fn write(old: Option<&Item>, new: Option<&Item>, times: f64) -> Units {
    let [before, after] = [old, new].map(|item| item.map_or(0, size_of));
    let [old, new] = [old, new].map(|item| item.filter(|item| item.contains_key("due_at")));
    let place = |item: &Item| [item["due_shard"].clone(), item["due_at"].clone()];
    let index_writes = match (old, new) {
        (None, None) => 0.0,
        // Into the index or out of it.
        (None, Some(_)) | (Some(_), None) => 1.0,
        (Some(old), Some(new)) if place(old) == place(new) => 0.0,
        // At another place of it: out and in.
        (Some(_), Some(_)) => 2.0,
    };
    Units {
        reads: 0.0,
        writes: units(before.max(after), 1024) * times,
        index_writes,
    }
}

/// The keys of the index and of the table, and 100 bytes.
fn index_entry(item: &Item) -> usize {
    let names = ["pk", "sk", "due_shard", "due_at"];
    let sizes = names
        .iter()
        .map(|name| name.len() + size_of_value(&item[*name]));
    sizes.sum::<usize>() + 100
}

/// An item's size in bytes: names and values.
fn size_of(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + size_of_value(value))
        .sum()
}

fn size_of_value(value: &Value) -> usize {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => text.len(),
        // A byte for two significant digits, and one more.
        ("N", Value::String(number)) => {
            let digits = number.trim_matches(['-', '0']).replace('.', "").len();
            digits.div_ceil(2) + 1
        }
        ("BOOL" | "NULL", _) => 1,
        // Three bytes, and one for each element.
        ("M", Value::Object(members)) => size_of(members) + members.len() + 3,
        ("L", Value::Array(items)) => {
            items.iter().map(size_of_value).sum::<usize>() + items.len() + 3
        }
        _ => panic!("how large is {value} of type {kind}?"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(value: Value) -> Item {
        value.as_object().unwrap().clone()
    }

    /// A text that makes an item with an empty key this large.
    fn of_size(bytes: usize) -> Item {
        item(json!({"text": {"S": "x".repeat(bytes - 4)}}))
    }

    #[test]
    fn sizes_are_those_of_the_guide() {
        // Names count, and each letter by its UTF-8 bytes.
        assert_eq!(size_of(&item(json!({"ab": {"S": "é"}}))), 4);
        assert_eq!(size_of_value(&json!({"N": "1763800000000"})), 4);
        assert_eq!(size_of_value(&json!({"N": "0"})), 1);
        assert_eq!(size_of_value(&json!({"BOOL": true})), 1);
        assert_eq!(size_of_value(&json!({"M": {"a": {"S": "b"}}})), 6);
        assert_eq!(size_of_value(&json!({"L": [{"S": "b"}]})), 5);
    }

    #[test]
    fn reads_are_rounded_to_4_kb_and_writes_to_1_kb() {
        assert_eq!([0, 1, 4096, 4097].map(read), [1.0, 1.0, 1.0, 2.0]);
        let cost = |old: Option<usize>, new| {
            let old = old.map(of_size);
            write(old.as_ref(), Some(&of_size(new)), 1.0).writes
        };
        assert_eq!(cost(None, 1024), 1.0);
        assert_eq!(cost(None, 1025), 2.0);
        assert_eq!(cost(Some(3000), 10), 3.0, "the larger one counts");
        assert_eq!(write(Some(&of_size(10)), None, 2.0).writes, 2.0);
    }

    #[test]
    fn an_item_that_moves_in_the_index_is_taken_out_and_put_in() {
        let due = |at: &str| item(json!({"due_shard": {"S": "1"}, "due_at": {"N": at}}));
        let plain = item(json!({"pk": {"S": "a"}}));
        let cost = |old: &Item, new: &Item| write(Some(old), Some(new), 2.0).index_writes;
        assert_eq!(cost(&plain, &plain), 0.0);
        assert_eq!(cost(&plain, &due("1")), 1.0);
        assert_eq!(cost(&due("1"), &due("1")), 0.0);
        assert_eq!(cost(&due("1"), &due("2")), 2.0);
        assert_eq!(cost(&due("1"), &plain), 1.0);
    }
}
