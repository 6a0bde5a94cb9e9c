use super::*;
use crate::config::theme::{Colour, Role};
use std::os::unix::fs::PermissionsExt;

/// A config directory of one test's own, gone at its end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let dir = std::env::temp_dir().join(format!("andon-looks-{name}-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("themes")).unwrap();
        std::fs::create_dir_all(dir.join("keymaps")).unwrap();
        Dir(dir)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn paths(&self) -> Paths {
        Paths { system: None, user: Some(self.0.join("config.toml")), named: false, dir: Some(self.0.clone()) }
    }

    fn wardrobe(&self) -> Wardrobe {
        let (config, problems) = load::load(&self.paths(), &BTreeMap::new());
        Wardrobe::new(self.paths(), BTreeMap::new(), &config, &problems, None)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn words(r: &Reloaded) -> Vec<&str> {
    r.changes.iter().map(|c| &**c).collect()
}

#[test]
fn nothing_changed_says_so() {
    let dir = Dir::new("calm");
    dir.write("config.toml", "theme = \"light\"\n");
    let mut w = dir.wardrobe();
    let (look, r) = w.reload();
    assert_eq!((look, r.keymap.is_some(), words(&r)), (None, false, vec![]));
    assert_eq!((&*r.theme, r.fault, r.problems.len()), ("light", None, 0));
}

#[test]
fn changed_keys_and_a_changed_theme_are_taken_up_and_told() {
    let dir = Dir::new("both");
    dir.write("config.toml", "keymap = \"mine\"\ntheme = \"night\"\n");
    dir.write("keymaps/mine.toml", "[global]\n\"B\" = \"board\"\n");
    dir.write("themes/night.toml", "[roles]\nbad = { fg = 9 }\n");
    let mut w = dir.wardrobe();
    dir.write("keymaps/mine.toml", "[global]\n\"B\" = \"sources\"\n\"z\" = \"verdict\"\n");
    dir.write("themes/night.toml", "[roles]\nbad = { fg = 10 }\n");
    let (look, r) = w.reload();
    assert_eq!(words(&r), ["2 keys changed", "theme night changed"]);
    assert_eq!(look.unwrap().style(Role::Bad).fg, Colour::Indexed(10));
    assert!(r.keymap.is_some());
    dir.write("config.toml", "theme = \"light\"\n");
    let (look, r) = w.reload();
    assert_eq!(words(&r), ["2 keys changed", "theme light"]);
    assert_eq!(look, theme::shipped("light"));
}

#[test]
fn a_file_at_fault_leaves_what_is_in_force_and_names_the_place() {
    let dir = Dir::new("fault");
    dir.write("config.toml", "keymap = \"mine\"\ntheme = \"night\"\n");
    dir.write("keymaps/mine.toml", "[global]\n\"B\" = \"board\"\n");
    dir.write("themes/night.toml", "[roles]\nbad = { fg = 9 }\n");
    let mut w = dir.wardrobe();
    dir.write("themes/night.toml", "[roles]\nbad = { fg = \"raed\" }\n");
    dir.write("keymaps/mine.toml", "[global]\n\"B\" = \"bord\"\n\"z\" = \"verdict\"\n");
    let (look, r) = w.reload();
    assert_eq!((look, r.keymap.is_some(), words(&r)), (None, false, vec![]));
    let fault = r.fault.unwrap();
    assert!(fault.contains("keymaps/mine.toml:2:7   unknown intent \"bord\""), "{fault}");
    assert!(r.problems[1].contains("themes/night.toml:2:14   \"raed\" is not a colour"), "{:?}", r.problems);
    // Mended: taken up, and nothing is told as a problem any more.
    dir.write("themes/night.toml", "[roles]\nbad = { fg = 12 }\n");
    dir.write("keymaps/mine.toml", "[global]\n\"B\" = \"board\"\n\"z\" = \"verdict\"\n");
    let (look, r) = w.reload();
    assert_eq!(look.unwrap().style(Role::Bad).fg, Colour::Indexed(12));
    assert_eq!((words(&r), r.problems.len()), (vec!["1 key changed", "theme night changed"], 0));
}

#[test]
fn a_theme_that_was_tried_stays_until_the_files_ask_for_another() {
    let dir = Dir::new("tried");
    let mut w = dir.wardrobe();
    assert_eq!(w.theme("mono"), Ok(theme::shipped("mono").unwrap()));
    assert_eq!(&*w.reload().1.theme, "mono");
    dir.write("config.toml", "theme = \"light\"\n");
    assert_eq!(&*w.reload().1.theme, "light");
    assert!(w.theme("mono").is_ok());
    assert_eq!(&*w.reload().1.theme, "mono");
    std::fs::remove_file(dir.0.join("config.toml")).unwrap();
    assert_eq!(&*w.reload().1.theme, "default");
}

#[test]
fn the_flag_goes_before_the_files() {
    let dir = Dir::new("flag");
    dir.write("config.toml", "theme = \"light\"\n");
    let (mut config, problems) = load::load(&dir.paths(), &BTreeMap::new());
    config.theme = theme::shipped("mono").unwrap();
    config.theme_name = "mono".into();
    let mut w = Wardrobe::new(dir.paths(), BTreeMap::new(), &config, &problems, Some("mono".into()));
    dir.write("config.toml", "theme = \"high-contrast\"\n");
    let (look, r) = w.reload();
    assert_eq!((look, &*r.theme, words(&r)), (None, "mono", vec![]));
}

#[test]
fn what_needs_a_restart_is_said_and_not_taken() {
    let dir = Dir::new("restart");
    dir.write("config.toml", "tape = true\n");
    let mut w = dir.wardrobe();
    dir.write("config.toml", "tape = true\n[limits]\nconfirm_delay = \"300ms\"\n");
    assert_eq!(words(&w.reload().1), ["config.toml has other changes: they need a restart"]);
}

#[test]
fn a_refused_theme_names_file_and_place_or_what_there_is() {
    let dir = Dir::new("refused");
    dir.write("themes/night.toml", "[roles]\nbad = { fg = \"raed\" }\n");
    let mut w = dir.wardrobe();
    let why = w.theme("night").unwrap_err();
    assert!(why.contains("themes/night.toml:2:14   \"raed\" is not a colour"), "{why}");
    assert!(w.theme("lihgt").unwrap_err().contains("did you mean \"light\"?"));
    assert_eq!(&*w.reload().1.theme, "default");
    let known: Vec<String> = names(dir.paths().dir.as_deref()).iter().map(|n| n.to_string()).collect();
    assert_eq!(known, ["default", "light", "high-contrast", "colour-blind", "mono", "night"]);
}

#[test]
fn a_file_of_one_s_own_goes_before_a_shipped_name_but_never_before_default() {
    let dir = Dir::new("own");
    for name in ["light", "default"] {
        dir.write(&format!("themes/{name}.toml"), "[roles]\nbad = { fg = 9 }\n");
    }
    let fg = |name| theme_named(&dir.paths(), name).unwrap().style(Role::Bad).fg;
    assert_eq!(fg("light"), Colour::Indexed(9));
    assert_ne!(fg("default"), Colour::Indexed(9));
}

#[test]
fn a_theme_that_was_not_there_at_the_start_is_taken_up_once_it_is() {
    let dir = Dir::new("later");
    dir.write("config.toml", "theme = \"night\"\n");
    let mut w = dir.wardrobe();
    let (look, r) = w.reload();
    assert!(look.is_none() && r.fault.unwrap().contains("config.toml:1:9   there is no theme \"night\""));
    dir.write("themes/night.toml", "[roles]\nbad = { fg = 9 }\n");
    let (look, r) = w.reload();
    assert!(look.is_some());
    assert_eq!((&*r.theme, words(&r)), ("night", vec!["theme night"]));
}
