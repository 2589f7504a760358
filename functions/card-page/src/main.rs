//! The Lambda `card-page`.

use card_page::App;
use deskbridge::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    // No connection is opened ahead of need: the page calls nobody, and an agent who picks a card of it takes longer
    // than a connection would be kept.
    let app = &lambda::init(env!("CARGO_PKG_NAME"), App::from_settings)?;
    lambda::serve_http(|request| app.handle(request)).await
}
