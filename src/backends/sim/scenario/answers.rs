//! What a drill answers in place of programs and addresses that runbooks name: nothing runs, nothing is reached.

use super::Scenario;
use serde::Deserialize;

/// The first whose words are part of the program's own answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandAnswer {
    /// A part of the program and its words as they are shown.
    #[serde(rename = "match")]
    pub words: String,
    #[serde(default)]
    pub output: String,
    #[serde(default)]
    pub exit: i32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressAnswer {
    /// A part of the address.
    #[serde(rename = "match")]
    pub part: String,
    pub status: u16,
    #[serde(default)]
    pub body: String,
}

impl Scenario {
    /// Output and exit code. `None`: the scenario says nothing of it.
    pub fn answer_command(&self, words: &str) -> Option<(String, i32)> {
        self.commands.iter().find(|c| words.contains(&c.words)).map(|c| (c.output.clone(), c.exit))
    }

    /// Body and status.
    pub fn answer_address(&self, url: &str) -> Option<(String, i32)> {
        self.addresses.iter().find(|a| url.contains(&a.part)).map(|a| (a.body.clone(), i32::from(a.status)))
    }
}
