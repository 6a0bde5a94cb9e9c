//! One copy of every string that many rows hold: namespaces, uids of owners, hashes, images, reasons. Pure.

use super::dto::Meta;
use super::lenient::Notes;
use std::collections::HashSet;
use std::sync::Arc;

/// Below this nothing is swept.
const FEW: usize = 4_096;

/// The table. What nobody holds any more goes when it has doubled.
#[derive(Debug, Default)]
pub struct Words {
    all: HashSet<Arc<str>>,
    kept: usize,
}

impl Words {
    /// Replaces `word` by the copy in the table.
    pub fn one(&mut self, word: &mut Arc<str>) {
        if let Some(known) = self.all.get(word) {
            *word = known.clone();
            return;
        }
        self.all.insert(word.clone());
        if self.all.len() > FEW.max(self.kept * 2) {
            self.all.retain(|w| Arc::strong_count(w) > 1);
            self.kept = self.all.len();
        }
    }

    pub fn maybe(&mut self, word: &mut Option<Arc<str>>) {
        if let Some(word) = word {
            self.one(word);
        }
    }

    pub fn notes(&mut self, notes: &mut Notes) {
        let all = std::mem::take(&mut notes.0);
        notes.0 = all
            .into_iter()
            .map(|(mut k, mut v)| {
                self.one(&mut k);
                self.one(&mut v);
                (k, v)
            })
            .collect();
    }

    /// Everything in it but name and version, which are its own.
    pub fn meta(&mut self, m: &mut Meta) {
        self.maybe(&mut m.namespace);
        self.maybe(&mut m.uid);
        self.notes(&mut m.labels);
        self.notes(&mut m.annotations);
        for o in &mut m.owner_references {
            self.maybe(&mut o.kind);
            self.maybe(&mut o.name);
            self.maybe(&mut o.uid);
        }
        m.managed_fields.iter_mut().for_each(|h| self.one(&mut h.manager));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_are_one_copy_and_what_nobody_holds_goes() {
        let mut t = Words::default();
        let (mut a, mut b): (Arc<str>, Arc<str>) = ("shop".into(), "shop".into());
        t.one(&mut a);
        t.one(&mut b);
        assert!(Arc::ptr_eq(&a, &b));
        for n in 0..=FEW {
            t.one(&mut format!("w{n}").into());
        }
        assert!(t.all.len() < 9, "{}", t.all.len());
        let mut c: Arc<str> = "shop".into();
        t.one(&mut c);
        assert!(Arc::ptr_eq(&a, &c), "held, so kept");
    }
}
