use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::port::{Epoch, Position};

pub(crate) fn load(made: Millis) -> Arc<Load> {
    Arc::new(Load {
        stamp: Stamp {
            epoch: Epoch(u128::from(made) << 70),
            position: Position(made, made / 2),
            holds: 0,
        },
        made,
        times: Times {
            fresh: made + 10,
            stale: made + 20,
            on_error: made + 30,
        },
        cost: 3,
        private: made.is_multiple_of(2),
        tags: [1, u64::MAX, made].into(),
        checked: Checked::default(),
        refreshing: AtomicBool::new(false),
    })
}

pub(crate) fn slot(key: &str, value: &str, load: &Arc<Load>) -> Slot {
    Slot {
        key: key.into(),
        signature: 0,
        value: Bytes::from(value.to_owned()),
        load: Arc::clone(load),
    }
}

pub(crate) fn record(slots: Vec<Slot>) -> Record {
    Record { absent: None, slots }
}

pub(crate) fn values(record: &Record) -> Vec<&str> {
    record
        .slots
        .iter()
        .map(|slot| std::str::from_utf8(&slot.value).unwrap())
        .collect()
}

const ROOM: usize = 1 << 20;

#[test]
fn what_was_made_later_stays_wherever_it_comes_from() {
    let (old, new) = (load(1), load(2));
    let of = |value: &str, load| record(vec![slot("a", value, load)]);
    assert_eq!(values(&of("1", &old).with(&of("2", &new), |_| true, ROOM)), ["2"]);
    assert_eq!(values(&of("2", &new).with(&of("1", &old), |_| true, ROOM)), ["2"]);
    // Of two of one moment, the one that came.
    assert_eq!(values(&of("1", &new).with(&of("2", &new), |_| true, ROOM)), ["2"]);
}

#[test]
fn what_is_not_usable_takes_no_place() {
    let (old, new) = (load(1), load(2));
    let of = |value: &str, load| record(vec![slot("a", value, load)]);
    let late = of("1", &old).with(&of("2", &new), |load| load.made == 1, ROOM);
    assert_eq!(values(&late), ["1"]);
    let gone = Record {
        absent: Some(Arc::clone(&new)),
        slots: Vec::new(),
    };
    assert_eq!(
        values(&of("1", &old).with(&gone, |load| load.made == 1, ROOM)),
        ["1"]
    );
}

#[test]
fn an_entity_is_gone_or_there_as_was_said_last() {
    let gone = |made| Record {
        absent: Some(load(made)),
        slots: Vec::new(),
    };
    let there = |made| record(vec![slot("a", "1", &load(made))]);
    let is_gone = |record: &Record| record.absent.is_some() && record.slots.is_empty();
    assert!(is_gone(&there(1).with(&gone(2), |_| true, ROOM)));
    assert!(is_gone(&gone(2).with(&there(1), |_| true, ROOM)));
    assert!(!is_gone(&there(2).with(&gone(1), |_| true, ROOM)));
    assert!(!is_gone(&gone(1).with(&there(2), |_| true, ROOM)));
}

#[test]
fn arguments_fill_no_memory() {
    let mut all = record(Vec::new());
    for number in 0..1000 {
        let one = slot(&format!("f#{number}"), &"1".repeat(100), &load(number));
        all = all.with(&record(vec![one]), |_| true, 5000);
    }
    let bytes: usize = all.slots.iter().map(|slot| slot.value.len()).sum();
    assert!(bytes < 5000 && all.slots.len() > 10, "{bytes}");
    assert_eq!(&*all.slots[0].key, "f#999");
    // Each came with tags of its own.
    assert!(all.size() > all.slots.len() * (100 + 96 + 160));
}

#[test]
fn what_is_put_beside_something_leaves_all_of_it_small_enough() {
    let largest = 3000;
    let mut all = record(vec![slot("f#0", "1", &load(0))]);
    for number in 1..50 {
        // Its tags are most of it.
        let tags: Vec<u64> = (0..100).collect();
        let load = Arc::new(Load {
            tags: tags.into(),
            ..Arc::into_inner(load(number)).unwrap()
        });
        let newer = record(vec![slot(&format!("f#{number}"), "1", &load)]);
        assert!(newer.size() <= largest);
        all = all.with(&newer, |_| true, largest);
        assert!(all.size() <= largest, "{} bytes", all.size());
        assert!(all.encode().unwrap().len() <= largest);
        assert!(all.slots.len() >= 2, "there was room for another one");
    }
}

#[test]
fn records_come_back_as_they_went() {
    let seed = rand::random::<u64>();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..100 {
        let loads: Vec<Arc<Load>> = (0..4).map(|_| load(random.random_range(0..1 << 50))).collect();
        let values = [
            "null",
            "1",
            "\"a\\u0000\\\"b\"",
            "[]",
            r#"{"f#1":[1,{"x":null}]}"#,
            "-1.5e300",
            "\"é🦀\"",
        ];
        let slots = (0..random.random_range(0..6)).map(|_| Slot {
            signature: random.random(),
            ..slot(
                &format!("k{}#é\"", random.random::<u32>()),
                values[random.random_range(0..values.len())],
                &loads[random.random_range(0..4)],
            )
        });
        let record = Record {
            slots: slots.collect(),
            absent: random.random_bool(0.3).then(|| Arc::clone(&loads[0])),
        };
        let text = record.encode().unwrap();
        let again = Record::decode(&text).unwrap();
        assert_eq!(format!("{record:?}"), format!("{again:?}"));
        // Slots that came together still do.
        let pairs = record.slots.iter().zip(&again.slots);
        for ((one, again_one), (two, again_two)) in pairs.clone().zip(pairs.skip(1)) {
            assert_eq!(
                Arc::ptr_eq(&one.load, &two.load),
                Arc::ptr_eq(&again_one.load, &again_two.load)
            );
        }
        for end in 0..text.len() {
            assert!(Record::decode(&text.slice(..end)).is_none());
        }
        let mut garbled = text.to_vec();
        let at = random.random_range(0..garbled.len());
        garbled[at] = random.random();
        // Whatever it is: it does not panic.
        let _ = Record::decode(&garbled.into());
    }
}
