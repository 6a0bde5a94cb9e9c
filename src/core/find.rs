//! How well what was typed fits a text: letters in order, better at the starts of words and in runs. Pure and small.
//! Knows nothing of what the texts mean; the order of equals is the caller's.

/// Longer texts are looked at this far.
const MOST: usize = 200;
/// Where a word begins, the text's first letter included.
const START: i32 = 10;
/// The very first letter.
const FIRST: i32 = 4;
/// Right behind the letter before.
const RUN: i32 = 8;
/// Any letter that fits.
const FITS: i32 = 4;
const NONE: i32 = i32::MIN / 2;

/// Lower case; what people type for a hyphen is a hyphen.
fn fold(text: &str) -> Vec<char> {
    let one = |c: char| if matches!(c, '-' | '_') { ' ' } else { c.to_lowercase().next().unwrap_or(c) };
    text.chars().take(MOST).map(one).collect()
}

/// `None`: its letters do not all stand in the text in this order. Higher is better. Nothing typed fits everything.
pub fn score(typed: &str, text: &str) -> Option<i32> {
    let (typed, text) = (fold(typed.trim()), fold(text));
    if typed.is_empty() {
        return Some(0);
    }
    // best[j]: the best way in which what was typed so far ends at letter j.
    let mut best = vec![NONE; text.len()];
    for (i, c) in typed.iter().enumerate() {
        let mut next = vec![NONE; text.len()];
        // The best end further left, a point less for every letter passed over.
        let mut far = NONE;
        for (j, t) in text.iter().enumerate() {
            if j >= 2 {
                far = (far - 1).max(best[j - 2] - 2);
            }
            if t != c {
                continue;
            }
            let starts = j == 0 || !text[j - 1].is_alphanumeric();
            let here = FITS + i32::from(starts) * START + i32::from(j == 0) * FIRST;
            let before = match (i, j) {
                (0, _) => 0,
                (_, 0) => NONE,
                (_, _) => far.max(best[j - 1] + RUN),
            };
            if before > NONE / 2 {
                next[j] = before + here;
            }
        }
        best = next;
    }
    let best = best.into_iter().max().filter(|s| *s > NONE / 2)?;
    // Of two texts that fit alike the shorter one was meant.
    Some(best - i32::try_from(text.len() / 8).unwrap_or(0))
}

/// Every word stands somewhere in the text. Case does not matter; no words fit everything.
pub fn holds(text: &str, words: &str) -> bool {
    words.split_whitespace().all(|w| contains(text, w))
}

/// `word` stands in `text`, whatever the case of either. Nothing is built for plain text: lists of a thousand rows are
/// looked through at every frame.
pub fn contains(text: &str, word: &str) -> bool {
    if !text.is_ascii() || !word.is_ascii() {
        return text.to_lowercase().contains(&word.to_lowercase());
    }
    word.is_empty() || text.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(typed: &str, texts: &[&'a str]) -> Option<&'a str> {
        let mut all: Vec<_> = texts.iter().filter_map(|t| Some((score(typed, t)?, *t))).collect();
        all.sort_by_key(|(s, _)| std::cmp::Reverse(*s));
        all.first().map(|(_, t)| *t)
    }

    #[test]
    fn starts_of_words_and_runs_win() {
        let names = ["runbook", "roll-back", "board", "previous-row", "resume", "search", "checkout"];
        assert_eq!(best("rb", &names), Some("roll-back"));
        assert_eq!(best("roll back", &names), Some("roll-back"));
        assert_eq!(best("RUN", &names), Some("runbook"));
        assert_eq!(best("chk", &names), Some("checkout"));
        assert_eq!(best("res", &["drill-faster-res", "resume"]), Some("resume"));
        assert_eq!(best("xyz", &names), None);
    }

    #[test]
    fn nothing_typed_fits_everything_and_more_letters_than_there_are_fit_nothing() {
        assert_eq!(score("", "anything"), Some(0));
        assert_eq!(score("   ", "anything"), Some(0));
        assert_eq!(score("anything more", "anything"), None);
        assert_eq!(score("a", ""), None);
    }

    #[test]
    fn words_may_stand_in_any_order() {
        assert!(holds("checkout@eu-1 shop v2.14.1 WORSE", "worse EU"));
        assert!(!holds("checkout@eu-1 shop v2.14.1 WORSE", "worse us"));
        assert!(holds("anything", "  "));
        assert!(holds("Zürich", "zÜR") && !holds("Zürich", "zur"));
    }
}
