//! `cargo local`: the whole bundle on this machine, with stand-ins for the vendors and one for the app.
//!
//! `arguments` and `settings` are what it is told, `build` makes the functions, `desk` is a vendor's twin or its real
//! account (`udesk`, `sobot`, `tencent`; all of them are `vendors`), `app_end` takes the events and `site` is a page of
//! the app's, `env_file` is for `cargo lambda watch`, `welcome` says what to try.

mod app_end;
mod arguments;
mod build;
mod desk;
mod env_file;
mod settings;
mod site;
mod sobot;
mod tencent;
mod udesk;
mod vendors;
mod welcome;

use app_end::AppEnd;
use arguments::{Arguments, Asked};
use deskbridge_local::{Bundle, InvokeError, LogLine, LogSource, Options, Servers, Template};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use vendors::Desks;
use welcome::Welcome;

/// One clear line for whoever started it.
type Problem = String;

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args().skip(1)) {
        Ok(Asked::Run(arguments)) => arguments,
        Ok(Asked::Help) => {
            say(arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(problem) => return fail(&problem),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let result = runtime.block_on(run(arguments));
    // What still runs (a sweep of the table, say) is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(200));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(&problem),
    }
}

async fn run(arguments: Arguments) -> Result<(), Problem> {
    let mut ended = std::pin::pin!(ended()?);
    let running = tokio::select! {
        () = &mut ended => return Ok(()),
        running = Running::start(&arguments) => running?,
    };
    ended.await;
    running.stop().await;
    Ok(())
}

/// Everything that runs. Dropped, it ends at once.
struct Running {
    bundle: Bundle,
    desks: Desks,
    _app_end: Option<AppEnd>,
    // Ends last.
    _servers: Servers,
}

impl Running {
    async fn start(arguments: &Arguments) -> Result<Running, Problem> {
        let root = build::root().await?;
        let template = arguments
            .template
            .clone()
            .unwrap_or_else(|| root.join("infra/template.yaml"));
        let template = Template::read(&template, &BTreeMap::new()).map_err(|e| e.to_string())?;
        let given = settings::given(
            &template.outside_settings(),
            &root,
            arguments.env_file.as_deref(),
        )?;

        let data = arguments
            .data
            .clone()
            .unwrap_or_else(|| root.join(".local"));
        if arguments.fresh {
            Servers::wipe(&data)
                .and_then(|()| Desks::wipe(&data))
                .map_err(|e| e.to_string())?;
        }
        // Bound for good by the bundle, after the build.
        let free = tokio::net::TcpListener::bind(("127.0.0.1", arguments.port)).await;
        drop(free.map_err(|e| {
            format!(
                "can't listen on 127.0.0.1:{} ({e}): choose another --port, or end what uses it",
                arguments.port
            )
        })?);
        let servers = Servers::start(Some(&data))
            .await
            .map_err(|e| e.to_string())?;
        let desks = Desks::start(&given, arguments, &data).await?;
        let mut settings = settings::local();
        settings.extend(desks.settings());
        settings.extend(given.clone());
        let app_end = if given.contains_key("APP_EVENTS_URL") {
            None
        } else {
            let secrets = settings
                .get("APP_EVENTS_SECRETS")
                .map(String::as_str)
                .unwrap_or_default();
            let app_end = AppEnd::start(arguments.app_port, secrets).await?;
            settings.insert("APP_EVENTS_URL".to_owned(), app_end.url.clone());
            Some(app_end)
        };

        // All that can be refused at once has been, so the build is not waited for in vain.
        let binaries = match &arguments.binaries {
            Some(folder) => folder.clone(),
            None => {
                say("building the functions: cargo build");
                build::functions(&root, &template).await?
            }
        };

        let functions: BTreeSet<String> = template.functions().keys().cloned().collect();
        let mut options = Options::new(template, binaries);
        options.port = arguments.port;
        options.settings = settings;
        options.log = Some(printer());
        let settings = options.settings.clone();
        let bundle = Bundle::start(&servers, options)
            .await
            .map_err(|e| e.to_string())?;
        let failed = bundle.warm_up().await;
        if !failed.is_empty() {
            return Err(reasons(failed));
        }
        desks.push_to(&bundle, &functions, &settings);
        // Other keys than the fixed one are not known here, but by what they hash to.
        if let Some(app_end) = &app_end
            && !given.contains_key("API_KEY_HASHES")
        {
            app_end.site.opens(&bundle.url());
        }
        let env_file = env_file::write(&data, &bundle)?;
        let welcome = Welcome {
            bundle: &bundle,
            functions: &functions,
            desks: &desks,
            app_end: app_end.as_ref(),
            given: &given,
            settings: &settings,
            env_file: &env_file,
        };
        say(&welcome.text());
        Ok(Running {
            bundle,
            desks,
            _app_end: app_end,
            _servers: servers,
        })
    }

    async fn stop(self) {
        self.desks.stop().await;
        self.bundle.stop().await;
    }
}

/// Why functions don't start, each reason once: a bad setting is bad for all that read it.
fn reasons(failed: Vec<(String, InvokeError)>) -> Problem {
    let mut functions = BTreeMap::<String, Vec<String>>::new();
    for (name, error) in failed {
        functions.entry(error.to_string()).or_default().push(name);
    }
    let lines: Vec<String> = functions
        .into_iter()
        .map(|(error, names)| format!("{}: {error}", names.join(", ")))
        .collect();
    lines.join("\n  ")
}

/// Ends with the first Ctrl-C or SIGTERM.
fn ended() -> Result<impl Future<Output = ()>, Problem> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(|e| format!("can't wait for SIGTERM: {e}"))?;
    Ok(async move {
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<Option<()>>();
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated => {}
        }
    })
}

/// Prints the functions' lines after their names, dimmed on a terminal, so that what the app end says stands out.
fn printer() -> Arc<dyn Fn(&LogLine) + Send + Sync> {
    let terminal = std::io::stdout().is_terminal();
    Arc::new(move |line| {
        let LogLine {
            function,
            source,
            text,
        } = line;
        match (source, terminal) {
            (LogSource::Function, true) => say(&format!("\x1b[2m{function} | {text}\x1b[0m")),
            (LogSource::Function, false) => say(&format!("{function} | {text}")),
            (LogSource::Platform, true) => say(&format!("\x1b[33m{function} ! {text}\x1b[0m")),
            (LogSource::Platform, false) => say(&format!("{function} ! {text}")),
        }
    })
}

/// A line on stdout. Whoever reads may have gone: that is no reason to end.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn fail(problem: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "cargo local: {problem}");
    ExitCode::FAILURE
}

/// What a file operation's failure is told as.
fn file_problem(path: &Path, error: &std::io::Error) -> Problem {
    format!("{}: {error}", path.display())
}
