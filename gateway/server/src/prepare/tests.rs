//! The cache of prepared operations.

use super::*;

fn preparer(cache: u64) -> Preparer {
    let sdl = include_str!("../../tests/http/supergraph.graphql");
    let supergraph = causeway_composition::read::read_supergraph(sdl).unwrap();
    let limits = PrepareLimits {
        tokens: 20_000,
        depth: 100,
        fields: 20_000,
        cache,
    };
    Preparer::new(QueryGraph::new(Arc::new(supergraph)), limits)
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_ask_at_the_same_time_share_one_preparation() {
    let preparer = Arc::new(preparer(1 << 20));
    let callers = (0..50).map(|_| {
        let preparer = Arc::clone(&preparer);
        tokio::spawn(async move {
            preparer
                .prepare("{ me { name reviews { stars } } }".to_owned(), None, |_| {
                    LabelSet::default()
                })
                .await
        })
    });
    let prepared: Vec<_> = futures::future::join_all(callers)
        .await
        .into_iter()
        .map(|joined| joined.unwrap().ok().unwrap())
        .collect();
    assert!(prepared.iter().all(|one| Arc::ptr_eq(one, &prepared[0])));
    let later = preparer
        .prepare("{ me { name reviews { stars } } }".to_owned(), None, |_| {
            LabelSet::default()
        })
        .await
        .ok()
        .unwrap();
    assert!(Arc::ptr_eq(&later, &prepared[0]));
}

#[tokio::test]
async fn text_and_name_tell_operations_apart() {
    let preparer = preparer(1 << 20);
    let text = "query A { me { id } } query B { me { name } }";
    let a = preparer
        .prepare(text.to_owned(), Some("A".to_owned()), |_| LabelSet::default())
        .await
        .ok()
        .unwrap();
    let b = preparer
        .prepare(text.to_owned(), Some("B".to_owned()), |_| LabelSet::default())
        .await
        .ok()
        .unwrap();
    assert_eq!(
        a.parsed.operation.name.as_ref().map(|name| name.as_str()),
        Some("A")
    );
    assert_eq!(
        b.parsed.operation.name.as_ref().map(|name| name.as_str()),
        Some("B")
    );
}

#[tokio::test]
async fn what_is_kept_stays_within_the_limit() {
    let limit = 200_000;
    let preparer = preparer(limit);
    for index in 0..200 {
        let prepared = preparer
            .prepare(format!("{{ a{index}: me {{ id }} }}"), None, |_| {
                LabelSet::default()
            })
            .await
            .ok()
            .unwrap();
        assert!(prepared.weight >= 4096);
    }
    preparer.plans.run_pending_tasks().await;
    let kept = preparer.plans.weighted_size();
    assert!(kept > limit / 2 && kept <= limit, "{kept} bytes are kept");
}

#[tokio::test]
async fn an_operation_weighs_what_its_plan_weighs() {
    let preparer = preparer(1 << 20);
    let mut spread = String::from("{ node { ...F0 } }");
    for level in 0..10 {
        spread.push_str(&format!(
            "fragment F{level} on Node {{ a: next {{ ...F{0} }} b: next {{ ...F{0} }} }}",
            level + 1
        ));
    }
    spread.push_str("fragment F10 on Node { n }");
    let small = preparer
        .prepare(
            format!("{{ node {{ n }} }} # {}", "x".repeat(spread.len())),
            None,
            |_| LabelSet::default(),
        )
        .await
        .ok()
        .unwrap();
    let large = preparer
        .prepare(spread, None, |_| LabelSet::default())
        .await
        .ok()
        .unwrap();
    // A text as short stands for a plan with a thousand times the fields.
    assert!(
        large.weight > 3 * small.weight,
        "{} and {}",
        large.weight,
        small.weight
    );
}

#[tokio::test]
async fn refusals_are_not_kept() {
    let preparer = preparer(1 << 20);
    for _ in 0..2 {
        assert!(matches!(
            preparer
                .prepare("{ nothing }".to_owned(), None, |_| LabelSet::default())
                .await,
            Err(Rejection::Validation(_))
        ));
    }
    preparer.plans.run_pending_tasks().await;
    assert_eq!(preparer.plans.entry_count(), 0);
}

#[tokio::test]
async fn what_one_has_prepared_another_prepares_as_far_as_it_can() {
    let (before, after) = (preparer(1 << 20), preparer(1 << 20));
    for text in [
        "{ me { id } }",
        "{ me { name } }",
        "query A { me { id } } query B { me { name } }",
    ] {
        let name = text.starts_with("query").then(|| "B".to_owned());
        before
            .prepare(text.to_owned(), name, |_| LabelSet::default())
            .await
            .ok()
            .unwrap();
    }
    assert_eq!(after.prepare_like(&before).await, 3);
    after.plans.run_pending_tasks().await;
    assert_eq!(after.plans.entry_count(), 3);
}

#[tokio::test]
async fn all_operations_of_a_document_are_prepared() {
    let preparer = preparer(1 << 20);
    let count = |outcomes: Vec<(_, Result<_, Rejection>)>| {
        outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count()
    };
    assert_eq!(
        count(
            preparer
                .prepare_all("query A { me { id } } query B { me { id } }")
                .await
        ),
        2
    );
    // With its name and without.
    assert_eq!(count(preparer.prepare_all("query A { me { id } }").await), 2);
    assert_eq!(count(preparer.prepare_all("{ me { id } }").await), 1);
    assert_eq!(count(preparer.prepare_all("{ nothing }").await), 0);
    assert_eq!(count(preparer.prepare_all("{").await), 0);
}
