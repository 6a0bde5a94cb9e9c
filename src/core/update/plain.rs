//! `--plain`: typed words in, one line for each event out. The same intents, dialogs, guards and log as the screens.

use crate::core::effect::Effect;
use crate::core::model::Model;

pub(super) fn line(_model: &mut Model, _line: &str, _out: &mut Vec<Effect>) {}
