//! Measuring: every function in turn, again and again, so that a noisy machine hurts all alike.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::front::Calls;
use crate::job::Answers;
use crate::process::{Process, Start, Warm};
use crate::world::World;
use crate::{Problem, say};

/// Calls before the warm ones are measured.
const WARM_UP: usize = 100;
/// The warm calls of one process are made in so many parts, between which the others have their turn.
const PARTS: usize = 4;
/// On a busy machine a function under valgrind may run into its own limits of time: it is counted
/// again, so many times in all.
const ATTEMPTS: usize = 3;
/// Warm calls under valgrind, at most.
const COUNTED: usize = 50;

/// How often each is measured.
#[derive(Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) cold: usize,
    pub(crate) warm: usize,
    /// Whether instructions are counted.
    pub(crate) count: bool,
}

impl Rounds {
    /// How many events that takes: the first cold start is thrown away, it fills the page cache.
    pub(crate) fn events(&self) -> usize {
        let counted = if self.count {
            ATTEMPTS * (2 + self.counted())
        } else {
            0
        };
        (1 + self.cold) + (1 + WARM_UP + self.warm) + counted
    }

    fn counted(&self) -> usize {
        self.warm.min(COUNTED)
    }
}

/// A function that is measured.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) start: Start,
    pub(crate) answers: Answers,
    pub(crate) events: VecDeque<Vec<u8>>,
    /// What it runs in; the floor runs in none.
    pub(crate) world: Option<World>,
}

/// What was measured of a function: medians.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Numbers {
    pub(crate) size_mb: f64,
    /// From the start of the process to its asking for an event, without opening connections.
    pub(crate) init_ms: f64,
    /// From the start of the process to its first answer, connections and handshakes included.
    pub(crate) first_ms: f64,
    /// The most memory that was resident, after all warm calls.
    pub(crate) memory_mb: f64,
    pub(crate) warm_us: f64,
    /// Processor time of one warm call.
    pub(crate) cpu_us: f64,
    /// What one warm call calls, by AWS operation, or who is called.
    pub(crate) calls: Calls,
    pub(crate) instructions: Option<Instructions>,
    /// Why there are no instructions, where counting them failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uncounted: Option<Problem>,
}

/// Instructions, which repeat within a per cent on any machine of a kind.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Instructions {
    /// Without opening connections.
    pub(crate) init: f64,
    /// From the start of the process to its first answer.
    pub(crate) first: f64,
    /// Of one warm call.
    pub(crate) warm: f64,
}

/// Measures them all. What fails has a problem in place of numbers.
pub(crate) fn all(
    subjects: &mut [Subject],
    rounds: Rounds,
    folder: &Path,
) -> Vec<Result<Numbers, Problem>> {
    let mut found: Vec<Result<Found, Problem>> =
        subjects.iter().map(|_| Ok(Found::default())).collect();
    say(&format!("{} cold starts of each", rounds.cold));
    for round in 0..=rounds.cold {
        each(subjects, &mut found, |subject, found| {
            subject.cold(found, round > 0)
        });
    }
    say(&format!("{} warm calls of each", rounds.warm));
    each(subjects, &mut found, Subject::warm_up);
    for part in 0..PARTS {
        let calls = rounds.warm / PARTS + usize::from(part < rounds.warm % PARTS);
        each(subjects, &mut found, |subject, found| {
            subject.warm(found, calls)
        });
    }
    each(subjects, &mut found, |subject, found| {
        if let Some(process) = found.process.take() {
            found.numbers.memory_mb = process.memory();
        }
        let size = std::fs::metadata(&subject.start.binary).map_err(|error| error.to_string())?;
        found.numbers.size_mb = size.len() as f64 / 1e6;
        Ok(())
    });
    if rounds.count {
        say("instructions of each, under valgrind");
        each(subjects, &mut found, |subject, found| {
            for _ in 0..ATTEMPTS {
                match subject.count(rounds.counted(), folder) {
                    Ok(counted) => {
                        found.numbers.instructions = Some(counted);
                        found.numbers.uncounted = None;
                        break;
                    }
                    Err(problem) => {
                        say(&format!("{}, under valgrind: {problem}", subject.name));
                        found.numbers.uncounted = Some(problem);
                    }
                }
            }
            Ok(())
        });
    }
    found
        .into_iter()
        .map(|found| found.map(|found| found.numbers(rounds)))
        .collect()
}

fn each(
    subjects: &mut [Subject],
    found: &mut [Result<Found, Problem>],
    mut step: impl FnMut(&mut Subject, &mut Found) -> Result<(), Problem>,
) {
    for (subject, found) in subjects.iter_mut().zip(found) {
        if let Ok(so_far) = found
            && let Err(problem) = step(subject, so_far)
        {
            say(&format!("{}: {problem}", subject.name));
            *found = Err(problem);
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    init: Vec<f64>,
    first: Vec<f64>,
    warm: Vec<f64>,
    cpu: Duration,
    process: Option<Process>,
    numbers: Numbers,
}

impl Found {
    fn numbers(self, rounds: Rounds) -> Numbers {
        let mut numbers = self.numbers;
        numbers.init_ms = median(self.init) / 1e3;
        numbers.first_ms = median(self.first) / 1e3;
        numbers.warm_us = median(self.warm);
        numbers.cpu_us = micros(self.cpu) / rounds.warm as f64;
        for calls in numbers.calls.values_mut() {
            *calls /= rounds.warm as f64;
        }
        numbers
    }
}

impl Subject {
    fn event(&mut self) -> Result<Vec<u8>, Problem> {
        self.events
            .pop_front()
            .ok_or_else(|| "it has run out of events".to_owned())
    }

    fn some_events(&mut self, number: usize) -> Result<Vec<Vec<u8>>, Problem> {
        (0..number).map(|_| self.event()).collect()
    }

    /// Lets processes connect, or refuses each of their connections.
    fn open(&self, open: bool) {
        if let Some(world) = &self.world {
            world.open(open);
        }
    }

    fn cold(&mut self, found: &mut Found, counts: bool) -> Result<(), Problem> {
        self.open(false);
        let init = Process::start(&self.start)?.ready()?;
        self.open(true);
        let event = self.event()?;
        let cold = Process::start(&self.start)?.cold(event)?;
        self.answers.check(&cold.answer)?;
        if counts {
            found.init.push(micros(init));
            found.first.push(micros(cold.first));
        }
        Ok(())
    }

    fn warm_up(&mut self, found: &mut Found) -> Result<(), Problem> {
        let mut process = Process::start(&self.start)?;
        let events = self.some_events(1 + WARM_UP)?;
        self.check(&process.warm(events)?)?;
        found.process = Some(process);
        Ok(())
    }

    fn warm(&mut self, found: &mut Found, calls: usize) -> Result<(), Problem> {
        let events = self.some_events(calls)?;
        let before = self.calls();
        if let Some(process) = &mut found.process {
            let warm = process.warm(events)?;
            self.check(&warm)?;
            found.cpu += warm.cpu;
            found
                .warm
                .extend(warm.answers.iter().map(|answer| micros(answer.took)));
        }
        for (call, number) in self.calls() {
            let more = number - before.get(&call).copied().unwrap_or_default();
            *found.numbers.calls.entry(call).or_default() += more;
        }
        found.numbers.calls.retain(|_, number| *number > 0.0);
        Ok(())
    }

    fn calls(&self) -> Calls {
        self.world.as_ref().map(World::calls).unwrap_or_default()
    }

    fn check(&self, warm: &Warm) -> Result<(), Problem> {
        warm.answers
            .iter()
            .try_for_each(|answer| self.answers.check(&answer.body))
    }

    fn count(&mut self, warm: usize, folder: &Path) -> Result<Instructions, Problem> {
        let init = self.counted(0, folder)?;
        let first = self.counted(1, folder)?;
        let all = self.counted(1 + warm, folder)?;
        Ok(Instructions {
            init,
            first,
            warm: (all - first) / warm as f64,
        })
    }

    /// The instructions of a process that has so many calls. Connections are refused until it has
    /// asked for an event: what is opened ahead of need has a limit of time, which would end it under
    /// valgrind, and it would be done twice.
    fn counted(&mut self, calls: usize, folder: &Path) -> Result<f64, Problem> {
        let file = folder.join(format!("{}.callgrind", self.name));
        let option = format!("--callgrind-out-file={}", file.display());
        let start = Start {
            under: vec!["valgrind".to_owned(), "--tool=callgrind".to_owned(), option],
            ..self.start.clone()
        };
        let events = self.some_events(calls)?;
        self.open(false);
        let mut process = Process::start(&start)?;
        process.ready()?;
        self.open(true);
        self.check(&process.warm(events)?)?;
        process.end()?;
        let text = std::fs::read_to_string(&file).map_err(|error| format!("callgrind: {error}"))?;
        let total = text.lines().rev().find_map(|line| {
            let total = line
                .strip_prefix("totals: ")
                .or_else(|| line.strip_prefix("summary: "));
            total?.trim().parse().ok()
        });
        total.ok_or_else(|| "callgrind gave no total".to_owned())
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
