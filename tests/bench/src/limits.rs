//! What a function may cost: ratios to the floor of the same run, instructions, memory, size.

use crate::front::Calls;
use crate::measure::Numbers;

/// What kind of work a function does, since limits differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answers the app by itself, or from the table.
    Api,
    /// Answers the app, and calls a vendor for it.
    Vendor,
    /// Takes a vendor's push.
    Webhook,
    /// Works off a queue.
    Queue,
    /// Is called by the clock.
    Schedule,
}

const MILLION: f64 = 1e6;
const THOUSAND: f64 = 1e3;

/// A limit that was measured: what it is about, what was found, and what is allowed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) what: &'static str,
    pub(crate) unit: Unit,
    pub(crate) found: f64,
    pub(crate) allowed: f64,
}

/// How a limit's numbers are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    /// So many times the floor.
    Times,
    /// Megabytes.
    Megabytes,
    /// Millions of instructions.
    Millions,
    /// Thousands of instructions.
    Thousands,
}

impl Unit {
    fn write(self, number: f64) -> String {
        match self {
            Self::Times => format!("{number:.1}×"),
            Self::Megabytes => format!("{number:.1} MB"),
            Self::Millions => format!("{number:.2} M"),
            Self::Thousands => format!("{number:.0} K"),
        }
    }
}

impl Limit {
    /// Nothing where it is kept; else what, and by how much not.
    pub(crate) fn over(&self) -> Option<String> {
        let over = self.found - self.allowed;
        (over > 0.0).then(|| {
            format!(
                "{} +{} over {}",
                self.what,
                self.unit.write(over),
                self.unit.write(self.allowed)
            )
        })
    }
}

/// The limits that hold for a function. What is not among them has none.
pub(crate) fn limits(kind: Kind, numbers: &Numbers, floor: &Numbers) -> Vec<Limit> {
    let mut limits = Vec::new();
    let mut must = |what, unit, found: Option<f64>, allowed| {
        limits.extend(found.map(|found| Limit {
            what,
            unit,
            found,
            allowed,
        }));
    };
    must("size", Unit::Megabytes, Some(numbers.size_mb), 5.5);
    must("memory", Unit::Megabytes, Some(numbers.memory_mb), 8.0);
    must(
        "init",
        Unit::Times,
        Some(numbers.init_ms / floor.init_ms),
        1.5,
    );
    let instructions = numbers.instructions.as_ref();
    must(
        "init",
        Unit::Millions,
        instructions.map(|counted| counted.init / MILLION),
        1.5,
    );
    if matches!(kind, Kind::Api | Kind::Vendor) {
        must(
            "first",
            Unit::Times,
            Some(numbers.first_ms / floor.first_ms),
            3.3,
        );
    }
    if matches!(kind, Kind::Api | Kind::Vendor | Kind::Webhook) {
        must(
            "first",
            Unit::Millions,
            instructions.map(|counted| counted.first / MILLION),
            8.0,
        );
    }
    let warm = match kind {
        Kind::Vendor => Some(vendor_call(&numbers.calls)),
        Kind::Webhook => Some(1_400.0),
        Kind::Queue => Some(1_800.0),
        Kind::Api | Kind::Schedule => None,
    };
    if let Some(allowed) = warm {
        must(
            "warm",
            Unit::Thousands,
            instructions.map(|counted| counted.warm / THOUSAND),
            allowed,
        );
    }
    limits
}

/// A vendor call and one call of DynamoDB; more for each further one, and for each message to SQS. In
/// thousands of instructions.
fn vendor_call(calls: &Calls) -> f64 {
    let (mut table, mut queues) = (0.0, 0.0);
    for (call, number) in calls {
        match call.as_str() {
            "SendMessage" => queues += number,
            "Udesk" | "Sobot" | "Tencent" | "the app" => {}
            _ => table += number,
        }
    }
    750.0 + 300.0 * (table - 1.0_f64).max(0.0) + 450.0 * queues
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_call_may_cost_more_where_it_writes_more() {
        let calls = [
            ("Udesk", 1.0),
            ("GetItem", 2.0),
            ("TransactWriteItems", 2.0),
            ("SendMessage", 1.0),
        ];
        let calls: Calls = calls.map(|(name, number)| (name.to_owned(), number)).into();
        assert!((vendor_call(&calls) - (750.0 + 900.0 + 450.0)).abs() < 0.1);
        assert!((vendor_call(&Calls::new()) - 750.0).abs() < 0.1);
    }

    #[test]
    fn what_is_over_says_by_how_much() {
        let limit = |found| Limit {
            what: "first",
            unit: Unit::Millions,
            found,
            allowed: 8.0,
        };
        assert_eq!(limit(8.0).over(), None);
        assert_eq!(
            limit(8.25).over().as_deref(),
            Some("first +0.25 M over 8.00 M")
        );
    }
}
