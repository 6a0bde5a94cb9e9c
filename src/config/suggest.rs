//! The nearest valid name to what was typed. Knows no file and no key.

/// The nearest of `names`, if it is near enough to be meant: at most a third of the letters differ, and at most three.
pub fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (typed.chars().count() / 3).clamp(1, 3);
    names.into_iter().map(|n| (distance(typed, n), n)).filter(|&(d, _)| d <= limit).min().map(|(_, n)| n)
}

/// `did you mean "x"?`, else `allowed: a, b, c`.
pub fn hint<'n>(typed: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    if let Some(near) = nearest(typed, names.clone()) {
        return Some(format!("did you mean \"{near}\"?"));
    }
    let all: Vec<&str> = names.into_iter().collect();
    if all.is_empty() {
        return None;
    }
    // More than this is a page, not a hint.
    let shown = all.len().min(24);
    let more = if shown < all.len() { ", ..." } else { "" };
    Some(format!("allowed: {}{more}", all[..shown].join(", ")))
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment),
/// upper and lower case being equal.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().take(64).flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            let mut best = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if swap {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_nothing_far_away() {
        let names = ["roll-back", "hold", "resume", "promote"];
        assert_eq!(nearest("rolback", names), Some("roll-back"));
        assert_eq!(nearest("ROLL-BACK", names), Some("roll-back"));
        assert_eq!(nearest("hodl", names), Some("hold"));
        assert_eq!(nearest("freeze", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn a_hint_lists_what_is_allowed_when_nothing_is_near() {
        assert_eq!(hint("zzz", ["ab", "cd"]).as_deref(), Some("allowed: ab, cd"));
        assert_eq!(hint("zzz", []), None);
    }

    #[test]
    fn a_swap_counts_once() {
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
