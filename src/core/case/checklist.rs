//! The incident checklist: five lines that tick themselves from the record. Each tick names the record that made it.

use super::casebook::Casebook;
use super::incident::Incident;
use super::known::{Known, Rests};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Item {
    /// A threshold is exceeded: a verdict of WORSE, or a burn over the line.
    Thresholds,
    /// What was seen is kept: the figures of an act, or a note with its time.
    Metadata,
    BackOrMitigated,
    /// Somebody will write the postmortem.
    Postmortem,
    Told,
}

impl Item {
    pub const ALL: [Item; 5] = [Item::Thresholds, Item::Metadata, Item::BackOrMitigated, Item::Told, Item::Postmortem];

    /// As it stands on the screen.
    pub fn text(self) -> &'static str {
        match self {
            Item::Thresholds => "thresholds exceeded",
            Item::Metadata => "metadata captured",
            Item::BackOrMitigated => "rolled back or mitigated",
            Item::Postmortem => "postmortem and owner",
            Item::Told => "stakeholders told",
        }
    }

    /// As it stands in a `ticked` record.
    pub fn word(self) -> &'static str {
        match self {
            Item::Thresholds => "thresholds",
            Item::Metadata => "metadata",
            Item::BackOrMitigated => "mitigated",
            Item::Postmortem => "postmortem",
            Item::Told => "told",
        }
    }

    /// May a person tick it where no record shows it? A roll-back somebody did elsewhere, a message sent by telephone.
    /// The figures are not a matter of anybody's word.
    pub fn by_hand(self) -> bool {
        match self {
            Item::Thresholds | Item::Metadata => false,
            Item::BackOrMitigated | Item::Postmortem | Item::Told => true,
        }
    }
}

/// Why a line is ticked.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub rests: Rests,
    pub at: Utc,
    /// `rolled back and settled`
    pub how: String,
    /// A person said so.
    pub by_hand: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub item: Item,
    pub tick: Option<Tick>,
}

fn tick(k: &Known<String>) -> Tick {
    Tick { rests: k.rests.clone(), at: k.at, how: k.value.clone(), by_hand: false }
}

/// All five, in the order of the screen.
pub fn checklist(book: &Casebook, i: &Incident) -> Vec<Line> {
    Item::ALL.into_iter().map(|item| Line { item, tick: ticked(book, i, item) }).collect()
}

/// The lines nothing has ticked.
pub fn holes(book: &Casebook, i: &Incident) -> Vec<Item> {
    checklist(book, i).into_iter().filter(|l| l.tick.is_none()).map(|l| l.item).collect()
}

fn ticked(book: &Casebook, i: &Incident, item: Item) -> Option<Tick> {
    let shown = match item {
        Item::Thresholds => first_bad(i).or_else(|| i.signal().as_ref().map(tick)),
        Item::Metadata => i.captured.as_ref().map(tick),
        Item::BackOrMitigated => book.mitigated(i).as_ref().map(tick),
        Item::Postmortem => postmortem(book, i),
        Item::Told => i.told.first().map(|t| Tick {
            rests: t.rests.clone(),
            at: t.at,
            how: if t.value.audience.is_empty() { "told".into() } else { format!("told {}", t.value.audience) },
            by_hand: false,
        }),
    };
    shown.or_else(|| {
        let by_hand = i.ticked.iter().find(|t| item.by_hand() && t.value.0 == item.word())?;
        Some(Tick {
            rests: by_hand.rests.clone(),
            at: by_hand.at,
            how: format!("{}: {}", by_hand.who, by_hand.value.1),
            by_hand: true,
        })
    })
}

/// The signal that the incident was opened on, by the record it names.
fn first_bad(i: &Incident) -> Option<Tick> {
    let opening = &i.opened.as_ref()?.value;
    let rests = opening.first_bad_rests.clone()?;
    Some(Tick { rests, at: i.began(), how: opening.why.clone(), by_hand: false })
}

fn postmortem(book: &Casebook, i: &Incident) -> Option<Tick> {
    let all = book.follow_ups.all();
    let made = all.iter().filter_map(|t| t.made.as_ref()).find(|m| {
        m.value.incident.as_deref() == Some(&i.id)
            && m.value.what.as_deref() == Some("postmortem")
            && m.value.owner.is_some()
    })?;
    let how = format!("postmortem, {}", made.value.owner.as_deref().unwrap_or_default());
    Some(Tick { rests: made.rests.clone(), at: made.at, how, by_hand: false })
}
