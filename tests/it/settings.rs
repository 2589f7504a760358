//! A function asks for the settings that the template gives it, and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    sync::{Arc, Mutex},
};

use deskbridge::config::{ALL, ConfigError, Settings};
use harness::{
    BOUND,
    binaries::{binaries, root},
    until,
    world::World,
};
use serde_json::Value;
use tokio::process::Command;

/// Makes a function's App out of settings, and forgets it.
type Make = fn(&Settings) -> Result<(), ConfigError>;

fn functions() -> BTreeMap<&'static str, Make> {
    BTreeMap::from([
        (
            "close-session",
            (|given| close_session::App::from_settings(given).map(drop)) as Make,
        ),
        ("card-page", |given| {
            card_page::App::from_settings(given).map(drop)
        }),
        ("create-session", |given| {
            create_session::App::from_settings(given).map(drop)
        }),
        ("drain-deliveries", |given| {
            drain_deliveries::App::from_settings(given).map(drop)
        }),
        ("drain-sends", |given| {
            drain_sends::App::from_settings(given).map(drop)
        }),
        ("get-customer", |given| {
            get_customer::App::from_settings(given).map(drop)
        }),
        ("erase-sessions", |given| {
            erase_sessions::App::from_settings(given).map(drop)
        }),
        ("get-session", |given| {
            get_session::App::from_settings(given).map(drop)
        }),
        ("heal-session", |given| {
            heal_session::App::from_settings(given).map(drop)
        }),
        ("ingest-inbox", |given| {
            ingest_inbox::App::from_settings(given).map(drop)
        }),
        ("issue-token", |given| {
            issue_token::App::from_settings(given).map(drop)
        }),
        ("list-deliveries", |given| {
            list_deliveries::App::from_settings(given).map(drop)
        }),
        ("list-messages", |given| {
            list_messages::App::from_settings(given).map(drop)
        }),
        ("mark-read", |given| {
            mark_read::App::from_settings(given).map(drop)
        }),
        ("preview-message", |given| {
            preview_message::App::from_settings(given).map(drop)
        }),
        ("rate-answer", |given| {
            rate_answer::App::from_settings(given).map(drop)
        }),
        ("rate-session", |given| {
            rate_session::App::from_settings(given).map(drop)
        }),
        ("robot-action", |given| {
            robot_action::App::from_settings(given).map(drop)
        }),
        ("query-desk", |given| {
            query_desk::App::from_settings(given).map(drop)
        }),
        ("redrive-delivery", |given| {
            redrive_delivery::App::from_settings(given).map(drop)
        }),
        ("send-card", |given| {
            send_card::App::from_settings(given).map(drop)
        }),
        ("send-message", |given| {
            send_message::App::from_settings(given).map(drop)
        }),
        ("set-presence", |given| {
            set_presence::App::from_settings(given).map(drop)
        }),
        ("sweep", |given| sweep::App::from_settings(given).map(drop)),
        ("web-access", |given| {
            web_access::App::from_settings(given).map(drop)
        }),
        ("webhook-sobot-chat-list", |given| {
            webhook_sobot_chat_list::App::from_settings(given).map(drop)
        }),
        ("webhook-sobot-offline-message", |given| {
            webhook_sobot_offline_message::App::from_settings(given).map(drop)
        }),
        ("webhook-sobot-unread-message", |given| {
            webhook_sobot_unread_message::App::from_settings(given).map(drop)
        }),
        ("webhook-tencent", |given| {
            webhook_tencent::App::from_settings(given).map(drop)
        }),
        ("webhook-udesk", |given| {
            webhook_udesk::App::from_settings(given).map(drop)
        }),
        ("webhook-udesk-event", |given| {
            webhook_udesk_event::App::from_settings(given).map(drop)
        }),
    ])
}

/// A value that every function takes.
pub(crate) fn good(name: &str) -> Option<&'static str> {
    Some(match name {
        "TABLE_NAME" => "table",
        "DELIVERIES_QUEUE_URL" | "SENDS_QUEUE_URL" | "HEALS_QUEUE_URL" | "INBOX_QUEUE_URL" => {
            "https://sqs.eu-west-1.amazonaws.com/1/q"
        }
        "APP_EVENTS_URL" => "https://app.example.com/events",
        "APP_EVENTS_SECRETS" => "whsec_dGVzdC1ldmVudHMtc2VjcmV0LW9ubHktZm9yLXRlc3Rz",
        "APP_EVENTS_ALLOWED_HOSTS" => "127.0.0.1",
        // Of a-server-key-of-16.
        "API_KEY_HASHES" => "cfed67fed3fa3ce987c140f36e91c774ea7688099d8e2a190678a02a7bf87d3a",
        "CUSTOMER_TOKEN_SECRETS" => "a-customer-token-secret-of-32-or-more",
        "RETRY_SCHEDULE_SECONDS" | "HEAL_SCHEDULE_SECONDS" => "1,5",
        "APP_TIMEOUT_MS" | "VENDOR_TIMEOUT_MS" => "1000",
        "NUDGE_GRACE_SECONDS" | "CONVERSATION_RETENTION_DAYS" => "7",
        "UDESK_BASE_URL" => "https://demo.udesk.cn",
        "UDESK_EMAIL" => "admin@udesk.cn",
        "UDESK_API_TOKEN" => "0f6c9d2e-5b3a-4c1d-8e7f-112233445566",
        "UDESK_STRUCT_MESSAGE_KEY" => "708ff6dc-41d5-4med-9ebc-0388zz9d76f1",
        "UDESK_CARDS" => "[]",
        "UDESK_CONSOLE_ORIGINS" => "https://console.example.com",
        "UDESK_WEBHOOK_SECRETS" => "a-udesk-path-secret",
        "UDESK_CUSTOMER_TYPE" => "open_api_token",
        "UDESK_READ_MESSAGES_IN" => "query",
        "UDESK_QUEUE_TEXTS" => "等待接入=in_queue",
        "UDESK_UTC_OFFSET" => "+08:00",
        "UDESK_RATE_LIMIT" => "60,POST /im/messages=120/60",
        "UDESK_RATE_SCOPE" => "account",
        "UDESK_ON_UNKNOWN" | "TENCENT_ON_UNKNOWN" => "hold",
        "UDESK_ROBOT_EVALUATION_PATH" => "/im/messages/evaluation",
        "SOBOT_REGION" => "sg",
        "SOBOT_SYSNUM" => "ABC",
        "SOBOT_APP_ID" => "1",
        "SOBOT_APP_KEY" => "a-sobot-application-key",
        "SOBOT_CHAT_PREFIX" => "/api/5/user/",
        "SOBOT_TOKEN_HEADER" => "bearer",
        "SOBOT_ON_UNKNOWN" => "retry",
        "SOBOT_WEBHOOK_SECRETS" => "a-sobot-path-secret",
        "SOBOT_KEY" => "258eec3118705112b2c53dc8043d4d34",
        "TENCENT_BASE_URL" => "https://console.tim.qq.com",
        "TENCENT_RATE_LIMIT" => "200/1,POST /v4/openim/sendmsg=100/1",
        "TENCENT_USER_MESSAGES" => "send",
        "TENCENT_WEBHOOK_SECRETS" => "a-tencent-path-secret",
        "TENCENT_CALLBACK_TOKEN" => "a-tencent-callback-token",
        "TENCENT_REQUIRE_SIGN" => "on",
        "TENCENT_EVENTS" => "Agent.SendMsg=agent_message",
        "TENCENT_SDK_APP_ID" => "1400000000",
        "TENCENT_SECRET_KEY" => "5bd2850fff3ecb11d7c805251c51ee46",
        "TENCENT_ADMIN" => "administrator",
        "TENCENT_SERVICE_ACCOUNT" => "@customer_service_account",
        "AWS_REGION" => "eu-west-1",
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" => "x",
        _ => return None,
    })
}

/// What Lambda gives to every function.
const AWS: [&str; 4] = [
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// What no customer may call.
const FOR_SERVERS_ALONE: [&str; 5] = [
    "erase-sessions",
    "list-deliveries",
    "query-desk",
    "redrive-delivery",
    "send-card",
];

/// What must be in no log.
const SECRETS: [&str; 11] = [
    "CUSTOMER_TOKEN_SECRETS",
    "APP_EVENTS_SECRETS",
    "UDESK_API_TOKEN",
    "UDESK_STRUCT_MESSAGE_KEY",
    "UDESK_WEBHOOK_SECRETS",
    "SOBOT_KEY",
    "SOBOT_APP_KEY",
    "SOBOT_WEBHOOK_SECRETS",
    "TENCENT_SECRET_KEY",
    "TENCENT_WEBHOOK_SECRETS",
    "TENCENT_CALLBACK_TOKEN",
];

/// Lambda gives these to every function, and any may trust further authorities.
fn is_everyones(name: &str) -> bool {
    name.starts_with("AWS_") || ["EXTRA_CA_FILE", "METRICS_NAMESPACE", "RUST_LOG"].contains(&name)
}

fn asked(make: Make) -> BTreeSet<String> {
    let names = Arc::new(Mutex::new(BTreeSet::new()));
    let asked = Arc::clone(&names);
    let settings = Settings::new(move |name| {
        asked.lock().unwrap().insert(name.to_owned());
        good(name).map(str::to_owned)
    });
    make(&settings).unwrap();
    let names = names.lock().unwrap();
    names
        .iter()
        .filter(|name| !is_everyones(name))
        .cloned()
        .collect()
}

#[tokio::test]
async fn a_function_asks_for_what_the_template_gives_it_and_no_more() {
    let _ = harness::http_client();
    let template = crate::template();
    let mut given = BTreeMap::new();
    for function in template.functions().values() {
        let names = function.settings.iter().filter(|name| !is_everyones(name));
        given.insert(
            function.name.as_str(),
            names.cloned().collect::<BTreeSet<_>>(),
        );
        for name in ["METRICS_NAMESPACE", "RUST_LOG"] {
            assert!(function.settings.contains(name), "{}", function.name);
        }
    }
    let asked: BTreeMap<_, _> = functions()
        .into_iter()
        .map(|(name, make)| (name, asked(make)))
        .collect();
    assert_eq!(given, asked);
}

/// What a function says of each setting that it can't do without.
fn needed(make: Make) -> BTreeMap<String, String> {
    let mut needed = BTreeMap::new();
    for name in asked(make) {
        let left_out = name.clone();
        let settings = Settings::new(move |asked| {
            let value = (asked != left_out).then(|| good(asked))?;
            value.map(str::to_owned)
        });
        if let Err(error) = make(&settings) {
            needed.insert(name, error.to_string());
        }
    }
    needed
}

/// How a setting comes to a function, as the template says: what an operator has to do.
fn how_to_set(name: &str) -> String {
    let template = std::fs::read_to_string(root().join("infra/template.yaml")).unwrap();
    let given = template
        .lines()
        .find_map(|line| line.trim().strip_prefix(&format!("{name}: ")))
        .unwrap_or_else(|| panic!("{name} is in no environment"));
    if given.starts_with("!Sub '{{resolve:secretsmanager:${SecretsArn}") {
        return format!(
            "Put it under {name} into the secret that the stack's parameter SecretsArn names, \
             and deploy again; on a laptop, into .env"
        );
    }
    let reference = given.strip_prefix("!Ref ").unwrap();
    let (parameters, _) = template.split_once("\nResources:\n").unwrap();
    if parameters.contains(&format!("\n  {reference}:\n")) {
        format!("Give the stack the parameter {reference}; on a laptop, put {name} into .env")
    } else {
        "Deploy the stack again; to run the function alone, give it this environment variable"
            .to_owned()
    }
}

#[tokio::test]
async fn a_setting_that_is_missing_is_named_with_what_it_is_for_and_how_to_set_it() {
    let _ = harness::http_client();
    for (function, make) in functions() {
        let needed = needed(make);
        for (name, error) in &needed {
            let setting = ALL.iter().find(|setting| setting.name == *name).unwrap();
            let purpose = setting.purpose;
            assert_eq!(
                *error,
                format!("{name} is not set; it is {purpose}. {}", how_to_set(name)),
                "{function}"
            );
        }
        // Nobody can be let in without these, in any function of the API.
        let template = crate::template();
        let routes = &template.functions()[function].routes;
        let is_called = !routes.is_empty();
        for (name, wanted) in [
            ("API_KEY_HASHES", is_called),
            // Who has this can make a token for anybody.
            (
                "CUSTOMER_TOKEN_SECRETS",
                is_called && !FOR_SERVERS_ALONE.contains(&function),
            ),
        ] {
            assert_eq!(needed.contains_key(name), wanted, "{function}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_binary_says_what_it_lacks_and_ends() {
    let _ = harness::http_client();
    let mut started = 0;
    for (function, make) in functions() {
        for (name, error) in needed(make) {
            let mut process = Command::new(binaries().join(function));
            process.env_clear();
            let given = asked(make).into_iter().chain(AWS.map(str::to_owned));
            for other in given.filter(|other| *other != name) {
                if let Some(value) = good(&other) {
                    process.env(other, value);
                }
            }
            process.kill_on_drop(true).stdin(Stdio::null());
            let ended = tokio::time::timeout(BOUND, process.output()).await;
            let ended = ended
                .unwrap_or_else(|_| panic!("{function} goes on without {name}"))
                .unwrap();
            assert!(!ended.status.success(), "{function} without {name}");
            let log = String::from_utf8(ended.stdout).unwrap();
            let line: Value = serde_json::from_str(log.trim())
                .unwrap_or_else(|wrong| panic!("{function} without {name}: {wrong}: {log:?}"));
            assert_eq!(
                (line["level"].as_str(), line["error"].as_str()),
                (Some("ERROR"), Some(error.as_str())),
                "{function} without {name}"
            );
            let told = log + &String::from_utf8_lossy(&ended.stderr);
            for secret in SECRETS {
                assert!(
                    !told.contains(good(secret).unwrap()),
                    "{function} without {name}: {told}"
                );
            }
            started += 1;
        }
    }
    assert!(
        started >= functions().len(),
        "every function needs something"
    );
}

/// issue-token with these settings beside the ones that it always needs.
fn issue_token(given: &[(&'static str, &'static str)]) -> Result<(), String> {
    let _ = harness::http_client();
    let given: BTreeMap<_, _> = given.iter().copied().collect();
    let settings = Settings::new(move |name| match name {
        "API_KEY_HASHES" | "CUSTOMER_TOKEN_SECRETS" => good(name).map(str::to_owned),
        name => given.get(name).map(|value| (*value).to_owned()),
    });
    let made = issue_token::App::from_settings(&settings);
    made.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn all_of_a_vendors_settings_are_there_or_none() {
    issue_token(&[]).unwrap();
    let vendors: [&[&'static str]; 2] = [
        &["SOBOT_REGION", "SOBOT_SYSNUM", "SOBOT_KEY"],
        &[
            "TENCENT_SDK_APP_ID",
            "TENCENT_SECRET_KEY",
            "TENCENT_ADMIN",
            "TENCENT_SERVICE_ACCOUNT",
        ],
    ];
    for names in vendors {
        let all: Vec<_> = names
            .iter()
            .map(|name| (*name, good(name).unwrap()))
            .collect();
        issue_token(&all).unwrap();
        for left in 0..names.len() {
            let mut some = all.clone();
            let (name, _) = some.remove(left);
            let error = issue_token(&some).unwrap_err();
            assert!(
                error.starts_with(&format!("{name} is not set; it is ")),
                "{error}"
            );
            let one = issue_token(&all[left..=left]).unwrap_err();
            assert!(one.contains(" is not set; it is "), "{one}");
        }
    }
}

#[tokio::test]
async fn a_vendors_setting_that_is_none_is_named_and_no_secret_is_shown() {
    let sobot = |name, value| {
        let mut given = vec![("SOBOT_SYSNUM", "ABC"), ("SOBOT_KEY", "hunter2")];
        given.push((name, value));
        issue_token(&given)
    };
    for region in ["sg", "us", "cn", "cn_tencent"] {
        sobot("SOBOT_REGION", region).unwrap();
    }
    for region in ["eu", "SG", "https://sg.sobot.io"] {
        let error = sobot("SOBOT_REGION", region).unwrap_err();
        assert!(
            error.starts_with("SOBOT_REGION is malformed (sg, us, cn or cn_tencent)"),
            "{error}"
        );
    }
    for url in [
        "https://test.sobot.com",
        "http://127.0.0.1:8790",
        "https://sg.sobot.io/",
    ] {
        sobot("SOBOT_BASE_URL", url).unwrap();
    }
    for url in [
        "http://sg.sobot.io",
        "https://sobot.io.example.com",
        "https://sg.sobot.io@example.com",
        "https://example.com/sobot.io",
        "https://sg.sobot.io/api",
        "https://sg.sobot.io?a",
        "ftp://127.0.0.1",
        "sg.sobot.io",
    ] {
        let error = sobot("SOBOT_BASE_URL", url).unwrap_err();
        assert!(
            error.starts_with("SOBOT_BASE_URL is malformed ("),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
    let both = [
        ("SOBOT_SYSNUM", "ABC"),
        ("SOBOT_KEY", "hunter2"),
        ("SOBOT_REGION", "sg"),
        ("SOBOT_BASE_URL", "https://us.sobot.com"),
    ];
    let error = issue_token(&both).unwrap_err();
    assert!(error.contains("leave one of them out"), "{error}");
    for number in ["x", "-1", "0", "1.5", "99999999999999999999"] {
        let error = issue_token(&[
            ("TENCENT_SDK_APP_ID", number),
            ("TENCENT_SECRET_KEY", "hunter2"),
            ("TENCENT_ADMIN", "administrator"),
            ("TENCENT_SERVICE_ACCOUNT", "@desk"),
        ])
        .unwrap_err();
        assert!(
            error.starts_with("TENCENT_SDK_APP_ID is malformed ("),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
    for list in ["TENCENT_ADMIN", "TENCENT_SERVICE_ACCOUNT"] {
        let mut given = vec![
            ("TENCENT_SDK_APP_ID", "1"),
            ("TENCENT_SECRET_KEY", "hunter2"),
            ("TENCENT_ADMIN", "administrator"),
            ("TENCENT_SERVICE_ACCOUNT", "@desk"),
        ];
        given.retain(|(name, _)| *name != list);
        given.push((list, " , ,"));
        let error = issue_token(&given).unwrap_err();
        assert!(error.starts_with(&format!("{list} is not set")), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_a_setting_says_so_before_it_ends() {
    let world = World::with(&[("CUSTOMER_TOKEN_SECRETS", "")]).await;
    let failed: BTreeSet<_> = world
        .bundle
        .warm_up()
        .await
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let wanted = [
        "close-session",
        "create-session",
        "get-customer",
        "get-session",
        "issue-token",
        "list-messages",
        "mark-read",
        "preview-message",
        "rate-answer",
        "rate-session",
        "robot-action",
        "send-message",
        "set-presence",
        "web-access",
    ];
    assert_eq!(failed, BTreeSet::from(wanted.map(str::to_owned)));
    until("each of them has said why", async || {
        let log = world.log.lock().unwrap();
        wanted.iter().all(|function| {
            log.iter().any(|line| {
                line.starts_with(&format!("{function}: {{"))
                    && line.contains("ERROR")
                    && line.contains("CUSTOMER_TOKEN_SECRETS is not set; it is the secrets that sign customer tokens")
            })
        })
    })
    .await;
}
