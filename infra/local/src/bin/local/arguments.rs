//! The command line.

use crate::Problem;
use std::path::PathBuf;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
cargo local: deskbridge on this machine, with stand-ins for the vendors and one for the app

  --port PORT          HTTP API and function URLs (8787)
  --udesk-port PORT    the Udesk twin and its agent's page (8788)
  --app-port PORT      where the app's events arrive (8789)
  --sobot-port PORT    the Sobot twin, its customer's and its agent's page (8790)
  --tencent-port PORT  the Tencent twin and its user's page (8791)
  --data DIR           where table and twins keep their state (.local)
  --fresh              forget that state first
  --env-file FILE      settings, one NAME=value a line (.env, if there is one)
  --template FILE      the SAM template (infra/template.yaml)
  --binaries DIR       the functions' binaries, already built: nothing is built

Settings from the environment win over the file's, these over the local ones. With a vendor's
account in them it talks to that, and starts no twin of it:
  Udesk    UDESK_BASE_URL, UDESK_EMAIL, UDESK_API_TOKEN
  Sobot    SOBOT_REGION (or SOBOT_BASE_URL), SOBOT_SYSNUM, SOBOT_KEY; SOBOT_APP_ID and SOBOT_APP_KEY turn
           the Live Chat API on, at the twin too
  Tencent  TENCENT_SDK_APP_ID, TENCENT_SECRET_KEY, TENCENT_ADMIN, TENCENT_SERVICE_ACCOUNT";

pub(crate) enum Asked {
    Help,
    Run(Arguments),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) udesk_port: u16,
    pub(crate) app_port: u16,
    pub(crate) sobot_port: u16,
    pub(crate) tencent_port: u16,
    pub(crate) data: Option<PathBuf>,
    pub(crate) fresh: bool,
    pub(crate) env_file: Option<PathBuf>,
    pub(crate) template: Option<PathBuf>,
    pub(crate) binaries: Option<PathBuf>,
}

/// Reads `--name value` and `--name=value`.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Asked, Problem> {
    let mut asked = Arguments {
        port: 8787,
        udesk_port: 8788,
        app_port: 8789,
        sobot_port: 8790,
        tencent_port: 8791,
        data: None,
        fresh: false,
        env_file: None,
        template: None,
        binaries: None,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || {
            joined
                .clone()
                .or_else(|| arguments.next())
                .ok_or_else(|| format!("{name} needs a value; see --help"))
        };
        match name.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--fresh" => asked.fresh = true,
            "--port" => asked.port = port(&name, &value()?)?,
            "--udesk-port" => asked.udesk_port = port(&name, &value()?)?,
            "--app-port" => asked.app_port = port(&name, &value()?)?,
            "--sobot-port" => asked.sobot_port = port(&name, &value()?)?,
            "--tencent-port" => asked.tencent_port = port(&name, &value()?)?,
            "--data" => asked.data = Some(value()?.into()),
            "--env-file" => asked.env_file = Some(value()?.into()),
            "--template" => asked.template = Some(value()?.into()),
            "--binaries" => asked.binaries = Some(value()?.into()),
            _ => return Err(format!("{name} isn't known; see --help")),
        }
    }
    Ok(Asked::Run(asked))
}

fn port(name: &str, value: &str) -> Result<u16, Problem> {
    value
        .parse()
        .map_err(|_| format!("{name} should be a port from 0 to 65535, not {value}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn read(line: &str) -> Result<Arguments, Problem> {
        parse(line.split_whitespace().map(str::to_owned)).map(|asked| match asked {
            Asked::Run(arguments) => arguments,
            Asked::Help => panic!("help"),
        })
    }

    #[test]
    fn flags() {
        let asked = read("--port 1 --app-port=2 --tencent-port 3 --data x --fresh").unwrap();
        assert_eq!([asked.port, asked.udesk_port, asked.app_port], [1, 8788, 2]);
        assert_eq!([asked.sobot_port, asked.tencent_port], [8790, 3]);
        assert_eq!((asked.data, asked.fresh), (Some("x".into()), true));
        assert_eq!(
            read("--port").unwrap_err(),
            "--port needs a value; see --help"
        );
        assert_eq!(
            read("--port 70000").unwrap_err(),
            "--port should be a port from 0 to 65535, not 70000"
        );
        assert_eq!(
            read("--prot 1").unwrap_err(),
            "--prot isn't known; see --help"
        );
    }
}
