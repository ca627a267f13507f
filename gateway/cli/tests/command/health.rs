use axum::{Router, http::StatusCode, routing::get};

use crate::causeway::run;

async fn answering(status: StatusCode) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/health/ready", listener.local_addr().unwrap());
    let router = Router::new().route("/health/ready", get(move || async move { status }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_the_exit_code() {
    let ready = answering(StatusCode::OK).await;
    let ran = run(&["health", "--url", &ready]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    let busy = answering(StatusCode::SERVICE_UNAVAILABLE).await;
    run(&["health", "--url", &busy]).assert(1, &[&busy, "503"]);
    run(&["health", "--url", "http://127.0.0.1:1/"]).assert(1, &["http://127.0.0.1:1/", "onnection refused"]);
    run(&["health", "--url", "nonsense"]).assert(2, &["nonsense"]);
}
