//! The table for the README, and the numbers as JSON.

use serde::Serialize;

use crate::Problem;
use crate::job::Job;
use crate::limits::{Kind, limits};
use crate::measure::{Numbers, Rounds};

/// A function's row.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) function: String,
    pub(crate) does: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) numbers: Option<Numbers>,
    /// The limits that it does not keep, and by how much.
    pub(crate) over: Vec<String>,
}

impl Row {
    pub(crate) fn of(job: &Job, measured: Result<Numbers, Problem>, floor: &Numbers) -> Row {
        let over = measured.as_ref().map(|numbers| {
            let limits = limits(job.kind, numbers, floor);
            limits.iter().filter_map(|limit| limit.over()).collect()
        });
        Row {
            function: job.function.to_owned(),
            does: job.does.to_owned(),
            over: over.unwrap_or_default(),
            problem: measured.as_ref().err().cloned(),
            numbers: measured.ok(),
        }
    }
}

/// The README's text.
pub(crate) fn table(rows: &[Row], floor: &Numbers, rounds: Rounds, built: &str) -> String {
    let mut text = format!(
        "Measured on {} with `cargo floor` ({}) on {}; medians of {} cold starts and {} warm calls.\n\n\
         | function | one call | MB | init ms | M instr. | first ms | M instr. | memory MB | warm µs | CPU µs | K instr. | calls | limits |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        jiff::Zoned::now().date(),
        built,
        machine(),
        rounds.cold,
        rounds.warm,
    );
    text.push_str(&line("*nothing*", "—", floor, None, "the floor"));
    for row in rows {
        let name = format!("`{}`", row.function);
        match (&row.numbers, &row.problem) {
            (Some(numbers), _) => {
                let mut kept = match row.over.is_empty() {
                    true => "within".to_owned(),
                    false => format!("**over**: {}", row.over.join("; ")),
                };
                if numbers.uncounted.is_some() {
                    kept.push_str("; instructions could not be counted");
                }
                text.push_str(&line(&name, &row.does, numbers, Some(floor), &kept));
            }
            (None, problem) => {
                let problem = problem.as_deref().unwrap_or_default();
                text.push_str(&format!(
                    "| {name} | FAILED: {} |\n",
                    problem.replace('|', "/")
                ));
            }
        }
    }
    text.push_str(NOTES);
    if !rounds.count {
        text.push_str("Instructions were not counted: valgrind is not installed.\n");
    }
    text
}

const NOTES: &str = "
(×) is the ratio to a function that does nothing. *init*: from the start of the process until it asks for an event, \
without the connections that it opens ahead of need. *first*: until the first answer, with init, those connections, \
their TLS handshakes, and the job. *memory*: the peak of what was resident. *warm*: one further call; *calls* is what \
it calls. DynamoDB, SQS, Udesk and the app are on the same machine, behind TLS, and part of the times, \
not of CPU and instructions.
Under valgrind *init* holds the refused connections (0.2 M), and hashing for AWS signatures is done in software, which \
processors of Lambda do in hardware (0.1 M of each call of AWS, more where its body is large).
No limit is set for the first answer behind a queue or a clock, nor for a warm call that calls no vendor and is no webhook's.
";

fn line(name: &str, does: &str, numbers: &Numbers, floor: Option<&Numbers>, kept: &str) -> String {
    let times = |number: f64, of: fn(&Numbers) -> f64| match floor {
        Some(floor) => format!("{number:.2} ({:.1}×)", number / of(floor)),
        None => format!("{number:.2}"),
    };
    let counted = numbers.instructions.as_ref();
    let count = |number: Option<f64>, per: f64, digits: usize| match number {
        Some(number) => format!("{:.digits$}", number / per),
        None => "—".to_owned(),
    };
    let cells = [
        name.to_owned(),
        does.to_owned(),
        format!("{:.1}", numbers.size_mb),
        times(numbers.init_ms, |numbers| numbers.init_ms),
        count(counted.map(|counted| counted.init), 1e6, 2),
        times(numbers.first_ms, |numbers| numbers.first_ms),
        count(counted.map(|counted| counted.first), 1e6, 2),
        format!("{:.1}", numbers.memory_mb),
        format!("{:.0}", numbers.warm_us),
        format!("{:.0}", numbers.cpu_us),
        count(counted.map(|counted| counted.warm), 1e3, 0),
        calls(numbers),
        kept.to_owned(),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// `2 GetItem, Udesk`.
fn calls(numbers: &Numbers) -> String {
    let calls = numbers
        .calls
        .iter()
        .map(|(call, number)| match (number - 1.0).abs() < 0.05 {
            true => call.clone(),
            false if number.fract().abs() < 0.05 => format!("{number:.0} {call}"),
            false => format!("{number:.1} {call}"),
        });
    let calls: Vec<String> = calls.collect();
    if calls.is_empty() {
        "—".to_owned()
    } else {
        calls.join(", ")
    }
}

/// The processor's kind and the number of its cores.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("a processor of unknown kind", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model} ({}), {cores} cores", std::env::consts::ARCH)
}

impl Kind {
    /// All kinds have some limits; these have one for the warm call.
    #[cfg(test)]
    const WITH_WARM_LIMIT: [Kind; 3] = [Kind::Vendor, Kind::Webhook, Kind::Queue];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Instructions;

    #[test]
    fn a_warm_call_that_costs_too_much_is_told() {
        let floor = Numbers {
            init_ms: 1.0,
            first_ms: 1.0,
            ..Numbers::default()
        };
        let numbers = Numbers {
            instructions: Some(Instructions {
                warm: 1e9,
                ..Instructions::default()
            }),
            ..floor.clone()
        };
        for kind in Kind::WITH_WARM_LIMIT {
            let over = limits(kind, &numbers, &floor)
                .iter()
                .filter_map(|limit| limit.over())
                .count();
            assert_eq!(over, 1, "{kind:?}");
        }
        for kind in [Kind::Api, Kind::Schedule] {
            assert!(
                limits(kind, &numbers, &floor)
                    .iter()
                    .all(|limit| limit.over().is_none()),
                "{kind:?}"
            );
        }
    }
}
