//! `GET /im/urobots`: Udesk's own robots, and the scenes in which each answers. Asking for a urobot takes both ids.
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>, "Get Urobot List"

use http::{HeaderMap, Method};
use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

use super::{
    Account, Endpoint, Id, Refusal, Stamp, Unsendable, date, id,
    reply::{self, Api},
    robot_answer::each,
    text,
};

/// Which robots are there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request;

/// The robots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// In Udesk's order.
    pub robots: Vec<Robot>,
}

/// One of Udesk's own robots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Robot {
    /// What a session is asked for by.
    pub id: Id,
    /// Its name.
    pub name: Option<String>,
    /// URL of a picture.
    pub logo: Option<String>,
    /// Where it can be asked.
    pub scenes: Vec<Scene>,
    /// When it was made. Udesk writes the zone.
    pub created_at: Option<Timestamp>,
}

/// A scene in which a robot answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// What a session is asked for by.
    pub id: Id,
    /// Its name.
    pub name: Option<String>,
}

impl Endpoint for Request {
    const API: Api = Api::Urobots;
    type Response = Response;

    fn to_http(
        &self,
        account: &Account<'_>,
        stamp: Stamp<'_>,
    ) -> Result<http::Request<Vec<u8>>, Unsendable> {
        account.bare(stamp, Method::GET, "/im/urobots", &[])
    }

    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let answer = reply::read(Self::API, status, headers, body)?.body;
        let robots = reply::list(&answer, "urobot_list")?;
        Ok(Response {
            robots: robots.iter().filter_map(robot).collect(),
        })
    }
}

fn robot(value: &Value) -> Option<Robot> {
    let created_at = value.get("created_at").and_then(Value::as_str);
    Some(Robot {
        id: value.get("id").and_then(id::integer).map(Id)?,
        name: value.get("name").and_then(text::filled),
        logo: value.get("logo").and_then(text::filled),
        scenes: each(value.get("scene_list")).filter_map(scene).collect(),
        // A date without a zone would be Udesk's own; here it prints one.
        created_at: created_at.and_then(|text| date::read(text, Offset::constant(8))),
    })
}

fn scene(value: &Value) -> Option<Scene> {
    Some(Scene {
        id: value.get("id").and_then(id::integer).map(Id)?,
        name: value.get("name").and_then(text::filled),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::vendor::udesk::account::tests::{ACCOUNT, STAMP, printed, unsigned};

    #[test]
    fn asks_as_the_page_does() {
        let http = Request.to_http(&ACCOUNT, STAMP).unwrap();
        assert_eq!(http.method(), Method::GET);
        let (path, query) = printed(include_str!(
            "../../../../tests/fixtures/udesk/urobots.request.url"
        ));
        assert_eq!((http.uri().path(), unsigned(&http)), (path.as_str(), query));
    }

    #[test]
    fn reads_the_page() {
        let page = include_bytes!("../../../../tests/fixtures/udesk/urobots.answer.json");
        let robots = Request::read(200, &HeaderMap::new(), page).unwrap().robots;
        let scene = |id, name: &str| Scene {
            id: Id(id),
            name: Some(name.to_owned()),
        };
        assert_eq!(robots.len(), 2);
        assert_eq!(
            robots[0],
            Robot {
                id: Id(2),
                name: Some("Default Robot".into()),
                logo: None,
                scenes: vec![
                    scene(114, "Default Scene"),
                    scene(116, "System Default Scene")
                ],
                created_at: Some("2018-01-23T02:55:20Z".parse().unwrap()),
            }
        );
        assert_eq!(
            (robots[1].id, robots[1].name.as_deref()),
            (Id(3), Some("Test"))
        );
        assert_eq!(robots[1].scenes, [scene(120, "System Default Scene")]);
    }

    #[test]
    fn a_robot_that_tells_little_of_itself() {
        let body =
            br#"{"code":1000,"urobot_list":[{"id":"7","created_at":"soon"},{"name":"nameless"}]}"#;
        let robots = Request::read(200, &HeaderMap::new(), body).unwrap().robots;
        assert_eq!(robots.len(), 1);
        assert_eq!((robots[0].id, robots[0].created_at), (Id(7), None));
        assert!(robots[0].scenes.is_empty());
        assert!(Request::read(200, &HeaderMap::new(), br#"{"code":1000}"#).is_err());
    }
}
