//! The command line.

use std::path::PathBuf;

use crate::Problem;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
cargo floor: what each function of infra/template.yaml costs beside one that does nothing

  --only NAME,NAME   these functions alone
  --cold NUMBER      cold starts of each (15)
  --warm NUMBER      warm calls of each (1000)
  --profile NAME     cargo's profile for the functions (release); quick to try something
  --binaries DIR     the functions and the floor, already built: nothing is built
  --json FILE        the numbers, as JSON

Instructions are counted where valgrind is installed. Progress goes to stderr, the table to stdout.";

const NAMES: [&str; 6] = [
    "--only",
    "--cold",
    "--warm",
    "--profile",
    "--binaries",
    "--json",
];

pub(crate) enum Asked {
    Help,
    Run(Arguments),
}

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) only: Option<Vec<String>>,
    pub(crate) cold: usize,
    pub(crate) warm: usize,
    pub(crate) profile: String,
    pub(crate) binaries: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
}

pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Asked, Problem> {
    let mut asked = Arguments {
        only: None,
        cold: 15,
        warm: 1000,
        profile: "release".to_owned(),
        binaries: None,
        json: None,
    };
    while let Some(argument) = arguments.next() {
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        if ["--help", "-h"].contains(&name.as_str()) {
            return Ok(Asked::Help);
        }
        if !NAMES.contains(&name.as_str()) {
            return Err(format!("{name} isn't known; see --help"));
        }
        let value = joined
            .or_else(|| arguments.next())
            .ok_or_else(|| format!("{name} needs a value; see --help"))?;
        match name.as_str() {
            "--only" => {
                asked.only = Some(
                    value
                        .split(',')
                        .map(|name| name.trim().to_owned())
                        .collect(),
                );
            }
            "--cold" => asked.cold = number(&name, &value)?,
            "--warm" => asked.warm = number(&name, &value)?,
            "--profile" => asked.profile = value,
            "--binaries" => asked.binaries = Some(value.into()),
            _ => asked.json = Some(value.into()),
        }
    }
    Ok(Asked::Run(asked))
}

fn number(name: &str, value: &str) -> Result<usize, Problem> {
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{name} should be a number from 1 on, not {value}"))
}
