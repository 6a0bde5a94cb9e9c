//! A sheet: a dialog with fields, for acts that make records, and for side acts that send one request. Rows are chosen, a text row is typed in a
//! line, a choice is cycled; `Y` confirms under the rules of every dialog. Plain data; what it becomes is update's matter.

use super::side::Sends;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Characters a text row may have.
pub const TEXT_MOST: usize = 500;

/// What the sheet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    OpenIncident,
    ChangeIncident,
    CloseIncident,
    TakeLead,
    GiveLead,
    /// Debts and follow-ups.
    Tasks,
    Tell,
    Decide,
    /// The two checklists of a change.
    Checklists,
    /// Alerts and pages; a verdict has a dialog of its own.
    Ack,
    Silence,
    Wake,
    Revoke,
    FlagOff,
    FlagOn,
}

impl What {
    /// What `Y` does, in the last line.
    pub fn verb(self) -> &'static str {
        match self {
            What::OpenIncident => "open it",
            What::ChangeIncident => "change it",
            What::CloseIncident => "close it",
            What::TakeLead => "take the lead",
            What::GiveLead => "give the lead",
            What::Tasks => "keep it",
            What::Tell => "record as told",
            What::Decide => "record it",
            What::Checklists => "keep the ticks",
            What::Ack => "acknowledge",
            What::Silence => "do it",
            What::Wake => "call",
            What::Revoke => "revoke",
            What::FlagOff => "turn it off",
            What::FlagOn => "turn it on",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Field {
    Text(String),
    /// At least one option.
    Choice {
        options: Vec<Arc<str>>,
        at: usize,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The member of the record it becomes.
    pub key: Arc<str>,
    /// As it stands before the field.
    pub name: Arc<str>,
    pub field: Field,
    /// A text that must not be empty: what is asked for.
    pub must: Option<Arc<str>>,
    /// What is known of it, said beside the choice or in the place of an empty text.
    #[serde(default)]
    pub beside: Arc<str>,
    /// A person set it: only then does it come back after the sheet was closed.
    #[serde(default)]
    pub by_hand: bool,
}

/// A text row being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    pub text: String,
    /// The cursor, in characters.
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    pub what: What,
    /// `OPEN INCIDENT`
    pub title: Arc<str>,
    /// Behind the title: the incident, the service.
    pub on: Arc<str>,
    /// Lines above the rows.
    pub said: Vec<Arc<str>>,
    pub rows: Vec<Row>,
    /// The chosen row.
    pub at: usize,
    pub typing: Option<Typing>,
    /// Lines under the rows, each with whether it asks for attention.
    pub below: Vec<(bool, Arc<str>)>,
    /// What the record holds besides the rows.
    pub data: Value,
    /// No key came for a second before it opened. Else what is typed may be meant for another window.
    pub quiet: bool,
    /// Why the last `Y` did nothing.
    pub wants: Option<Arc<str>>,
    /// A row was changed by hand.
    pub touched: bool,
    /// What goes out by it. `None`: it sends nothing.
    #[serde(default)]
    pub sends: Option<Box<Sends>>,
}

/// The row in which the target's name is typed, where one is due; always the last.
pub const NAME_ROW: &str = "target-name";

impl Row {
    pub fn text(key: &str, name: &str, value: impl Into<String>) -> Row {
        Row {
            key: key.into(),
            name: name.into(),
            field: Field::Text(value.into()),
            must: None,
            beside: "".into(),
            by_hand: false,
        }
    }

    pub fn choice(key: &str, name: &str, options: &[&str], at: usize) -> Row {
        let options = options.iter().map(|o| Arc::from(*o)).collect();
        Row {
            key: key.into(),
            name: name.into(),
            field: Field::Choice { options, at },
            must: None,
            beside: "".into(),
            by_hand: false,
        }
    }

    pub fn beside(mut self, words: impl Into<Arc<str>>) -> Row {
        self.beside = words.into();
        self
    }

    pub fn must(mut self, ask: &str) -> Row {
        self.must = Some(ask.into());
        self
    }

    /// The text, or the chosen option.
    pub fn value(&self) -> &str {
        match &self.field {
            Field::Text(t) => t.trim(),
            Field::Choice { options, at } => options.get(*at).map_or("", |o| o),
        }
    }

    /// What a person had set in the same row of a sheet that was closed: a text as it was, an option where it is still one.
    /// False: nobody had set it, or it can no longer be chosen.
    pub fn take_back(&mut self, old: &Row) -> bool {
        if !old.by_hand {
            return false;
        }
        let taken = match (&mut self.field, &old.field) {
            (Field::Text(new), Field::Text(old)) => {
                *new = old.clone();
                true
            }
            (Field::Choice { options, at }, Field::Choice { .. }) => {
                let found = options.iter().position(|o| **o == *old.value());
                *at = found.unwrap_or(*at);
                found.is_some()
            }
            (Field::Text(_), Field::Choice { .. }) | (Field::Choice { .. }, Field::Text(_)) => false,
        };
        self.by_hand |= taken;
        taken
    }

    /// Which option is chosen.
    pub fn option(&self) -> Option<usize> {
        match &self.field {
            Field::Text(_) => None,
            Field::Choice { at, .. } => Some(*at),
        }
    }
}

impl Sheet {
    pub fn new(what: What, title: &str, on: impl Into<Arc<str>>) -> Sheet {
        Sheet {
            what,
            title: title.into(),
            on: on.into(),
            said: Vec::new(),
            rows: Vec::new(),
            at: 0,
            typing: None,
            below: Vec::new(),
            data: Value::Null,
            quiet: false,
            wants: None,
            touched: false,
            sends: None,
        }
    }

    /// The row being typed is that of the name.
    pub fn types_name(&self) -> bool {
        self.sends.is_some() && self.typing.is_some() && self.rows.get(self.at).is_some_and(|r| *r.key == *NAME_ROW)
    }

    /// The last row is that of the name where one is due, and is not where none is.
    pub fn ask_name(&mut self) {
        let due = self.sends.as_ref().and_then(|s| s.name.as_ref()).map(|n| n.must.clone());
        let has = self.rows.last().is_some_and(|r| *r.key == *NAME_ROW);
        if has {
            self.rows.pop();
        }
        if let Some(must) = due {
            self.rows.push(Row::text(NAME_ROW, "name", "").must(&format!("the name is typed: {must}, then enter")));
            if self.rows.len() == 1 {
                self.at = 0;
                self.typing = Some(Typing::default());
            }
        } else if has && self.typing.is_some() && self.at >= self.rows.len() {
            self.typing = None;
        }
        self.at = self.at.min(self.rows.len().saturating_sub(1));
    }

    pub fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|r| *r.key == *key)
    }

    /// The row's text or chosen option; empty where there is no such row.
    pub fn value(&self, key: &str) -> &str {
        self.row(key).map_or("", Row::value)
    }

    /// What has to be said before it can be confirmed; the row it is about.
    pub fn missing(&self) -> Option<(usize, Arc<str>)> {
        let empty = self.rows.iter().enumerate().find(|(_, r)| r.must.is_some() && r.value().is_empty());
        empty.and_then(|(n, r)| Some((n, r.must.clone()?)))
    }

    /// Up or down, held at the ends.
    pub fn choose(&mut self, by: i64) {
        let last = self.rows.len().saturating_sub(1) as i64;
        self.at = (self.at as i64).saturating_add(by).clamp(0, last) as usize;
    }

    /// The next option of the chosen row; false for a row of text.
    pub fn cycle(&mut self) -> bool {
        let Some(row) = self.rows.get_mut(self.at) else { return false };
        match &mut row.field {
            Field::Choice { options, at } => {
                *at = (*at + 1) % options.len().max(1);
                row.by_hand = true;
                self.touched = true;
                true
            }
            Field::Text(_) => false,
        }
    }

    /// Begins to type the chosen row; false for a choice.
    pub fn edit(&mut self) -> bool {
        match self.rows.get(self.at).map(|r| &r.field) {
            Some(Field::Text(t)) => {
                self.typing = Some(Typing { text: t.clone(), at: t.chars().count() });
                true
            }
            Some(Field::Choice { .. }) | None => false,
        }
    }

    /// What was typed becomes the row.
    pub fn keep(&mut self) {
        let Some(typed) = self.typing.take() else { return };
        let Some(row) = self.rows.get_mut(self.at) else { return };
        if let Field::Text(t) = &mut row.field
            && *t != typed.text
        {
            *t = typed.text;
            row.by_hand = true;
            self.touched = true;
        }
    }

    /// All rows as text, for the clipboard.
    pub fn copied(&self) -> String {
        let rows = self.rows.iter().filter(|r| !r.value().is_empty());
        rows.map(|r| format!("{}: {}", r.name, r.value())).collect::<Vec<_>>().join("\n")
    }
}

impl Typing {
    fn byte(&self, at: usize) -> usize {
        self.text.char_indices().nth(at).map_or(self.text.len(), |(i, _)| i)
    }

    pub fn insert(&mut self, c: char) {
        if !c.is_control() && self.text.chars().count() < TEXT_MOST {
            let at = self.byte(self.at);
            self.text.insert(at, c);
            self.at += 1;
        }
    }

    pub fn backspace(&mut self) {
        if self.at > 0 {
            self.at -= 1;
            self.delete();
        }
    }

    pub fn delete(&mut self) {
        let at = self.byte(self.at);
        if at < self.text.len() {
            self.text.remove(at);
        }
    }

    pub fn move_by(&mut self, by: i64) {
        let last = self.text.chars().count() as i64;
        self.at = (self.at as i64).saturating_add(by).clamp(0, last) as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_typed_left_and_kept() {
        let mut s = Sheet::new(What::Decide, "DECIDE", "");
        s.rows = vec![Row::text("text", "what", "").must("what"), Row::choice("n", "n", &["a", "b"], 0)];
        assert_eq!(s.missing().map(|m| m.0), Some(0));
        assert!(!s.cycle() && s.edit());
        "h\u{e9}lo".chars().for_each(|c| s.typing.as_mut().unwrap().insert(c));
        let t = s.typing.as_mut().unwrap();
        t.move_by(-2);
        t.insert('l');
        t.move_by(-99);
        t.delete();
        t.move_by(99);
        t.backspace();
        t.insert('\u{7}');
        assert_eq!(t.text, "\u{e9}ll");
        s.keep();
        assert!(s.missing().is_none() && s.touched);
        s.choose(9);
        assert!(s.cycle() && !s.edit());
        assert_eq!(s.value("n"), "b");
        assert!(s.cycle());
        assert_eq!(s.copied(), "what: \u{e9}ll\nn: a");
    }
}
