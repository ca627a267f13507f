//! A relay against targets that a test holds in its hand.

mod real;
mod refused;

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::db::tests::outbox::{change, event, tag, with_outbox};
use crate::db::{DatabaseUrl, Outbox};
use crate::testing;

/// Retries at once and never polls: what comes, comes by the bell.
const QUICK: Pace = Pace {
    poll: Duration::from_secs(3600),
    first_retry: Duration::from_millis(1),
    longest_retry: Duration::from_millis(1),
    last: Duration::from_secs(60),
};

/// What the relay sends, and where the test says what becomes of it.
type Sent = (Vec<Value>, oneshot::Sender<bool>);

struct Held(mpsc::UnboundedSender<Sent>);

impl Publisher for Held {
    fn publish<'a>(&'a mut self, events: &'a [String]) -> BoxFuture<'a, Result<(), PublishError>> {
        let events = events.iter().map(|event| serde_json::from_str(event).unwrap());
        let (answer, answered) = oneshot::channel();
        self.0.send((events.collect(), answer)).unwrap();
        Box::pin(async move {
            match answered.await {
                Ok(true) => Ok(()),
                _ => Err(PublishError::Timeout),
            }
        })
    }
}

async fn open(url: &DatabaseUrl) -> Database {
    let database = Database::connect(url, with_outbox()).await.unwrap();
    database.announcing(Outbox::of("things"))
}

fn start(database: &Database, pace: Pace) -> (Relay, mpsc::UnboundedReceiver<Sent>) {
    let (send, sent) = mpsc::unbounded_channel();
    (Relay::with(database.clone(), Box::new(Held(send)), pace), sent)
}

/// What the relay sends next. It has half a minute: a test that fails should not hang.
async fn next(sent: &mut mpsc::UnboundedReceiver<Sent>) -> Sent {
    let sent = tokio::time::timeout(Duration::from_secs(30), sent.recv()).await;
    sent.expect("the relay sends something").unwrap()
}

async fn commit(database: &Database, id: i64) {
    change(database, id, vec![tag(&id.to_string())], false)
        .await
        .unwrap();
}

fn events(ids: impl IntoIterator<Item = i64>) -> Vec<Value> {
    ids.into_iter().map(|id| event(&id.to_string())).collect()
}

/// Both engines in turn.
async fn databases() -> Vec<(DatabaseUrl, Option<tempfile::TempDir>)> {
    let (folder, url) = testing::sqlite();
    let mut urls = vec![(url, Some(folder))];
    urls.extend(testing::postgres().await.map(|url| (url, None)));
    urls
}

#[tokio::test]
async fn what_is_committed_is_published_in_order_and_then_forgotten() {
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        let (relay, mut sent) = start(&database, QUICK);
        commit(&database, 1).await;
        let (first, answer) = next(&mut sent).await;
        assert_eq!(first, events([1]), "the commit woke the relay");
        for id in 2..=5 {
            commit(&database, id).await;
        }
        answer.send(true).unwrap();
        let (second, answer) = next(&mut sent).await;
        assert_eq!(second, events(2..=5));
        answer.send(true).unwrap();
        relay.stop().await;
        assert_eq!(testing::outbox(&database).await, events([]));
    }
}

#[tokio::test]
async fn what_waits_from_before_the_start_comes_first_and_in_batches() {
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        let many = (0..250).map(|id| tag(&id.to_string())).collect();
        change(&database, 1, many, false).await.unwrap();
        let (relay, mut sent) = start(&database, QUICK);
        for expected in [0..200, 200..250] {
            let (batch, answer) = next(&mut sent).await;
            assert_eq!(batch, events(expected));
            answer.send(true).unwrap();
        }
        relay.stop().await;
    }
}

#[tokio::test]
async fn a_target_that_fails_gets_the_same_again_until_it_takes_it() {
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        let (relay, mut sent) = start(&database, QUICK);
        commit(&database, 1).await;
        for _ in 0..3 {
            let (batch, answer) = next(&mut sent).await;
            assert_eq!(batch, events([1]));
            answer.send(false).unwrap();
        }
        let (batch, answer) = next(&mut sent).await;
        assert_eq!(batch, events([1]));
        commit(&database, 2).await;
        answer.send(false).unwrap();
        let (batch, answer) = next(&mut sent).await;
        assert_eq!(batch, events([1, 2]), "what comes meanwhile queues up behind it");
        answer.send(true).unwrap();
        relay.stop().await;
        assert_eq!(testing::outbox(&database).await, events([]));
    }
}

#[tokio::test]
async fn a_crash_between_publishing_and_deleting_repeats_and_loses_nothing() {
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        let (relay, mut sent) = start(&database, QUICK);
        commit(&database, 1).await;
        let (batch, _never_answered) = next(&mut sent).await;
        assert_eq!(batch, events([1]), "the target has it");
        relay.task.abort();
        assert!(relay.task.await.unwrap_err().is_cancelled());

        let again = open(&url).await;
        let (relay, mut sent) = start(&again, QUICK);
        let (batch, answer) = next(&mut sent).await;
        assert_eq!(batch, events([1]));
        answer.send(true).unwrap();
        relay.stop().await;
        assert_eq!(testing::outbox(&again).await, events([]));
    }
}

#[tokio::test]
async fn rows_that_nobody_rang_for_are_found() {
    for (url, _folder) in databases().await {
        let (database, other) = (open(&url).await, open(&url).await);
        let pace = Pace {
            poll: Duration::from_millis(1),
            ..QUICK
        };
        let (relay, mut sent) = start(&database, pace);
        commit(&other, 1).await;
        let (batch, answer) = next(&mut sent).await;
        assert_eq!(batch, events([1]));
        answer.send(true).unwrap();
        relay.stop().await;
    }
}

#[tokio::test]
async fn replicas_on_postgres_publish_in_turn_and_in_order() {
    let Some(url) = testing::postgres().await else {
        return;
    };
    let (one, two) = (open(&url).await, open(&url).await);
    let (first, mut of_first) = start(&one, QUICK);
    commit(&one, 1).await;
    let (batch, answer) = next(&mut of_first).await;
    assert_eq!(batch, events([1]));
    // The second one looks while the first has not been answered.
    let (second, mut of_second) = start(&two, QUICK);
    commit(&two, 2).await;
    let waiting = async {
        let waits = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        let Database::Postgres(pool) = &one else {
            unreachable!()
        };
        while sqlx::query_scalar::<_, i64>(waits)
            .fetch_one(&**pool)
            .await
            .unwrap()
            == 0
        {}
    };
    tokio::select! {
        () = waiting => {}
        _ = of_second.recv() => panic!("it must wait for the first"),
    }
    answer.send(true).unwrap();
    // Whichever of the two is next gets the second row, and the other one nothing.
    let (batch, answer) = tokio::select! {
        sent = of_first.recv() => sent.unwrap(),
        sent = of_second.recv() => sent.unwrap(),
    };
    assert_eq!(batch, events([2]));
    answer.send(true).unwrap();
    first.stop().await;
    second.stop().await;
    assert!(of_first.try_recv().is_err() && of_second.try_recv().is_err());
    assert_eq!(testing::outbox(&one).await, events([]));
}

#[tokio::test]
async fn the_end_of_the_service_publishes_what_is_left_if_it_can() {
    let (_folder, url) = testing::sqlite();
    let (database, other) = (open(&url).await, open(&url).await);
    // Several times: in one the relay may still be looking when the row comes that nobody rings for.
    for id in 1..=10 {
        let (relay, mut sent) = start(&database, QUICK);
        commit(&database, id).await;
        next(&mut sent).await.1.send(true).unwrap();
        while !testing::outbox(&other).await.is_empty() {}
        commit(&other, 100 + id).await;
        let stopping = tokio::spawn(relay.stop());
        let (batch, answer) = next(&mut sent).await;
        assert_eq!(batch, events([100 + id]));
        answer.send(true).unwrap();
        stopping.await.unwrap();
    }

    let (relay, mut sent) = start(
        &database,
        Pace {
            first_retry: Duration::from_secs(3600),
            longest_retry: Duration::from_secs(3600),
            ..QUICK
        },
    );
    commit(&database, 20).await;
    next(&mut sent).await.1.send(false).unwrap();
    relay.stop().await;
    assert_eq!(
        testing::outbox(&database).await,
        events([20]),
        "it waits for the next start"
    );
}

#[tokio::test]
async fn a_target_that_hangs_does_not_hold_up_the_end() {
    let (_folder, url) = testing::sqlite();
    let database = open(&url).await;
    let last = Duration::from_millis(1);
    let (relay, mut sent) = start(&database, Pace { last, ..QUICK });
    commit(&database, 1).await;
    let _never_answered = next(&mut sent).await;
    relay.stop().await;
    assert_eq!(testing::outbox(&database).await, events([1]));
}

#[test]
fn pauses_double_up_to_the_longest_and_begin_anew() {
    let mut standing = Standing::default();
    let mut failed = || standing.failed(&PublishError::Timeout.into(), PACE).as_millis();
    let pauses: Vec<u128> = (0..8).map(|_| failed()).collect();
    assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    for _ in 0..100 {
        failed();
    }
    assert_eq!(failed(), 10_000);
    standing.recovered();
    assert!(standing.is_well());
    assert_eq!(
        standing.failed(&PublishError::Timeout.into(), PACE).as_millis(),
        250
    );
}
