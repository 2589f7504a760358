//! The table: every record is in it.

use serde_json::{Value, json};

use super::{
    law::{Breach, Law, Mutate, Mutation, at},
    template::Template,
};

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "the table outlives mistakes and the stack",
        check: kept,
        mutations: lost,
    },
    Law {
        name: "the table is encrypted, and forgets what has expired",
        check: encrypted_and_forgetful,
        mutations: plain_or_endless,
    },
    Law {
        name: "the table is paid for by what is used",
        check: on_demand,
        mutations: provisioned,
    },
];

const TABLE: &str = "AWS::DynamoDB::Table";

fn each_has(template: &Template, properties: &[(&str, Value, &str)]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (id, table) in template.all(TABLE) {
        for (pointer, wanted, lacking) in properties {
            if table.pointer(pointer) != Some(wanted) {
                breaches.push(format!("{id} {lacking}"));
            }
        }
    }
    if template.all(TABLE).count() != 1 {
        breaches.push("there is one table".to_owned());
    }
    breaches
}

const RECOVERY: &str = "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled";
const PROTECTION: &str = "DeletionProtectionEnabled";

fn kept(template: &Template) -> Vec<Breach> {
    let mut breaches = each_has(
        template,
        &[
            (
                &format!("/{RECOVERY}"),
                json!(true),
                "can't be set back to a moment before a mistake",
            ),
            (
                &format!("/{PROTECTION}"),
                json!(true),
                "can be deleted by a slip",
            ),
        ],
    );
    for (id, _) in template.all(TABLE) {
        if template.resources[id].policies != [json!("Retain"), json!("Retain")] {
            breaches.push(format!("{id} goes with the stack, or with its replacement"));
        }
        // Whoever has removed the stack needs its name.
        if !template.outputs.to_string().contains(&format!("${{{id}}}")) {
            breaches.push(format!("{id} is in no output"));
        }
    }
    breaches
}

fn lost(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate.0.all(TABLE).flat_map(|(id, _)| {
        let of = |name: &str| format!("/Resources/{id}/{name}");
        vec![
            mutate.without(&of("DeletionPolicy")),
            mutate.without(&of("UpdateReplacePolicy")),
            mutate.with(&of("DeletionPolicy"), "Delete"),
            mutate.with(&of("UpdateReplacePolicy"), "Snapshot"),
            mutate.without(&at(id, "PointInTimeRecoverySpecification")),
            mutate.with(&at(id, RECOVERY), false),
            mutate.without(&at(id, PROTECTION)),
            mutate.with(&at(id, PROTECTION), false),
            mutate.without("/Outputs/TableName"),
        ]
    });
    each.collect()
}

fn encrypted_and_forgetful(template: &Template) -> Vec<Breach> {
    each_has(
        template,
        &[
            (
                "/SSESpecification/SSEEnabled",
                json!(true),
                "is not encrypted with a key of the account",
            ),
            (
                "/TimeToLiveSpecification/Enabled",
                json!(true),
                "forgets nothing",
            ),
            // The attribute that shared/src/table writes.
            (
                "/TimeToLiveSpecification/AttributeName",
                json!("ttl"),
                "looks for expiry elsewhere than the functions write it",
            ),
        ],
    )
}

fn plain_or_endless(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate.0.all(TABLE).flat_map(|(id, _)| {
        [
            mutate.without(&at(id, "SSESpecification")),
            mutate.with(&at(id, "SSESpecification/SSEEnabled"), false),
            mutate.without(&at(id, "TimeToLiveSpecification")),
            mutate.with(&at(id, "TimeToLiveSpecification/Enabled"), false),
            mutate.with(&at(id, "TimeToLiveSpecification/AttributeName"), "expires"),
        ]
    });
    each.collect()
}

fn on_demand(template: &Template) -> Vec<Breach> {
    each_has(
        template,
        &[(
            "/BillingMode",
            json!("PAY_PER_REQUEST"),
            "refuses what is above a fixed number of requests",
        )],
    )
}

fn provisioned(mutate: &Mutate) -> Vec<Mutation> {
    let each = mutate.0.all(TABLE).flat_map(|(id, _)| {
        [
            mutate.without(&at(id, "BillingMode")),
            mutate.with(&at(id, "BillingMode"), "PROVISIONED"),
        ]
    });
    each.collect()
}
