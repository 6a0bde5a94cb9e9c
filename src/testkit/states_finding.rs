//! Pictures of finding one's way: the palette, a search, the filter, at three sizes.

use super::picture::Picture;
use super::stories;
use super::world::World;
use crate::core::model::Place;

fn sized(path: &'static str, caption: &'static str, size: (u16, u16), make: fn() -> World) -> Picture {
    Picture { path, caption, size, make }
}

fn typed(mut w: World, text: &str) -> World {
    w.given_themes().wait(1_500).keys(":").type_text(text);
    w
}

impl World {
    fn given_themes(&mut self) -> &mut World {
        self.model.settings.themes = ["default", "light", "high-contrast"].map(Into::into).to_vec();
        self.model.settings.theme = "default".into();
        self
    }
}

fn acts() -> World {
    typed(stories::worse(), "ro")
}

fn filtering() -> World {
    let mut w = stories::worse_on(Place::Prod, "b");
    w.keys("/").type_text("us-1");
    w
}

fn kept() -> World {
    let mut w = filtering();
    w.keys("enter j");
    w
}

pub(super) fn finding() -> Vec<Picture> {
    const SMALL: (u16, u16) = (60, 15);
    const DESIGN: (u16, u16) = (80, 23);
    const ROOMY: (u16, u16) = (120, 40);
    vec![
        sized("palette/open", "Nothing typed yet: screens, services worst first, and the rest.", DESIGN, || {
            typed(stories::worse(), "")
        }),
        sized("palette/letters", "A few letters: what fits best, its keys, and what Enter would do.", DESIGN, acts),
        sized("palette/letters-60x15", "The same in a small window.", SMALL, acts),
        sized("palette/letters-120x40", "The same with more room.", ROOMY, acts),
        sized(
            "palette/act-by-name",
            "The whole name of an act: Enter opens its dialog and sends nothing.",
            DESIGN,
            || typed(stories::worse(), "roll-back"),
        ),
        sized("palette/cannot", "What cannot be taken now says why.", DESIGN, || typed(stories::armed(), "quit")),
        sized("palette/find", "A search over services, targets, sources, runbooks and the log.", DESIGN, || {
            typed(stories::worse(), "find checkout")
        }),
        sized("palette/nothing", "Nothing fits.", DESIGN, || typed(stories::worse(), "xyzzy")),
        sized("filter/typing", "The first match is chosen while one types; the hidden are counted.", DESIGN, filtering),
        sized("filter/typing-60x15", "The same in a small window.", SMALL, filtering),
        sized("filter/typing-120x40", "The same with more room.", ROOMY, filtering),
        sized("filter/kept", "Kept: it says what it hides, the worst by name.", DESIGN, kept),
        sized("filter/kept-60x15", "The same in a small window.", SMALL, kept),
        sized("filter/kept-120x40", "The same with more room.", ROOMY, kept),
        sized("filter/none", "Nothing holds the words: what was chosen stays in sight.", DESIGN, || {
            let mut w = stories::worse_on(Place::Prod, "b");
            w.keys("/").type_text("zzz").keys("enter");
            w
        }),
        sized("filter/sources", "On Sources.", DESIGN, || {
            let mut w = stories::worse();
            w.keys("o /").type_text("prom").keys("enter");
            w
        }),
        sized("filter/help", "In help.", DESIGN, || {
            let mut w = stories::worse();
            w.keys("? /").type_text("back").keys("enter");
            w
        }),
        sized("alarm/new-elsewhere", "New trouble at another service, and the key that goes there.", DESIGN, || {
            let mut w = stories::calm();
            stories::select(&mut w, "search");
            w.keys("v");
            w.burn("payments", 60.0, 60.0, 5.0);
            w
        }),
        sized(
            "verdict/no-such-link",
            "--at names a service that is not here: said, and the worst is shown.",
            DESIGN,
            || {
                let mut w = stories::waking();
                w.model.nav.at = "nowhere@eu-9".parse().ok();
                w.sources().answer_history();
                w
            },
        ),
    ]
}
