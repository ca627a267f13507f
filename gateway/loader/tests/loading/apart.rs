//! Answers that cannot be attributed, and what else must not reach the wrong caller.

use std::time::Duration;

use causeway_executor::{FetchFailure, SubgraphClient};
use causeway_loader::InFlight;
use tokio::time::sleep;

use crate::fake::{Fake, Seen, What, across, ask, ask_lists, errors_in, ids_in, key, later, loader};

/// Answers that cannot be split, whatever they were asked.
fn unattributable(seen: &Seen) -> Vec<String> {
    let good = |count: usize| vec!["{}"; count].join(",");
    let count = seen.keys().len();
    vec![
        "{\"data\":null,\"errors\":[{\"message\":\"the secret of 2\"}]}".to_owned(),
        "{\"errors\":[{\"message\":\"the secret of 2\",\"path\":[\"_entities\"]}]}".to_owned(),
        format!("{{\"data\":{{\"_entities\":[{}]}}}}", good(count + 1)),
        format!("{{\"data\":{{\"_entities\":[{}]}}}}", good(count - 1)),
        format!(
            "{{\"data\":{{\"_entities\":[{}]}},\"errors\":[{{\"message\":\"the secret of 2\"}}]}}",
            good(count)
        ),
        format!(
            "{{\"data\":{{\"_entities\":[{}]}},\"errors\":[{{\"message\":\"?\",\"path\":[\"_entities\",{count}]}}]}}",
            good(count)
        ),
        format!(
            "{{\"data\":{{\"_entities\":[{}]}},\"errors\":[{{\"path\":[\"_entities\",0],\"path\":[\"_entities\",0]}}]}}",
            good(count)
        ),
        format!(
            "{{\"data\":{{\"_entities\":[{}]}},\"errors\":[{{\"p\\u0061th\":[\"_entities\"],\"path\":[\"_entities\",0]}}]}}",
            good(count)
        ),
        "{\"data\":{\"_entities\":[".to_owned(),
        "{\"data\":{\"_entities\":\"the secret of 2\"}}".to_owned(),
        "{\"data\":{\"_entities\":[1,2,3]}}".to_owned(),
        "<html>the secret of 2</html>".to_owned(),
        "[]".to_owned(),
        String::new(),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_caller_is_asked_for_again_alone_and_sees_nothing_of_the_others() {
    let all = unattributable(&Seen::of_keys(3)).len();
    for which in 0..all {
        let fake = Fake::new(move |seen| match seen.keys().len() {
            // The batch of the two who have to wait.
            3 => What::Body(unattributable(seen)[which].clone()).after(10),
            _ => What::Good.after(10),
        });
        let loader = loader(&fake, across(100, 1));
        let (_, second, third) = tokio::join!(
            loader.send(ask("ada", &[9])),
            later(loader.send(ask("ada", &[1, 2]))),
            later(loader.send(ask("ada", &[2, 3]))),
        );
        let (second, third) = (second.unwrap(), third.unwrap());
        assert_eq!(ids_in(&second.body, "_entities"), [Some(1), Some(2)], "{which}");
        assert_eq!(ids_in(&third.body, "_entities"), [Some(2), Some(3)], "{which}");
        assert!(errors_in(&second.body).is_empty() && errors_in(&third.body).is_empty());
        let calls = fake.calls();
        let mut again: Vec<_> = calls[2..].iter().map(Seen::keys).collect();
        again.sort();
        assert_eq!(again, [[key(1), key(2)], [key(2), key(3)]], "{which}");
        assert_eq!(loader.stats()[0].isolated, 2);
        assert_eq!(fake.state().peak, 1);
        assert_eq!(loader.in_flight(), InFlight::default());
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_gets_the_answer_as_it_is_and_no_second_call() {
    for body in unattributable(&Seen::of_keys(2)) {
        let told = body.clone();
        let fake = Fake::new(move |_| What::Body(told.clone()).after(10));
        let loader = loader(&fake, across(100, 1));
        // Both ask for exactly the same: there is nothing that one could see of the other.
        let (first, second) =
            tokio::join!(loader.send(ask("ada", &[1, 2])), loader.send(ask("ada", &[1, 2])),);
        assert_eq!(first.unwrap().body, body);
        assert_eq!(second.unwrap().body, body);
        assert_eq!(fake.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn asked_again_in_vain_the_answer_is_taken_as_it_is() {
    let fake = Fake::new(|seen| {
        let keys = seen.keys().join(" and ").replace('"', "'");
        What::Body(format!("{{\"errors\":[{{\"message\":\"no {keys}\"}}]}}")).after(10)
    });
    let loader = loader(&fake, across(100, 1));
    let (_, second, third) = tokio::join!(
        loader.send(ask("ada", &[9])),
        later(loader.send(ask("ada", &[1, 2]))),
        later(loader.send(ask("ada", &[2, 3]))),
    );
    for (reply, own, foreign) in [(second, 1, 3), (third, 3, 1)] {
        let message = errors_in(&reply.unwrap().body)[0]["message"].to_string();
        let named = |id: u32| message.contains(&key(id).replace('"', "'"));
        assert!(named(own) && !named(foreign), "{message}");
    }
    assert_eq!(fake.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn together_too_large_is_asked_for_apart() {
    let limit = 1000;
    let fake = Fake::new(move |seen| match seen.keys().len() {
        3.. => What::Fails(FetchFailure::TooLarge { limit }).after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let (_, second, third, fourth) = tokio::join!(
        loader.send(ask("ada", &[9])),
        later(loader.send(ask("ada", &[1, 2]))),
        later(loader.send(ask("ada", &[3]))),
        later(loader.send(ask("ada", &[1, 2, 3, 4]))),
    );
    assert_eq!(ids_in(&second.unwrap().body, "_entities"), [Some(1), Some(2)]);
    assert_eq!(ids_in(&third.unwrap().body, "_entities"), [Some(3)]);
    assert_eq!(fourth.unwrap_err(), FetchFailure::TooLarge { limit });
}

#[tokio::test(start_paused = true)]
async fn a_callers_batches_fail_each_for_itself() {
    let fake = Fake::new(|seen| {
        match seen.number {
        0 => What::Body("{\"errors\":[{\"message\":\"down\",\"extensions\":{\"a\":1}}]}".to_owned()).after(10),
        1 => What::Body("{\"data\":{\"_entities\":[{\"key\":{\"id\":\"3\"}},null]},\"errors\":[{\"message\":\"first\"},{\"message\":\"second\",\"path\":[\"_entities\"]}]}".to_owned()).after(10),
        2 => What::Body("oops".to_owned()).after(10),
        _ => What::Good.after(10),
    }
    });
    let loader = loader(&fake, across(2, 1));
    let reply = loader.send(ask("ada", &[1, 2, 3, 4, 5, 6, 7])).await.unwrap();
    let ids = ids_in(&reply.body, "_entities");
    assert_eq!(ids, [None, None, Some(3), None, None, None, Some(7)]);
    let mut said: Vec<_> = errors_in(&reply.body)
        .iter()
        .map(|error| {
            (
                error["path"][1].as_u64().unwrap(),
                error["message"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    said.sort();
    let malformed = "subgraph `shelf` could not be understood: its answer is not a GraphQL response: it is not a JSON object";
    let expected = [
        (0, "down"),
        (1, "down"),
        (3, "first"),
        (3, "second"),
        (4, malformed),
        (5, malformed),
    ];
    assert_eq!(said, expected.map(|(index, text)| (index, text.to_owned())));
    assert_eq!(fake.calls().len(), 4, "nobody else is in these batches");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_nobody_asks_in_may_be_missing() {
    let fake = Fake::new(|seen| match seen.number {
        1 => What::Body("{\"data\":{\"a\":[{\"key\":{\"id\":\"1\"}},{\"key\":{\"id\":\"2\"}}]}}".to_owned())
            .after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let only_a = |ids: &[u32]| loader.send(ask_lists("ada", "two", &[("a", ids), ("b", &[])]));
    let (_, second, third) = tokio::join!(only_a(&[9]), later(only_a(&[1])), later(later(only_a(&[2]))));
    assert_eq!(ids_in(&second.unwrap().body, "a"), [Some(1)]);
    assert_eq!(ids_in(&third.unwrap().body, "a"), [Some(2)]);
    assert_eq!(fake.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cut_answer_costs_nobody_but_a_call() {
    for length in (0..400).step_by(7) {
        let fake = Fake::new(move |seen| match seen.number {
            1 => What::Truncated(length).after(10),
            _ => What::Good.after(10),
        });
        let loader = loader(&fake, across(100, 1));
        let (_, second, third) = tokio::join!(
            loader.send(ask("ada", &[9])),
            later(loader.send(ask("ada", &[1, 2]))),
            later(loader.send(ask("ada", &[2, 3]))),
        );
        assert_eq!(
            ids_in(&second.unwrap().body, "_entities"),
            [Some(1), Some(2)],
            "{length}"
        );
        assert_eq!(
            ids_in(&third.unwrap().body, "_entities"),
            [Some(2), Some(3)],
            "{length}"
        );
        assert_eq!(fake.calls().len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_joins_what_is_asked_again_alone() {
    let fake = Fake::new(|seen| match seen.number {
        1 => What::Body("{}".to_owned()).after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let late = async {
        sleep(Duration::from_millis(25)).await;
        // The same as one of the two is asked again, then a part of it.
        tokio::join!(loader.send(ask("ada", &[1, 2])), loader.send(ask("ada", &[3])))
    };
    let (_, second, third, late) = tokio::join!(
        loader.send(ask("ada", &[9])),
        later(loader.send(ask("ada", &[1, 2]))),
        later(loader.send(ask("ada", &[2, 3]))),
        late,
    );
    assert!(second.is_ok() && third.is_ok());
    assert_eq!(
        late.0.unwrap().dispatch.joined + late.1.unwrap().dispatch.joined,
        0
    );
    assert_eq!(fake.calls().len(), 5);
}
