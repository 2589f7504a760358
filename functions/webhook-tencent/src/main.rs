//! The Lambda `webhook-tencent`.

use deskbridge::lambda;
use webhook_tencent::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &lambda::init(env!("CARGO_PKG_NAME"), App::from_settings)?;
    app.warm().await;
    lambda::serve_http(|request| app.handle(request)).await
}
