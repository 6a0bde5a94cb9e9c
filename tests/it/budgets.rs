//! What screens cost the line, counted (limits.md section 5), and when a slow line has shown a dialog (section 4).
//! The same counts through a real terminal are in `benches/bytes.rs`.

use andon::core::key::Key;
use andon::core::msg::Msg;
use andon::core::world::source::{Link, Roles};
use andon::testkit::drill::Run;
use andon::testkit::{Canary, World, world};
use andon::tty::Frame;
use andon::tty::paint::Painter;
use andon::ui::{Colours, Look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Twenty services, eight sources, six rollouts under way.
fn fleet() -> World {
    let mut w = world();
    w.sources();
    let more = ["ap-1", "sa-1", "logs", "gate", "ci"];
    for id in more {
        w.source(id, "prometheus", Link::Polling, Roles { rollouts: false, telemetry: true, ..Roles::default() });
    }
    for i in 0..20 {
        let name = format!("service-{i:02}");
        w.service(&name, 2, &[120_000]);
        if i % 3 == 0 {
            w.canary(&Canary::new(&name, "eu-1"));
            w.figures(&name, 300, (216.0, if i == 0 { 46.6 } else { 0.1 }), (1948.0, 0.8));
        } else {
            w.canary(&Canary::steady(&name, "us-1"));
        }
        w.burn(&name, 0.2, 0.3, 0.4);
    }
    w
}

/// A terminal's line, with every byte counted.
struct Line {
    painter: Painter,
    look: Look,
    size: (u16, u16),
}

impl Line {
    fn new(size: (u16, u16)) -> Line {
        let look = Look::new(andon::config::theme::default_theme(), Colours::TwoFiftySix, true);
        Line { painter: Painter::new(true), look, size }
    }

    fn draw(&mut self, w: &World) -> usize {
        let (buffer, drawn) = w.drawn(self.size.0, self.size.1, &self.look);
        let bytes = self.painter.paint(&Frame { buffer, cursor: drawn.cursor, tag: None });
        if std::env::var_os("SHOW").is_some() && bytes.len() < 2000 {
            println!("{} {:?}", bytes.len(), String::from_utf8_lossy(&bytes));
        }
        bytes.len()
    }
}

const SIZES: [((u16, u16), usize); 2] = [((80, 23), 10), ((200, 50), 25)];

#[test]
fn screens_keys_and_rows_keep_to_their_bytes() {
    for (size, tenths) in SIZES {
        let limit = |bytes: usize| bytes * tenths / 10;
        let (mut w, mut line) = (fleet(), Line::new(size));
        w.keys("b +");
        let first = line.draw(&w);
        assert!(first <= limit(6_000), "{size:?}: first screen {first} B");
        // Leaving the one that is WORSE raises the alarm row; that is more than a key.
        w.keys("j");
        line.draw(&w);
        let mut keys = Vec::new();
        for key in ["j", "j", "j", "k", "j"] {
            w.keys(key);
            keys.push(line.draw(&w));
        }
        assert!(keys.iter().all(|b| (1..=limit(150)).contains(b)), "{size:?}: keys {keys:?} B");
        w.target_with("service-09", |t| t.message = "the canary does not become ready".into());
        w.canary(&Canary::new("service-09", "eu-1").at(50, 3));
        let row = line.draw(&w);
        assert!(row <= limit(300), "{size:?}: one row {row} B");
        w.keys("ctrl-d");
        let half = line.draw(&w);
        assert!(half <= limit(2_500), "{size:?}: half a page {half} B");
        println!("{size:?}: first {first} B, keys {keys:?} B, row {row} B, half page {half} B");
    }
}

/// So many seconds of sources that answer every 5 to 30 s, and of nothing else.
fn calm(w: &mut World, line: &mut Line, seconds: usize) -> usize {
    let ids: Vec<_> = w.model.world.sources.keys().cloned().collect();
    for id in &ids {
        w.silence(id.as_str());
    }
    let mut bytes = 0;
    for second in 0..seconds {
        w.wait(1_000);
        let now = w.now();
        for (i, id) in ids.iter().enumerate() {
            if (second + 3 * i).is_multiple_of([5, 10, 15, 30][i % 4]) {
                w.source_with(id.as_str(), |s| s.confirmed = Some(now));
            }
        }
        bytes += line.draw(w);
    }
    bytes
}

#[test]
fn a_calm_minute_with_eight_sources_keeps_to_32_bytes_a_second() {
    // Figures grow old after a minute without a new one; that is more than an age.
    for (screen, seconds) in [("b", 40), ("v", 40), ("o", 40), ("i", 40)] {
        let (mut w, mut line) = (fleet(), Line::new((80, 23)));
        // With an incident open: its stopwatch, who is in, and the ages of all that.
        if screen == "i" {
            andon::testkit::states_log::incident(&mut w, true);
        }
        w.keys(screen);
        line.draw(&w);
        assert_eq!(w.model.world.sources.len(), 8);
        let rate = calm(&mut w, &mut line, seconds) as f64 / seconds as f64;
        println!("{screen}: {rate:.1} B/s");
        assert!(rate <= 32.0, "{screen}: {rate:.1} B/s");
    }
}

#[test]
fn on_a_slow_line_the_delay_begins_when_the_dialog_has_arrived() {
    let mut w = andon::testkit::stories::worse();
    w.keys("a r").planned();
    let dialog = w.model.dialog.as_ref().expect("it is open").id;
    w.send(Msg::Arriving { dialog, line_ms: 2_000 });
    // What the clock redraws puts nothing off.
    w.wait(500).send(Msg::Arriving { dialog, line_ms: 5 });
    // 2,000 for the line, 700 of delay; a hand's pause comes with the key.
    w.wait(1_900).keys("Y");
    assert!(w.model.acts.is_empty() && w.model.dialog.as_ref().is_some_and(|d| d.again), "too early");
    w.wait(400).keys("Y");
    assert_eq!(w.model.acts.len(), 1);
}

#[test]
fn a_key_in_the_list_costs_its_rows_and_the_detail_follows_when_the_keys_rest() {
    let mut run = Run::new("f1", 1);
    run.keys("b g");
    run.wait(500);
    let look = Look::new(andon::config::theme::default_theme(), Colours::TwoFiftySix, true);
    let mut painter = Painter::new(true);
    let mut draw = |run: &Run| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 23));
        let drawn = andon::ui::draw(&run.model, &look, buffer.area, &mut buffer);
        let seen = andon::testkit::picture::text(&buffer);
        (painter.paint(&Frame { buffer, cursor: drawn.cursor, tag: None }).len(), seen)
    };
    let name = |run: &Run| run.model.nav.selected.as_ref().expect("a choice").as_str().to_owned();
    let detail = |seen: &str, of: &str| seen.lines().any(|l| l.starts_with(&format!("{of}  v")));
    let before = name(&run);
    let mut last = draw(&run).1;
    assert!(detail(&last, &before));
    for _ in 0..2 {
        run.apply(Msg::Key(Key::char('j')));
        let (bytes, seen) = draw(&run);
        let was = std::mem::replace(&mut last, seen.clone());
        assert!((1..=150).contains(&bytes), "{bytes} B\n{was}\n{seen}");
        // The acts are those of the row that is chosen, at once.
        assert!(seen.contains(&format!("a acts on {}", name(&run).to_uppercase())) && detail(&seen, &before), "{seen}");
        run.think(100);
    }
    assert!(andon::core::update::next_wake(&run.model).0.is_some(), "the loop wakes for it");
    run.think(60);
    let (bytes, seen) = draw(&run);
    assert!(detail(&seen, &name(&run)) && bytes > 150, "{bytes} B\n{seen}");
    // Any other key shows at once what is chosen.
    run.apply(Msg::Key(Key::char('k')));
    run.apply(Msg::Key(Key::char('+')));
    assert!(detail(&draw(&run).1, &name(&run)));
}
