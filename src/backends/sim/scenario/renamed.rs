//! A scenario played with a team's own services: its services' names are replaced by theirs wherever they stand as a word,
//! in what it says as well, so that the story stays one.

use super::Scenario;
use std::collections::BTreeMap;

impl Scenario {
    /// The scenario's services in the order in which they matter to it: those that something goes wrong with, those that
    /// are asked about, the rest.
    pub fn by_matter(&self) -> Vec<String> {
        let faults = self.faults.iter().filter_map(|f| f.service.as_ref().map(ToString::to_string));
        let asked = self.good.iter().map(|g| g.on.to_string());
        let all = self.services.iter().map(|s| s.name.to_string());
        let mut out: Vec<String> = Vec::new();
        for name in faults.chain(asked).chain(all) {
            if !out.contains(&name) && self.services.iter().any(|s| s.name.as_str() == name) {
                out.push(name);
            }
        }
        out
    }
}

/// Every string of the table with these words replaced; keys stay.
pub(super) fn rename(table: &mut toml::Table, names: &BTreeMap<String, String>) {
    table.iter_mut().for_each(|(_, v)| value(v, names));
}

fn value(v: &mut toml::Value, names: &BTreeMap<String, String>) {
    match v {
        toml::Value::String(s) => *s = words(s, names),
        toml::Value::Array(all) => all.iter_mut().for_each(|v| value(v, names)),
        toml::Value::Table(t) => rename(t, names),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => {}
    }
}

/// A name counts where no letter, digit or `_` stands beside it; of two that begin alike the longer one.
fn words(text: &str, names: &BTreeMap<String, String>) -> String {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    let mut known: Vec<(&String, &String)> = names.iter().collect();
    known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let (mut out, mut rest, mut before) = (String::with_capacity(text.len()), text, ' ');
    while let Some(c) = rest.chars().next() {
        let here =
            |name: &str| rest.strip_prefix(name).is_some_and(|after| !name.is_empty() && !after.starts_with(joins));
        if let Some((name, by)) = known.iter().find(|(name, _)| !joins(before) && here(name)) {
            out.push_str(by);
            rest = &rest[name.len()..];
            before = 'x';
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            before = c;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::EMBEDDED;
    use super::*;

    #[test]
    fn words_are_replaced_where_they_stand_alone() {
        let names = [("cart".to_owned(), "basket".to_owned())].into();
        assert_eq!(words("cart, cart-v2 carts (cart)", &names), "basket, basket-v2 carts (basket)");
        let names = [("job".to_owned(), "a".to_owned()), ("job-runner".to_owned(), "b".to_owned())].into();
        assert_eq!(words("job-runner job my_job \u{e9}job", &names), "b a my_job \u{e9}job");
    }

    #[test]
    fn every_scenario_can_be_played_with_other_services() {
        for (name, text) in EMBEDDED {
            let own = Scenario::parse(text).expect(name);
            let of = own.by_matter();
            assert_eq!(of.len(), own.services.len(), "{name}");
            let names: BTreeMap<String, String> =
                of.iter().take(3).enumerate().map(|(i, n)| (n.clone(), format!("svc-{i}"))).collect();
            let theirs = Scenario::parse_with(text, &names).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(theirs.services.iter().any(|s| s.name.as_str() == "svc-0"), "{name}");
            assert!(theirs.services.iter().all(|s| s.name.as_str() != of[0]), "{name}");
            assert_eq!(theirs.faults.len(), own.faults.len());
        }
    }
}
