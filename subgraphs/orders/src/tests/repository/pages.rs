//! Orders in pages, of everybody and of many buyers at once, and how many there are.

use super::*;
use crate::model::Position;

on_both_engines!(
    pages_follow_each_other_in_both_directions,
    orders_of_one_moment_are_told_apart_by_id,
    pages_and_counts_by_state,
    pages_of_buyers_are_each_buyers_own_pages,
);

fn position(order: &Order) -> Option<Position> {
    Some(Position {
        placed_at: order.placed_at,
        id: order.id.clone(),
    })
}

async fn pages_follow_each_other_in_both_directions(repository: SqlRepository) {
    let seeded = seed::orders(3);
    repository.seed(&seeded).await.unwrap();
    let newest_first: Vec<&str> = seeded.iter().rev().map(|(order, _)| order.id.as_str()).collect();

    let (mut forward, mut after) = (Vec::new(), None);
    loop {
        let page = repository
            .page(
                None,
                &Window {
                    after: after.clone(),
                    ..window(End::Newest, 5)
                },
            )
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = position(last);
        forward.extend(page);
    }
    assert_eq!(ids(&forward), newest_first);

    let (mut backward, mut before) = (Vec::new(), None);
    loop {
        let page = repository
            .page(
                None,
                &Window {
                    before: before.clone(),
                    ..window(End::Oldest, 4)
                },
            )
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        before = position(last);
        backward.extend(page);
    }
    backward.reverse();
    assert_eq!(ids(&backward), newest_first);

    let between = Window {
        after: position(&forward[2]),
        before: position(&forward[7]),
        ..window(End::Newest, 50)
    };
    assert_eq!(
        ids(&repository.page(None, &between).await.unwrap()),
        newest_first[3..7]
    );
}

async fn orders_of_one_moment_are_told_apart_by_id(repository: SqlRepository) {
    // Upper before lower case and "-" before "_": by code point, on both engines.
    let names = ["B", "a", "A", "_", "-"];
    for name in names {
        place(&repository, name, vec![line("p-1", 1)], 7).await;
    }
    let all = repository.page(None, &window(End::Newest, 10)).await.unwrap();
    assert_eq!(ids(&all), ["o_a", "o__", "o_B", "o_A", "o_-"]);
    let rest = Window {
        after: position(&all[1]),
        ..window(End::Newest, 10)
    };
    assert_eq!(
        ids(&repository.page(None, &rest).await.unwrap()),
        ["o_B", "o_A", "o_-"]
    );
}

async fn pages_and_counts_by_state(repository: SqlRepository) {
    let seeded = seed::orders(10);
    repository.seed(&seeded).await.unwrap();
    assert_eq!(repository.count(None).await.unwrap(), 60);
    for status in [
        Status::Placed,
        Status::Shipped,
        Status::Delivered,
        Status::Cancelled,
    ] {
        let expected: Vec<&str> = seeded
            .iter()
            .rev()
            .map(|(order, _)| order)
            .filter(|order| order.status == status)
            .map(|order| order.id.as_str())
            .collect();
        assert!(!expected.is_empty(), "{status:?}");
        let found = repository
            .page(Some(status), &window(End::Newest, 100))
            .await
            .unwrap();
        assert_eq!(ids(&found), expected);
        assert_eq!(
            repository.count(Some(status)).await.unwrap(),
            i64::try_from(expected.len()).unwrap()
        );
    }
}

async fn pages_of_buyers_are_each_buyers_own_pages(repository: SqlRepository) {
    let seeded = seed::orders(10);
    repository.seed(&seeded).await.unwrap();
    let buyers: Vec<String> = (1..=12).map(|number| format!("u-{number}")).collect();
    let middle = &seeded[30].0;
    for from in [End::Newest, End::Oldest] {
        for cursor in [None, position(middle)] {
            let asked = Window {
                after: cursor,
                ..window(from, 3)
            };
            let before = repository.database().statements();
            let pages = repository.pages_of_buyers(&buyers, &asked).await.unwrap();
            assert_eq!(repository.database().statements() - before, 1);
            for buyer in &buyers {
                let mut own: Vec<&Order> = seeded
                    .iter()
                    .map(|(order, _)| order)
                    .filter(|order| &order.buyer_id == buyer)
                    .filter(|order| asked.after.is_none() || order.placed_at < middle.placed_at)
                    .collect();
                if from == End::Newest {
                    own.reverse();
                }
                own.truncate(3);
                let found: Vec<&Order> = pages.get(buyer).into_iter().flatten().collect();
                assert_eq!(found, own, "{buyer} {asked:?}");
            }
        }
    }
    let counts = repository.counts_of_buyers(&buyers).await.unwrap();
    assert_eq!(counts.values().sum::<i64>(), 60);
    assert!(!counts.contains_key("u-11"));
}
