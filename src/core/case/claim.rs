//! Who the person at a shared account is, as far as they said: what the question of `update/who.rs` knows between keys.

use crate::core::entry::Entry;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Characters a name may have.
pub const NAME_MOST: usize = 64;

/// Accounts that several people use, where no setting names others (product.md section 9).
pub const SHARED_ACCOUNTS: [&str; 7] = ["root", "ubuntu", "ec2-user", "admin", "centos", "debian", "core"];

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The unix account, when several people use it. `None`: nobody is asked.
    pub shared: Option<Arc<str>>,
    /// Who they say they are.
    pub name: Option<Arc<str>>,
    /// A backward act went out under no name: the question stands in the last rows until it is answered or put off.
    pub asks: bool,
    /// Records of side acts that wait for the answer.
    pub held: Vec<Entry>,
    /// What would have been said of them.
    pub notice: Option<Arc<str>>,
    /// How many of them this message let go: they are not held again. 0 between messages.
    #[serde(skip)]
    pub let_go: usize,
}

impl Claim {
    /// Is there somebody to be asked?
    pub fn is_open(&self) -> bool {
        self.shared.is_some() && self.name.is_none()
    }
}

/// A typed name as it is kept: no control characters, no blanks around it, at most [`NAME_MOST`] characters. `None`: no name.
pub fn name(typed: &str) -> Option<Arc<str>> {
    let plain: String = typed.chars().filter(|c| !c.is_control()).collect();
    let name: String = plain.trim().chars().take(NAME_MOST).collect();
    let name = name.trim_end();
    (!name.is_empty() && !name.eq_ignore_ascii_case("not given")).then(|| Arc::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain_and_never_the_word_for_none() {
        assert_eq!(name("  Mira K\u{7}\u{1b} ").as_deref(), Some("Mira K"));
        assert_eq!(name(&"x".repeat(500)).map(|n| n.len()), Some(NAME_MOST));
        for none in ["", "   ", "\u{1b}", "Not given"] {
            assert_eq!(name(none), None, "{none:?}");
        }
    }
}
