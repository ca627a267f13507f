use std::{
    future::pending,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::future::join_all;
use tokio::{sync::Notify, task::yield_now};

use super::*;

/// Operations need no more than a place in memory.
static OPERATIONS: LazyLock<[Arc<usize>; 3]> = LazyLock::new(|| [0, 1, 2].map(Arc::new));

fn question(operation: usize, variable: &'static str, partition: u128) -> Question {
    Question {
        operation: Identity(OPERATIONS[operation].clone()),
        variables: vec![("v".to_owned(), Bytes::from_static(variable.as_bytes()))],
        partitions: vec![Partition(partition)],
    }
}

/// Executions that are answered with their number when the test says so.
#[derive(Default)]
struct Kitchen {
    begun: Arc<AtomicUsize>,
    serve: Arc<Notify>,
}

impl Kitchen {
    fn execution(&self) -> impl Future<Output = Bytes> + Send + 'static {
        let (begun, serve) = (Arc::clone(&self.begun), Arc::clone(&self.serve));
        async move {
            let number = begun.fetch_add(1, Ordering::SeqCst);
            serve.notified().await;
            number.to_string().into()
        }
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn equal_questions_under_way_are_executed_once_and_others_are_not() {
    let (sharing, kitchen) = (Sharing::default(), Kitchen::default());
    let ask = |question| sharing.answer(question, kitchen.execution());
    let asked = join_all([
        ask(question(1, "1", 1)),
        ask(question(1, "1", 1)),
        ask(question(2, "1", 1)),
        ask(question(1, "2", 1)),
        ask(question(1, "1", 2)),
        ask(question(1, "1", 1)),
    ]);
    let serving = async {
        while kitchen.begun() < 4 {
            yield_now().await;
        }
        for _ in 0..10 {
            yield_now().await;
        }
        kitchen.serve.notify_waiters();
    };
    let (answers, ()) = tokio::join!(asked, serving);
    let answers: Vec<Bytes> = answers.into_iter().map(Option::unwrap).collect();
    assert_eq!(kitchen.begun(), 4);
    assert_eq!((&answers[0], &answers[0]), (&answers[1], &answers[5]));
    for other in 2..5 {
        assert_ne!(answers[0], answers[other]);
    }
    assert_eq!(sharing.under_way(), 0);
}

#[tokio::test]
async fn who_asks_after_a_mutation_does_not_get_what_was_being_read_before() {
    let (sharing, kitchen) = (Sharing::default(), Kitchen::default());
    let before = sharing.answer(question(1, "1", 1), kitchen.execution());
    let after = async {
        yield_now().await;
        drop(sharing.mutating());
        sharing.answer(question(1, "1", 1), kitchen.execution()).await
    };
    let serving = async {
        while kitchen.begun() < 2 {
            yield_now().await;
        }
        yield_now().await;
        kitchen.serve.notify_waiters();
    };
    let (before, after, ()) = tokio::join!(before, after, serving);
    assert_eq!((before.unwrap(), after.unwrap()), ("0".into(), "1".into()));
    assert_eq!(sharing.under_way(), 0);
}

#[tokio::test]
async fn an_execution_outlives_who_began_it_and_not_all_who_wait() {
    let (sharing, kitchen) = (Sharing::default(), Kitchen::default());
    let first = tokio::spawn({
        let (sharing, execution) = (sharing.clone(), kitchen.execution());
        async move { sharing.answer(question(1, "1", 1), execution).await }
    });
    while kitchen.begun() < 1 {
        yield_now().await;
    }
    let second = sharing.answer(question(1, "1", 1), kitchen.execution());
    let serving = async {
        first.abort();
        for _ in 0..10 {
            yield_now().await;
        }
        kitchen.serve.notify_waiters();
    };
    let (second, ()) = tokio::join!(second, serving);
    assert_eq!((second.unwrap(), kitchen.begun()), ("0".into(), 1));

    let alone = tokio::spawn({
        let sharing = sharing.clone();
        async move { sharing.answer(question(1, "1", 1), pending()).await }
    });
    while sharing.under_way() == 0 {
        yield_now().await;
    }
    alone.abort();
    assert!(alone.await.unwrap_err().is_cancelled());
    while sharing.under_way() > 0 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_for_all_and_the_next_one_is_asked_anew() {
    let sharing = Sharing::default();
    let broken = || sharing.answer(question(1, "1", 1), async { panic!("as the test wants it") });
    let (one, other) = tokio::join!(broken(), broken());
    assert_eq!((one, other), (None, None));
    assert_eq!(sharing.under_way(), 0);
    let whole = sharing.answer(question(1, "1", 1), async { Bytes::from_static(b"fine") });
    assert_eq!(whole.await.unwrap(), "fine");
}

/// Else another operation could come to stand in its place and be taken for it.
#[tokio::test]
async fn an_operation_stays_where_it_is_while_others_can_join() {
    let (sharing, operation) = (Sharing::<Bytes>::default(), Arc::new(1));
    let left = Arc::downgrade(&operation);
    let asked = Question {
        operation: Identity(operation),
        variables: Vec::new(),
        partitions: Vec::new(),
    };
    let task = tokio::spawn({
        let sharing = sharing.clone();
        async move { sharing.answer(asked, pending()).await }
    });
    while sharing.under_way() == 0 {
        yield_now().await;
    }
    assert!(left.upgrade().is_some());
    task.abort();
    while sharing.under_way() > 0 {
        yield_now().await;
    }
    while left.upgrade().is_some() {
        yield_now().await;
    }
}
