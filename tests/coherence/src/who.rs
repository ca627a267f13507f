//! Who asks. `table` gets to see a client's user and plan: what it says of a user is private, what it says of both is for those who look
//! the same to it.

use rand::RngExt;
use rand::rngs::StdRng;

pub const USER: &str = "x-user";
pub const PLAN: &str = "x-plan";

/// A client, by what it sends of itself; nothing where a header is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    pub user: &'static str,
    pub plan: &'static str,
    /// Whole lines.
    headers: &'static str,
}

const NOBODY: Who = Who {
    user: "",
    plan: "",
    headers: "",
};
/// The same user as the next: what is private to him is there for both, what he sees is not.
const ANN: Who = Who {
    user: "ann",
    plan: "",
    headers: "x-user: ann\r\n",
};
const ANN_WITH_A_PLAN: Who = Who {
    user: "ann",
    plan: "gold",
    headers: "x-user: ann\r\nx-plan: gold\r\n",
};
const BEN: Who = Who {
    user: "ben",
    plan: "gold",
    headers: "x-user: ben\r\nx-plan: gold\r\n",
};

impl Who {
    pub fn headers(&self) -> &'static str {
        self.headers
    }

    /// Few, so that they find what was kept for them.
    pub fn draw(random: &mut StdRng) -> Self {
        match random.random_range(0..10) {
            0..4 => NOBODY,
            4..6 => ANN,
            6..8 => ANN_WITH_A_PLAN,
            _ => BEN,
        }
    }
}
