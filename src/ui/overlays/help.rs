//! The help page as lines. What stands on it is `core::here`'s business; here are only its columns.

use crate::config::theme::Role;
use crate::core::here::{self, HelpLine};
use crate::core::model::Model;
use crate::ui::parts::line::Line;

pub fn lines(model: &Model, wide: usize) -> Vec<Line> {
    let page = here::help(model, wide);
    let widest = page.iter().filter_map(|l| match l {
        HelpLine::Keys(keys, _) => Some(keys.chars().count()),
        HelpLine::Title(_) | HelpLine::Text(_) => None,
    });
    let column = widest.max().unwrap_or(0) + 1;
    let line = |l: HelpLine| match l {
        HelpLine::Title(text) => match text.split_once("  ") {
            Some((head, rest)) => Line::of(Role::Title, head).text(format!("  {rest}")),
            None => Line::of(Role::Title, text),
        },
        HelpLine::Keys(keys, text) => Line::new().text("  ").left(Role::Key, keys, column).text(text),
        HelpLine::Text(text) => Line::new().text("  ").text(text),
    };
    page.into_iter().map(line).collect()
}
