//! Which places the subgraphs' own errors explain.

use std::collections::HashMap;

use crate::error::{GraphqlError, PathElement};

/// The paths of errors, as a tree. Asking costs the length of the path, however many errors there are.
pub(super) struct Explained {
    /// The root is `nodes[0]`.
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    /// An error's path ends here.
    ends: bool,
    below: HashMap<PathElement, usize>,
}

impl Explained {
    pub(super) fn by(errors: &[GraphqlError]) -> Self {
        let mut tree = Self {
            nodes: vec![Node::default()],
        };
        for error in errors.iter().filter(|error| !error.path.is_empty()) {
            let end = error
                .path
                .iter()
                .fold(0, |node, element| tree.child(node, element));
            tree.nodes[end].ends = true;
        }
        tree
    }

    fn child(&mut self, node: usize, element: &PathElement) -> usize {
        if let Some(child) = self.nodes[node].below.get(element) {
            return *child;
        }
        self.nodes.push(Node::default());
        let child = self.nodes.len() - 1;
        self.nodes[node].below.insert(element.clone(), child);
        child
    }

    /// Whether an error is at the path, above it (what is there is missing as a whole), or below it (the null has
    /// come up from there).
    pub(super) fn covers(&self, path: &[PathElement]) -> bool {
        let mut node = 0;
        for element in path {
            match self.nodes[node].below.get(element) {
                Some(child) => node = *child,
                None => return false,
            }
            if self.nodes[node].ends {
                return true;
            }
        }
        true
    }
}
