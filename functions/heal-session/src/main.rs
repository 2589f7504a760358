//! The Lambda `heal-session`.

use deskbridge::lambda;
use heal_session::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &lambda::init(env!("CARGO_PKG_NAME"), App::from_settings)?;
    app.warm().await;
    lambda::serve_queue(|batch| app.handle(batch)).await
}
