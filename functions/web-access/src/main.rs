//! The Lambda `web-access`.

use deskbridge::lambda;
use web_access::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    // No connection is opened ahead of need: only a token is asked for at Sobot.
    let app = &lambda::init(env!("CARGO_PKG_NAME"), App::from_settings)?;
    lambda::serve_http(|request| app.handle(request)).await
}
