//! The window's title (opt-in): where this is, whether it may act, how much is wrong. Our own words and figures only; no
//! name from outside ever stands in it.

use crate::core::board::Glyph;
use crate::core::model::{Model, Place};

/// `andon PROD ARMED - 1 worse, 2 blind`
pub fn title(model: &Model) -> String {
    let place = match model.environment.place {
        Place::Prod => "PROD",
        Place::Other => "NOT PRODUCTION",
        Place::Drill => "DRILL",
        Place::Replay => "REPLAY",
    };
    let arming = match (model.environment.read_only, model.is_armed()) {
        (true, _) => "READ-ONLY",
        (false, true) => "ARMED",
        (false, false) => "LOOK-ONLY",
    };
    let count = |g: Glyph| model.rows.iter().filter(|r| r.glyph == g).count();
    let (worse, blind) = (count(Glyph::Bad), count(Glyph::Blind));
    let mut said = Vec::new();
    if worse > 0 {
        said.push(format!("{worse} worse"));
    }
    if blind > 0 {
        said.push(format!("{blind} blind"));
    }
    let said = if said.is_empty() { String::new() } else { format!(" - {}", said.join(", ")) };
    format!("andon {place} {arming}{said}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::stories;

    #[test]
    fn it_says_place_arming_and_how_much_is_wrong() {
        assert_eq!(title(&stories::armed().model), "andon PROD ARMED");
        let mut w = stories::worse();
        let said = title(&w.model);
        assert!(said.starts_with("andon PROD LOOK-ONLY - 1 worse"), "{said}");
        w.model.environment.name = "evil\u{7}name".into();
        w.model.environment.place = Place::Other;
        assert!(!title(&w.model).contains("evil"));
    }
}
