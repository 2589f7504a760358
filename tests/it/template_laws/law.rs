//! What a law is, and how one is broken on purpose.

use serde_json::{Value, json};

use super::template::Template;

/// What breaks a law: where, and what is wrong there.
pub(super) type Breach = String;

/// Something that holds for what is deployed.
pub(super) struct Law {
    /// In a sentence.
    pub(super) name: &'static str,
    /// Gives every breach of it.
    pub(super) check: fn(&Template) -> Vec<Breach>,
    /// Changes, each of which breaks it.
    pub(super) mutations: fn(&Mutate<'_>) -> Vec<Mutation>,
}

/// A change of the template that breaks a law.
pub(super) struct Mutation {
    /// What was changed.
    pub(super) what: String,
    /// The template with it.
    pub(super) changed: Template,
}

/// Makes mutations of a template.
pub(super) struct Mutate<'a>(pub(super) &'a Template);

impl Mutate<'_> {
    /// What stands at the pointer is gone.
    pub(super) fn without(&self, pointer: &str) -> Mutation {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        self.edited(format!("without {pointer}"), |document| {
            let parent = document
                .pointer_mut(parent)
                .unwrap_or_else(|| panic!("nothing at {pointer}"));
            let gone = match parent {
                Value::Object(members) => members.remove(name),
                Value::Array(items) => Some(items.remove(name.parse().unwrap())),
                _ => None,
            };
            assert!(gone.is_some(), "nothing at {pointer}");
        })
    }

    /// Something else stands at the pointer, or something where there was nothing.
    pub(super) fn with(&self, pointer: &str, value: impl Into<Value>) -> Mutation {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let value = value.into();
        self.edited(format!("{pointer} = {value}"), |document| {
            // A resource may do without any properties.
            if let Some(resource) = parent.strip_suffix("/Properties") {
                let resource = document
                    .pointer_mut(resource)
                    .and_then(Value::as_object_mut);
                let resource = resource.unwrap_or_else(|| panic!("nothing at {pointer}"));
                resource.entry("Properties").or_insert_with(|| json!({}));
            }
            let parent = document
                .pointer_mut(parent)
                .unwrap_or_else(|| panic!("nothing at {pointer}"));
            match parent {
                Value::Array(items) if name == "-" => items.push(value),
                Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
                parent => parent[name] = value,
            }
        })
    }

    /// The document is another.
    pub(super) fn edited(&self, what: String, edit: impl FnOnce(&mut Value)) -> Mutation {
        let mut document = self.0.document.clone();
        edit(&mut document);
        assert_ne!(document, self.0.document, "{what} changes nothing");
        Mutation {
            what,
            changed: Template::new(document, self.0.source.clone()),
        }
    }

    /// The YAML is another.
    pub(super) fn rewritten(&self, what: String, source: String) -> Mutation {
        assert_ne!(source, self.0.source, "{what} changes nothing");
        Mutation {
            what,
            changed: Template::new(self.0.document.clone(), source),
        }
    }

    /// A pointer to a property of each function.
    pub(super) fn of_functions(&self, property: &str) -> Vec<String> {
        let functions = self.0.functions();
        functions
            .map(|function| at(function.id, property))
            .collect()
    }
}

/// A pointer to a property of a resource.
pub(super) fn at(id: &str, property: &str) -> String {
    format!("/Resources/{id}/Properties/{property}")
}
