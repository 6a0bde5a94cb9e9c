//! Finding one's way by typing: the palette, the filter, links, copying, and the key that goes where the alarm is.

mod stray;

use crate::home::Home;
use andon::core::act::dialog::DialogKind;
use andon::core::alarm::{self, alarms};
use andon::core::board;
use andon::core::effect::Effect;
use andon::core::listing;
use andon::core::model::Place;
use andon::core::msg::Msg;
use andon::core::nav::{Field, Overlay, Screen};
use andon::core::palette::{self, Take};
use andon::core::world::source::Trouble;
use andon::testkit::picture::text;
use andon::testkit::world::{World, world};
use andon::testkit::{Canary, stories};

fn screen(w: &World) -> String {
    text(&w.draw(80, 23))
}

fn chosen(w: &World) -> &str {
    w.model.nav.selected.as_ref().map_or("", |s| s.as_str())
}

/// Opens the palette after a quiet moment and types.
fn palette(w: &mut World, typed: &str) {
    w.wait(1_500).keys(":").type_text(typed);
}

fn field(w: &World) -> Option<&Field> {
    match &w.model.nav.overlay {
        Some(Overlay::Palette(f)) => Some(f),
        _ => None,
    }
}

fn names(w: &World) -> Vec<String> {
    let offer = palette::offer(&w.model, field(w).expect("the palette is open"));
    offer.entries.into_iter().map(|e| e.name).collect()
}

fn act(w: &World) -> Option<String> {
    let d = w.model.dialog.as_ref()?.act()?;
    Some(format!("{} {}", d.operation.verb.word(), d.operation.target.at()))
}

// ---- palette ----

#[test]
fn a_few_letters_find_an_act_a_service_a_screen_and_a_theme() {
    let mut w = stories::worse().given(|m| m.settings.themes = vec!["default".into(), "light".into()]);
    for (typed, first) in [
        ("rb", "roll-back"),
        ("chk", "checkout"),
        ("brd", "board"),
        ("theme light", "theme light"),
        ("lgt", "theme light"),
        ("quit", "quit"),
        ("half down", "half-page-down"),
    ] {
        palette(&mut w, typed);
        assert_eq!(names(&w).first().map(String::as_str), Some(first), "{typed}: {:?}", names(&w));
        w.keys("esc");
    }
    // Every intent can be found; those of another place say so.
    palette(&mut w, "step-tick");
    assert!(screen(&w).contains("only on the runbook screen"), "{}", screen(&w));
}

#[test]
fn an_act_of_the_palette_opens_the_dialog_of_its_keys_on_the_target_chosen_then() {
    let mut w = stories::worse();
    palette(&mut w, "roll-back");
    assert_eq!(chosen(&w), "checkout");
    w.keys("enter");
    assert_eq!(act(&w).as_deref(), Some("roll back checkout@eu-1"));
    assert!(w.model.dialog.as_ref().is_some_and(|d| d.flushed.is_none()), "its delay is its own");
    // Nothing went out by Enter; the dialog asks as it always does.
    w.planned().keys("enter");
    assert!(w.model.dialog.is_none() && w.model.acts.is_empty());
}

#[test]
fn an_act_needs_its_whole_name_or_a_hand_that_chose_it() {
    let mut w = stories::worse();
    palette(&mut w, "roll");
    w.keys("enter");
    assert_eq!(act(&w), None);
    assert!(field(&w).is_some() && screen(&w).contains("roll-back needs its whole name"), "{}", screen(&w));
    w.keys("tab");
    assert_eq!(field(&w).map(|f| f.typed.as_str()), Some("roll-back"));
    w.keys("enter");
    assert_eq!(act(&w).as_deref(), Some("roll back checkout@eu-1"));
    let mut w = stories::worse();
    palette(&mut w, "rol");
    w.keys("down enter");
    assert_eq!(act(&w).as_deref(), Some("roll back checkout@eu-1"));
}

#[test]
fn keys_just_before_the_line_cost_one_more_enter() {
    let mut w = stories::worse();
    w.keys("j k :").type_text("hold").keys("enter");
    assert_eq!(act(&w), None);
    assert!(screen(&w).contains("enter again takes hold"), "{}", screen(&w));
    w.keys("enter");
    assert_eq!(act(&w).as_deref(), Some("hold checkout@eu-1"));
    // Any other key in between, and it is asked for anew.
    let mut w = stories::worse();
    w.keys("j k :").type_text("hold").keys("enter left enter");
    assert_eq!(act(&w), None);
}

#[test]
fn pasted_text_and_bursts_never_take_an_act() {
    let mut w = stories::worse();
    w.wait(1_500).keys(":").send(Msg::Paste("roll-back\nrm -rf /\u{1b}[31m".into()));
    assert_eq!(field(&w).map(|f| f.typed.as_str()), Some("roll-back"), "the first line only");
    w.keys("enter down enter");
    assert_eq!(act(&w), None);
    w.keys("esc").wait(1_500).keys(":").send(Msg::Paste("x".repeat(5_000)));
    assert_eq!(field(&w).map(|f| f.typed.chars().count()), Some(200));
    // All of it within a few milliseconds: a paste that was not bracketed.
    let mut w = stories::worse();
    w.wait(1_500);
    for c in ":roll-back".chars() {
        w.send(Msg::Key(andon::core::key::Key::char(c)));
    }
    w.send(Msg::Key(andon::core::key::Key::plain(andon::core::key::Code::Enter)));
    assert_eq!(act(&w), None);
}

#[test]
fn words_do_not_take_an_armed_console_away() {
    for name in ["quit", "suspend"] {
        let mut w = stories::armed();
        w.effects.clear();
        palette(&mut w, name);
        w.keys("enter enter tab enter q q");
        assert!(w.model.is_armed() && field(&w).is_some());
        assert!(!w.effects.iter().any(|e| matches!(e, Effect::Quit(_) | Effect::Suspend)));
    }
    let mut w = stories::worse();
    palette(&mut w, "quit");
    w.keys("enter");
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Quit(0))), "look-only it leaves as q does");
}

#[test]
fn any_other_key_cancels_the_first_q() {
    let mut w = stories::armed();
    w.keys("q j q");
    assert!(!w.effects.iter().any(|e| matches!(e, Effect::Quit(_))));
    w.keys("q");
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Quit(0))));
}

#[test]
fn arming_by_name_is_the_dialog_of_arming() {
    let mut w = stories::worse();
    palette(&mut w, "arm");
    w.keys("enter");
    assert!(w.model.dialog.as_ref().is_some_and(|d| matches!(d.kind, DialogKind::Arm)) && !w.model.is_armed());
}

#[test]
fn a_service_a_source_and_a_step_are_found_wherever_they_are_and_esc_comes_back() {
    let mut w = stories::worse();
    palette(&mut w, "payments");
    w.keys("enter");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Verdict, "payments"));
    w.keys("esc");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Verdict, "checkout"), "and what was chosen is again");
    palette(&mut w, "find metrics prometheus");
    assert!(screen(&w).contains("goes to Sources, metrics"), "{}", screen(&w));
    w.keys("enter");
    assert_eq!((w.model.nav.screen, w.model.nav.source_row), (Screen::Sources, 1));
    w.keys("esc");
    assert_eq!(w.model.nav.screen, Screen::Verdict);
    palette(&mut w, "find budget burns");
    w.keys("enter");
    assert_eq!(w.model.nav.screen, Screen::Runbook);
    let book = listing::this_runbook(&w.model).and_then(|n| w.model.runbooks.get(&n)).expect("a runbook");
    assert!(book.steps[w.model.nav.step_row].title.contains("budget"));
    w.keys("esc");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Verdict, "checkout"));
}

#[test]
fn log_lines_and_targets_are_found_as_well() {
    let mut w = stories::worse();
    palette(&mut w, "find verdict worse");
    let offer = palette::offer(&w.model, field(&w).expect("open"));
    assert!(offer.entries.iter().any(|e| e.help.starts_with("log: ")), "{offer:?}");
    w.keys("esc");
    palette(&mut w, "find payments@us-1");
    w.keys("enter");
    assert_eq!(chosen(&w), "payments");
}

#[test]
fn after_a_jump_one_chose_oneself_esc_keeps_that_choice() {
    let mut w = stories::worse_on(Place::Prod, "b");
    palette(&mut w, "payments");
    w.keys("enter j");
    let own = chosen(&w).to_owned();
    assert_ne!(own, "payments");
    w.keys("esc");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Board, own.as_str()));
}

#[test]
fn leaving_brings_back_what_lay_over_the_screen() {
    let mut w = stories::worse();
    w.keys("enter j j").wait(1_500).keys(":").type_text("chk").keys("esc");
    assert_eq!(w.model.nav.overlay, Some(Overlay::Explain { scroll: 2 }));
}

#[test]
fn enter_with_nothing_that_fits_says_so_and_stays() {
    let mut w = stories::worse();
    palette(&mut w, "xyzzy");
    w.keys("enter");
    assert!(field(&w).is_some() && screen(&w).contains("nothing here is called xyzzy"), "{}", screen(&w));
    palette(&mut stories::worse(), "");
}

#[test]
fn themes_and_reload_are_asked_for_and_nothing_that_does_not_exist_is_listed() {
    let mut w = stories::worse().given(|m| m.settings.themes = vec!["light".into()]);
    palette(&mut w, "theme light");
    w.keys("enter");
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Theme(t) if **t == *"light")));
    palette(&mut w, "reload");
    w.keys("enter");
    assert!(w.effects.contains(&Effect::Reload));
    palette(&mut w, "env");
    assert!(!names(&w).iter().any(|n| n == "env"));
    w.keys("esc");
}

#[test]
fn the_first_list_has_its_own_palette_and_nothing_is_opened_by_fitting() {
    let mut w = stories::choosing();
    palette(&mut w, "us");
    w.keys("enter");
    assert_eq!(w.model.nav.choose_row, 1);
    palette(&mut w, "choose-o");
    w.keys("enter");
    assert!(!w.effects.iter().any(|e| matches!(e, Effect::Choose(_))));
    assert!(!names(&w).iter().any(|n| n == "arm" || n == "roll-back"));
}

// ---- filter ----

#[test]
fn typing_chooses_the_first_match_and_the_rest_is_counted() {
    let mut w = stories::worse_on(Place::Prod, "b");
    w.keys("/").type_text("pay");
    assert_eq!(chosen(&w), "payments");
    assert!(screen(&w).contains("/pay  1 of 19 services"), "{}", screen(&w));
    w.keys("enter");
    let s = screen(&w);
    assert!(s.contains("18 hidden: 1 WORSE") && s.contains("esc show all"), "{s}");
    assert_eq!(board::listed(&w.model).count(), 1);
    // What the notice would cover is still said.
    w.model.tell("something");
    assert!(screen(&w).contains("/pay"), "{}", screen(&w));
    w.keys("v esc");
    assert!(w.model.nav.filter.is_none(), "esc clears the filter before it goes back");
    assert_eq!(w.model.nav.screen, Screen::Verdict);
    w.keys("esc");
    assert_eq!(w.model.nav.screen, Screen::Board);
}

#[test]
fn words_are_anded_over_names_places_versions_and_verdicts() {
    let mut w = stories::worse_on(Place::Prod, "b");
    for (words, first) in [("us-1 shop pay", "payments"), ("WORSE", "checkout"), ("v2.14.1 worse eu", "checkout")] {
        w.keys("/").type_text(words);
        assert_eq!(chosen(&w), first, "{words}");
        w.keys("esc");
    }
    // Fine services are searched as well, though they are folded.
    w.keys("/").type_text("vouch");
    assert_eq!(chosen(&w), "vouchers");
}

#[test]
fn esc_while_typing_is_as_if_nothing_was_typed() {
    let mut w = stories::worse_on(Place::Prod, "b");
    w.keys("/").type_text("auth").keys("enter");
    assert_eq!(chosen(&w), "auth");
    w.keys("/").type_text("pay");
    assert_eq!(chosen(&w), "payments");
    w.keys("esc");
    assert_eq!(chosen(&w), "auth");
    assert_eq!(w.model.nav.filter.as_ref().map(|f| (f.words.as_str(), f.typing)), Some(("auth", false)));
}

#[test]
fn no_match_leaves_the_choice_in_sight() {
    let mut w = stories::worse_on(Place::Prod, "b");
    w.keys("/").type_text("zzz").keys("enter");
    assert_eq!(chosen(&w), "checkout");
    assert_eq!(board::listed(&w.model).map(|r| r.service.as_str()).collect::<Vec<_>>(), ["checkout"]);
    assert!(screen(&w).contains("0 of 19 services  18 hidden"), "{}", screen(&w));
}

#[test]
fn a_row_that_stops_to_match_keeps_the_choice_and_stays_in_sight() {
    let mut w = stories::judged(1_200, (900.0, 0.2), (2_700.0, 0.6));
    w.keys("b /").type_text("same").keys("enter");
    let was = chosen(&w).to_owned();
    w.fail("metrics", Trouble::Timeout, "gone");
    w.silence("metrics");
    for _ in 0..20 {
        w.wait(15_000);
    }
    assert_eq!(chosen(&w), was);
    assert!(board::listed(&w.model).any(|r| r.service.as_str() == was));
}

#[test]
fn matches_are_walked_around_the_ends() {
    let mut w = stories::worse_on(Place::Prod, "b");
    w.keys(">");
    assert!(screen(&w).contains("nothing was searched for yet"));
    w.keys("/").type_text("us-1").keys("enter");
    let first = chosen(&w).to_owned();
    let n = board::listed(&w.model).count();
    assert!(n > 2);
    for _ in 0..n {
        w.keys(">");
    }
    assert_eq!(chosen(&w), first);
    w.keys("< esc");
    // Without the filter they go on with the words last searched for.
    let at = chosen(&w).to_owned();
    w.keys(">");
    assert_eq!(chosen(&w), first);
    w.keys("<");
    assert_eq!(chosen(&w), at);
}

#[test]
fn sources_steps_and_help_have_their_filters() {
    let mut w = stories::worse();
    w.keys("o /").type_text("prom").keys("enter");
    assert_eq!(w.model.nav.source_row, 1);
    assert!(screen(&w).contains("1 of 3 sources  2 hidden"), "{}", screen(&w));
    w.keys("esc r /").type_text("budget").keys("enter");
    assert!(screen(&w).contains("steps"), "{}", screen(&w));
    assert_eq!(listing::steps(&w.model).len(), 1);
    w.keys("esc v ? /").type_text("roll").keys("enter");
    let s = screen(&w);
    assert!(s.contains("lines hold /roll") && s.contains("roll") && !s.contains("Half a page down"), "{s}");
    w.keys("esc");
    assert!(matches!(w.model.nav.overlay, Some(Overlay::Help { .. })) && w.model.nav.filter.is_none());
    w.keys("esc");
    assert_eq!(w.model.nav.overlay, None);
}

#[test]
fn pasted_words_filter_and_nothing_else() {
    let mut w = stories::worse_on(Place::Prod, "b");
    w.keys("/").send(Msg::Paste("pay\na r Y".into()));
    assert_eq!(chosen(&w), "payments");
    assert!(w.model.dialog.is_none());
}

// ---- links and copying ----

fn copied(w: &World) -> String {
    let last = w.effects.iter().rev().find_map(|e| match e {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    last.unwrap_or_default()
}

#[test]
fn what_is_chosen_is_copied_with_its_figures_its_age_and_its_link() {
    let mut w = stories::worse();
    w.keys("y");
    let text = copied(&w);
    for part in ["checkout@eu-1", "WORSE", "21.6%", "old", "andon --env prod --at checkout@eu-1", "2026-11-21T03:14"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    w.keys("enter y");
    assert!(copied(&w).contains("surely within") && copied(&w).contains("link    andon --env prod"), "{}", copied(&w));
    assert!(matches!(w.model.nav.overlay, Some(Overlay::Explain { .. })), "it stays open");
    w.keys("esc o y");
    assert!(copied(&w).contains("eu-1 kubernetes") && copied(&w).contains("--at @eu-1/sources"), "{}", copied(&w));
    w.keys("r y");
    assert!(copied(&w).contains("--at checkout@eu-1/runbook/1"), "{}", copied(&w));
    palette(&mut w, "link");
    w.keys("enter");
    assert_eq!(copied(&w), "andon --env prod --at checkout@eu-1/runbook/1");
}

#[test]
fn no_control_character_leaves_by_the_clipboard() {
    let mut w = stories::worse();
    w.fail("metrics", Trouble::Shape, "\u{1b}]52;c;ZXZpbA==\u{7}<html>\u{202e}\u{9b}31m");
    // Sources open on the one that failed.
    w.keys("o y");
    let text = copied(&w);
    assert!(text.contains("52;c;"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{text:?}");
}

#[test]
fn a_link_opens_there_and_esc_goes_to_the_board() {
    let opened = |at: &str| {
        let mut w = stories::waking();
        w.model.nav.at = Some(at.parse().expect("a place"));
        w.sources().answer_history();
        w
    };
    let mut w = opened("payments@us-1");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Verdict, "payments"));
    w.keys("esc");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Board, "payments"));
    assert_eq!(opened("search/board").model.nav.screen, Screen::Board);
    let w = opened("checkout/runbook/2");
    assert_eq!((w.model.nav.screen, w.model.nav.step_row), (Screen::Runbook, 1));
    let w = opened("@metrics");
    assert_eq!((w.model.nav.screen, w.model.nav.source_row), (Screen::Sources, 1));
    let w = opened("nowhere@eu-9");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Verdict, "checkout"));
    assert!(screen(&w).contains("there is no such service; this is the worst, checkout"), "{}", screen(&w));
    let w = opened("payments@eu-9");
    assert!(screen(&w).contains("nothing of it is known there; it is at us-1"), "{}", screen(&w));
}

#[test]
fn the_real_program_opens_at_a_link_and_refuses_what_is_none() {
    let home = Home::new("link");
    let mut pty = home.andon(&["drill", "--at", "payments@eu-1"]);
    pty.wait_until("payments on Verdict", |g| g.lines()[3].starts_with("PAYMENTS"));
    pty.keys("Esc");
    pty.wait_until("the Board", |g| g.lines()[3].contains("SERVICE"));
    pty.keys(":");
    pty.wait_for("GO TO, OR DO");
    pty.send("checkout\r");
    pty.wait_until("checkout on Verdict", |g| g.lines()[3].starts_with("CHECKOUT"));
    pty.keys("y");
    pty.wait_for("also saved to");
    pty.keys("Esc q");
    assert_eq!(pty.wait_exit(), 0);
    let (code, said) = home.run(&["--at", "x/nowhere"]);
    assert!(code == 2 && said.contains("no screen"), "{code}: {said}");
}

#[test]
fn a_link_never_waits_longer_than_waking() {
    let mut w = world();
    w.model.nav.at = "checkout".parse().ok();
    w.wait(3_100);
    assert!(w.model.nav.at.is_none());
    assert_ne!(w.model.nav.screen, Screen::Waking);
    // What comes later moves nothing under the hand.
    w.service("checkout", 1, &[]).service("auth", 1, &[]).sources();
    w.canary(&Canary::new("checkout", "eu-1"));
    assert!(w.model.nav.at.is_none());
}

// ---- the alarm's key ----

#[test]
fn new_trouble_elsewhere_speaks_with_a_key_that_goes_there_and_esc_returns() {
    let mut w = stories::calm();
    stories::select(&mut w, "search");
    w.keys("v");
    assert!(alarms(&w.model).is_empty());
    w.burn("payments", 60.0, 60.0, 5.0);
    let first = &alarms(&w.model)[0];
    assert_eq!(first.text, "NEW: payments is burning while it moves");
    assert!(screen(&w).lines().nth(2).is_some_and(|l| l.contains("! goes there")), "{}", screen(&w));
    w.keys("!");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Verdict, "payments"));
    w.keys("esc");
    assert_eq!((w.model.nav.screen, chosen(&w)), (Screen::Verdict, "search"));
    // Looked at once, it is no news any more; it still stands.
    assert_eq!(alarms(&w.model)[0].text, "payments is burning while it moves");
    w.keys("! !");
    assert!(screen(&w).contains("no alarm stands") || screen(&w).contains("what the alarm row speaks of"));
}

#[test]
fn what_was_so_at_the_opening_is_no_news() {
    let mut w = stories::worse_on(Place::Prod, "b");
    stories::select(&mut w, "auth");
    // That an incident is offered is no alarm of its own.
    let own = alarms(&w.model).into_iter().filter(|a| a.rank != alarm::INCIDENT);
    let texts: Vec<String> = own.map(|a| a.text).collect();
    assert_eq!(texts, ["checkout is WORSE"]);
}

#[test]
fn alarms_of_sources_and_the_log_lead_to_sources() {
    let mut w = stories::worse();
    w.source_with("metrics", |s| s.abilities.skew_ms = Some(-42_000));
    // The offer of an incident may stand behind it.
    assert!(screen(&w).lines().nth(2).is_some_and(|l| l.ends_with("o)")), "{}", screen(&w));
    w.keys("!");
    assert_eq!((w.model.nav.screen, w.model.nav.source_row), (Screen::Sources, 1));
    w.keys("esc");
    assert_eq!(w.model.nav.screen, Screen::Verdict);
    assert!(alarm::is_here(&w.model, &alarm::Place::Service("checkout".into())));
}

#[test]
fn a_jump_takes_a_filter_away_that_would_hide_where_it_goes() {
    let mut w = stories::worse_on(Place::Prod, "b");
    w.keys("/").type_text("auth").keys("enter");
    palette(&mut w, "payments");
    w.keys("enter");
    assert_eq!((chosen(&w), w.model.nav.filter.is_none()), ("payments", true));
    assert!(matches!(
        palette::offer(&w.model, &Field { typed: "auth".into(), ..Field::default() }).entries[0].take,
        Take::Service(_)
    ));
}
