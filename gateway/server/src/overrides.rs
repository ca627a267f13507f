//! Progressive overrides: which labels are on, request by request.

use std::{fmt, sync::Arc};

use axum::http::{HeaderMap, HeaderName};
use causeway_model::{LabelSet, Supergraph};

/// Numbers from 0 up to, but without, 1: a percentage is on for the share of requests that it names.
pub type Draw = Arc<dyn Fn() -> f64 + Send + Sync>;

#[derive(Clone)]
pub struct OverrideOptions {
    /// Labels that are on for every request.
    pub on: Vec<String>,
    /// A request header that names further labels, with commas between them. `None`: clients have no say.
    pub header: Option<HeaderName>,
    /// Called once for each percentage that a request's operation touches.
    pub draw: Draw,
}

impl fmt::Debug for OverrideOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverrideOptions")
            .field("on", &self.on)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// The labels of one supergraph, ready to be decided.
pub(crate) struct Overrides {
    /// By label.
    rules: Vec<Rule>,
    names: Vec<String>,
    header: Option<HeaderName>,
    draw: Draw,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    On,
    /// On where the request's header says so.
    Asked,
    /// On for this share of requests, 0 to 1; nobody else has a say.
    Share(f64),
}

impl Overrides {
    pub(crate) fn new(supergraph: &Supergraph, options: &OverrideOptions) -> Self {
        for label in options
            .on
            .iter()
            .filter(|label| !supergraph.labels.contains(label))
        {
            tracing::warn!(
                label,
                "no @override of the graph has this label of `override_labels`"
            );
        }
        let rule = |label: &String| match share(label) {
            Some(share) => Rule::Share(share),
            None if options.on.contains(label) => Rule::On,
            None => Rule::Asked,
        };
        Self {
            rules: supergraph.labels.iter().map(rule).collect(),
            names: supergraph.labels.clone(),
            header: options.header.clone(),
            draw: Arc::clone(&options.draw),
        }
    }

    /// Those of `touched` that are on for one request.
    pub(crate) fn decide(&self, touched: &LabelSet, headers: &HeaderMap) -> LabelSet {
        touched
            .iter()
            .filter(|label| match self.rules[label.index()] {
                Rule::On => true,
                Rule::Asked => self.is_asked_for(&self.names[label.index()], headers),
                Rule::Share(share) => (self.draw)() < share,
            })
            .collect()
    }

    fn is_asked_for(&self, label: &str, headers: &HeaderMap) -> bool {
        let Some(header) = &self.header else { return false };
        let lists = headers
            .get_all(header)
            .iter()
            .filter_map(|value| value.to_str().ok());
        lists
            .flat_map(|list| list.split(','))
            .any(|named| named.trim() == label)
    }
}

/// `percent(5)` -> 0.05.
fn share(label: &str) -> Option<f64> {
    let number = label.strip_prefix("percent(")?.strip_suffix(')')?;
    let percent: f64 = number.parse().ok()?;
    Some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rand::{RngExt, SeedableRng, rngs::SmallRng};

    use super::*;

    fn supergraph(labels: &[&str]) -> Supergraph {
        let sdl = include_str!("../tests/http/supergraph.graphql");
        let mut supergraph = causeway_composition::read::read_supergraph(sdl).unwrap();
        supergraph.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        supergraph
    }

    fn overrides(labels: &[&str], on: &[&str], header: Option<&'static str>, draw: Draw) -> Overrides {
        let options = OverrideOptions {
            on: on.iter().map(|label| (*label).to_owned()).collect(),
            header: header.map(HeaderName::from_static),
            draw,
        };
        Overrides::new(&supergraph(labels), &options)
    }

    #[test]
    fn a_percentage_is_on_for_its_share_of_requests() {
        const SEED: u64 = 7;
        const REQUESTS: u32 = 20_000;
        println!("seed {SEED}");
        let random = Mutex::new(SmallRng::seed_from_u64(SEED));
        let draw: Draw = Arc::new(move || random.lock().unwrap().random());
        let labels = ["percent(0)", "percent(100)", "percent(5)", "percent(62.5)"];
        let overrides = overrides(&labels, &[], None, draw);
        let all: LabelSet = supergraph(&labels).label_ids().collect();
        let mut counts = [0_u32; 4];
        for _ in 0..REQUESTS {
            let on = overrides.decide(&all, &HeaderMap::new());
            on.iter().for_each(|label| counts[label.index()] += 1);
        }
        assert_eq!((counts[0], counts[1]), (0, REQUESTS));
        // More than six standard deviations of room.
        assert!(counts[2].abs_diff(1_000) < 200, "{counts:?}");
        assert!(counts[3].abs_diff(12_500) < 450, "{counts:?}");
    }

    #[test]
    fn nothing_is_drawn_for_labels_that_an_operation_does_not_touch() {
        let draw: Draw = Arc::new(|| panic!("drawn"));
        let overrides = overrides(&["a", "percent(50)"], &["a"], None, draw);
        let touched = supergraph(&["a", "percent(50)"]).label_set(["a"]);
        assert_eq!(overrides.decide(&touched, &HeaderMap::new()), touched);
    }

    #[test]
    fn a_header_counts_only_where_it_is_allowed_and_never_for_percentages() {
        let labels = ["a", "b", "percent(0)"];
        let all: LabelSet = supergraph(&labels).label_ids().collect();
        let mut headers = HeaderMap::new();
        headers.insert("x-labels", "percent(0), b".parse().unwrap());
        let decide = |header| overrides(&labels, &[], header, Arc::new(|| 0.0)).decide(&all, &headers);
        assert_eq!(decide(Some("x-labels")), supergraph(&labels).label_set(["b"]));
        assert!(decide(None).is_empty());
    }
}
