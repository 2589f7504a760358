//! `cargo floor`: what each function of `infra/template.yaml` costs beside one that does nothing.
//!
//! `job` says what each is measured at, `world` is what it needs for that, `event` its events; `front`
//! puts TLS before the servers and counts calls; `process` and `http` are a Lambda Runtime API around
//! one process; `measure` measures, `limits` judges, `report` writes.

mod arguments;
mod binaries;
mod event;
mod front;
mod http;
mod job;
mod limits;
mod measure;
mod process;
mod report;
mod world;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use arguments::{Arguments, Asked};
use binaries::FLOOR;
use deskbridge_local::Template;
use front::Authority;
use job::{Answers, Job};
use measure::{Rounds, Subject};
use process::Start;
use report::Row;
use serde_json::json;
use world::World;

/// One clear line for whoever started it.
type Problem = String;

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args().skip(1)) {
        Ok(Asked::Run(arguments)) => arguments,
        Ok(Asked::Help) => {
            let _ = writeln!(std::io::stdout(), "{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(problem) => return fail(&problem),
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => fail("not all could be measured, see above"),
        Err(problem) => fail(&problem),
    }
}

/// Gives whether all could be measured.
fn run(arguments: &Arguments) -> Result<bool, Problem> {
    let root = binaries::root()?;
    let template = Template::read(&root.join("infra/template.yaml"), &BTreeMap::new())
        .map_err(|error| error.to_string())?;
    let functions: Vec<String> = template.functions().keys().cloned().collect();
    let wanted = arguments.only.as_ref().unwrap_or(&functions);
    if let Some(unknown) = wanted.iter().find(|name| !functions.contains(name)) {
        return Err(format!("the template has no function {unknown}"));
    }
    let jobs: Result<Vec<&Job>, Problem> = wanted.iter().map(|name| Job::of(name)).collect();
    let jobs = jobs?;

    let binaries = match &arguments.binaries {
        Some(folder) => folder.clone(),
        None => {
            say(&format!(
                "building the functions: profile {}",
                arguments.profile
            ));
            binaries::build(&root, &arguments.profile, &functions)?
        }
    };
    let floor = binaries.join(FLOOR);
    let folder = binaries.join("floor-run");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;

    let rounds = Rounds {
        cold: arguments.cold,
        warm: arguments.warm,
        count: has_valgrind(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let authority_file = folder.join("authority.pem");
    let authority = Authority::new(&authority_file)?;
    let mut subjects = vec![nothing(&floor, &folder, rounds, &root)?];
    for job in &jobs {
        say(&format!("{}: {} events", job.function, rounds.events()));
        let prepared = runtime.block_on(async {
            let world =
                World::start(&root, &template, &binaries, &authority, &authority_file).await?;
            subject(job, world, &binaries, &folder, rounds).await
        });
        subjects.push(prepared.map_err(|problem| format!("{}: {problem}", job.function))?);
    }
    let mut measured = measure::all(&mut subjects, rounds, &folder).into_iter();
    let floor = measured.next().ok_or("nothing was measured")??;
    let rows: Vec<Row> = jobs
        .iter()
        .zip(measured)
        .map(|(job, numbers)| Row::of(job, numbers, &floor))
        .collect();
    let built = match &arguments.binaries {
        Some(_) => "binaries that were there".to_owned(),
        None => format!("profile {}", arguments.profile),
    };
    let table = report::table(&rows, &floor, rounds, &built);
    let _ = writeln!(std::io::stdout(), "{table}");
    if let Some(file) = &arguments.json {
        let all = json!({"built": built, "cold": rounds.cold, "warm": rounds.warm, "floor": floor, "functions": rows});
        std::fs::write(file, format!("{all:#}\n"))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let is_whole = |row: &Row| {
        let numbers = row.numbers.as_ref();
        numbers.is_some_and(|numbers| numbers.uncounted.is_none())
    };
    Ok(rows.iter().all(is_whole))
}

/// The floor itself.
fn nothing(binary: &Path, folder: &Path, rounds: Rounds, root: &Path) -> Result<Subject, Problem> {
    let event = event::fixture(root, "get-session")?
        .to_string()
        .into_bytes();
    let start = start(FLOOR, binary.to_owned(), folder, BTreeMap::new());
    Ok(Subject {
        name: FLOOR.to_owned(),
        start,
        answers: Answers::Status(200),
        events: std::iter::repeat_n(event, rounds.events()).collect(),
        world: None,
    })
}

async fn subject(
    job: &Job,
    world: World,
    binaries: &Path,
    folder: &Path,
    rounds: Rounds,
) -> Result<Subject, Problem> {
    let binary = binaries.join(job.function);
    let events = job.events(&world, rounds.events()).await?;
    let start = |environment| start(job.function, binary.clone(), folder, environment);
    Ok(Subject {
        name: job.function.to_owned(),
        start: start(world.environment(job.function)),
        answers: job.answers,
        events: events
            .into_iter()
            .map(|event| event.to_string().into_bytes())
            .collect(),
        world: Some(world),
    })
}

fn start(
    function: &str,
    binary: PathBuf,
    folder: &Path,
    mut environment: BTreeMap<String, String>,
) -> Start {
    // What lambda_http wants to be there, whoever runs it.
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_REGION", "us-east-1"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ] {
        environment
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    }
    Start {
        function: function.to_owned(),
        binary,
        under: Vec::new(),
        environment,
        log: folder.join(format!("{function}.log")),
    }
}

fn has_valgrind() -> bool {
    let version = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

/// Progress.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn fail(problem: &str) -> ExitCode {
    say(&format!("cargo floor: {problem}"));
    ExitCode::FAILURE
}
