use super::*;
use crate::core::id::SourceId;
use crate::core::intent::Intent;
use std::os::unix::fs::PermissionsExt;

/// A directory of one test's own, gone at its end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let dir = std::env::temp_dir().join(format!("andon-config-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Dir(dir)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        path
    }

    fn paths(&self) -> Paths {
        Paths {
            system: Some(self.0.join("system.toml")),
            user: Some(self.0.join("config.toml")),
            named: false,
            dir: Some(self.0.clone()),
        }
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // Left over in the temporary directory if that fails: no test depends on it.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn without_any_file_the_defaults_hold() {
    let dir = Dir::new("none");
    let (mut config, problems) = load(&dir.paths(), &env(&[]));
    assert_eq!(problems, []);
    assert!(config.keymap.own.ends_with("keymaps/default.toml"), "where keys would be changed");
    config.keymap.own = Arc::default();
    assert_eq!(config, Config::default());
    assert!(config.tape && !config.read_only && config.environments.is_empty());
    assert_eq!(config.limits.confirm_delay_ms, 700);
    assert_eq!(&*config.runbooks[0].name, "checkout-5xx");
}

#[test]
fn variables_go_before_the_user_s_file_and_that_before_the_system_s() {
    let dir = Dir::new("order");
    dir.write(
        "system.toml",
        "tape = false\n[limits]\narm_minutes = 3\nconfirm_delay = \"900ms\"\n[source.s]\ntype = \"kubernetes\"\n",
    );
    dir.write("config.toml", "[limits]\narm_minutes = 4\n[environment.prod]\nsources = [\"s\"]\n");
    let vars = env(&[("ANDON_CONFIRM_DELAY", "400ms"), ("ANDON_READ_ONLY", "1"), ("ANDON_AS", "mi\"ra")]);
    let (config, problems) = load(&dir.paths(), &vars);
    assert_eq!(problems, []);
    assert_eq!((config.limits.confirm_delay_ms, config.limits.arm_minutes), (400, 4));
    assert!(!config.tape && config.read_only);
    assert_eq!(config.claimed.as_deref(), Some("mi\"ra"));
    // A source of the system's file may be used in the user's.
    assert_eq!(config.environments[0].sources, [SourceId::from("s")]);
}

#[test]
fn a_bad_variable_is_told_by_its_name_and_is_the_strictest() {
    let dir = Dir::new("variables");
    let vars = env(&[("ANDON_READ_ONLY", "maybe"), ("ANDON_ARM_MINUTES", "x\ny = 3"), ("ANDON_TAPE", "")]);
    let (config, problems) = load(&dir.paths(), &vars);
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(
        told,
        [
            "ANDON_READ_ONLY   \"read_only\" is a text - it must be true or false",
            "ANDON_ARM_MINUTES   \"arm_minutes\" is a text - it must be a whole number from 1 to 60",
        ]
    );
    assert!(config.read_only);
    assert_eq!(config.limits.arm_minutes, 1);
}

#[test]
fn a_file_others_can_write_is_not_used() {
    let dir = Dir::new("mode");
    let path = dir.write("config.toml", "read_only = true\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert!(!config.read_only);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().contains("others can write this file, so it is not used - chmod go-w "));
    assert_eq!(check(&dir.paths(), &env(&[])).1, 3);
}

#[test]
fn what_is_no_text_is_told() {
    let dir = Dir::new("bytes");
    let path = dir.write("config.toml", "");
    std::fs::write(&path, b"tape = true\n# \xff\n").unwrap();
    let (_, problems) = load(&dir.paths(), &env(&[]));
    assert!(problems[0].what.contains("is not UTF-8 (line 2)"), "{problems:?}");
    std::fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
    let (_, problems) = load(&dir.paths(), &env(&[]));
    assert!(problems[0].what.contains("larger than 1 MiB"));
    let (_, problems) = load(&Paths::of_file(&dir.0), &env(&[]));
    assert!(problems[0].what.contains("is a directory"), "{problems:?}");
}

#[test]
fn own_keys_and_colours_apply_with_their_problems_beside() {
    let dir = Dir::new("own");
    dir.write("config.toml", "keymap = \"mine\"\ntheme = \"night\"\n");
    dir.write("keymaps/mine.toml", "[list]\n\"ctrl-n\" = \"next-row\"\n\"p\" = \"hlep\"\n");
    dir.write("themes/night.toml", "[roles]\nbad = { fg = 9 }\n");
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert_eq!(config.keymap.shown(Intent::NextRow).as_deref(), Some("ctrl-n"));
    assert_ne!(config.theme, theme::default_theme());
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().contains("keymaps/mine.toml:3:7   unknown intent"), "{problems:?}");
}

#[test]
fn a_keymap_or_theme_that_is_not_there_falls_back_and_is_told() {
    let dir = Dir::new("absent");
    dir.write("config.toml", "keymap = \"vmi\"\n\ntheme = \"nigth\"\n");
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert_eq!(config.keymap, keymap::default_keymap());
    let told = problems[0].to_string();
    assert!(told.contains("config.toml:1:10   there is no keymap \"vmi\" - did you mean \"vim\"?"), "{told}");
    assert!(
        problems[1].to_string().contains("config.toml:3:9   there is no theme \"nigth\" - it would be "),
        "{problems:?}"
    );
    dir.write("config.toml", "keymap = \"../x\"\n");
    let (_, problems) = load(&dir.paths(), &env(&[]));
    assert_eq!(problems[0].what, "there is no keymap \"../x\"");
}

#[test]
fn a_shipped_keymap_is_chosen_by_flag_over_variable_over_file_and_an_own_file_lies_on_top() {
    let dir = Dir::new("maps");
    dir.write("config.toml", "keymap = \"k9s\"\nmouse = true\n");
    let name = |vars: &[(&str, &str)]| load(&dir.paths(), &env(vars)).0.keymap.name.to_string();
    assert_eq!(name(&[]), "k9s");
    assert_eq!(name(&[("ANDON_KEYMAP", "emacs")]), "emacs");
    assert_eq!(name(&[("ANDON_KEYMAP", "emacs"), ("--keymap", "vim")]), "vim");
    let (config, problems) = load(&dir.paths(), &env(&[("--keymap", "vi"), ("--bell", "true")]));
    assert_eq!((config.mouse, config.bell, config.title), (true, true, false));
    assert_eq!(problems[0].to_string(), "--keymap   there is no keymap \"vi\" - did you mean \"vim\"?");
    // A file with a shipped map's name holds what differs from that map.
    dir.write("keymaps/vim.toml", "[global]\n\"M\" = \"note\"\n\"m\" = \"none\"\n");
    let (config, problems) = load(&dir.paths(), &env(&[("--keymap", "vim")]));
    assert_eq!(problems, []);
    assert_eq!(config.keymap.shown(Intent::Note).as_deref(), Some("M"));
    assert_eq!(config.keymap.shown(Intent::FirstRow).as_deref(), Some("g g"));
    assert!(config.keymap.own.ends_with("keymaps/vim.toml"));
    // One that cannot be used leaves the shipped one of its name.
    dir.write("keymaps/vim.toml", "[global]\n\"m\" = \"roll-back\"\n");
    let (config, problems) = load(&dir.paths(), &env(&[("--keymap", "vim")]));
    assert!(problems[0].to_string().contains("keymaps/vim.toml:2:1   \"roll-back\" is an act"), "{problems:?}");
    assert_eq!(config.keymap.shown(Intent::Note).as_deref(), Some("m"));
    // Also the map nobody has to ask for takes a file of its own.
    dir.write("keymaps/default.toml", "[global]\n\"M\" = \"note\"\n");
    let (config, _) = load(&dir.paths(), &env(&[("ANDON_KEYMAP", "default")]));
    assert_eq!(config.keymap.shown(Intent::Note).as_deref(), Some("M"));
}

#[test]
fn own_runbooks_are_found_and_replace_shipped_ones() {
    let dir = Dir::new("runbooks");
    dir.write("runbooks/checkout-5xx.md", "---\nservice: checkout\n---\n## 1. mine\n");
    dir.write("runbooks/web.md", "---\nservice: web\n---\n## 1. look\n");
    dir.write("runbooks/notes.txt", "not one");
    dir.write("config.toml", "[service.web]\nrunbooks = [\"web\"]\n");
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert_eq!(problems, []);
    let names: Vec<&str> = config.runbooks.iter().map(|r| &*r.name).collect();
    assert_eq!((names.first(), names.last(), names.len()), (Some(&"checkout-5xx"), Some(&"web"), 10));
    assert_eq!(&*config.runbooks[0].steps[0].title, "mine");
}

#[test]
fn a_named_file_has_to_be_there() {
    let vars = env(&[("ANDON_CONFIG", "/nonexistent/andon.toml")]);
    let paths = Paths::of_this_user(&vars);
    assert!(paths.named);
    let (_, problems) = load(&paths, &env(&[]));
    assert!(problems.iter().any(|p| p.file == "/nonexistent/andon.toml" && p.what.starts_with("cannot be read")));
}

#[test]
fn looks_come_from_flag_like_variables_before_the_file() {
    let dir = Dir::new("levels");
    dir.write("config.toml", "theme = \"light\"\ncolor = \"16\"\nreduced_motion = true\n");
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert_eq!(problems, []);
    assert_eq!((&*config.theme_name, config.color.as_deref(), config.reduced_motion), ("light", Some("16"), true));
    assert_eq!(Some(&config.theme), theme::shipped("light").as_ref());
    let vars = [("ANDON_THEME", "mono"), ("ANDON_COLOR", "never"), ("ANDON_REDUCED_MOTION", "0")];
    let (config, problems) = load(&dir.paths(), &env(&vars));
    assert_eq!(problems, []);
    assert_eq!((&*config.theme_name, config.color.as_deref(), config.reduced_motion), ("mono", Some("never"), false));
}

#[test]
fn a_colour_level_that_is_none_is_told_and_the_terminal_decides() {
    let dir = Dir::new("level");
    dir.write("config.toml", "color = \"alway\"\n");
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert!(problems[0].to_string().contains(":1:9   \"alway\" is no colour level - did you mean \"always\"?"));
    assert_eq!((config.color, config.look_faults), (None, vec![]));
}

#[test]
fn an_environment_asks_for_gates_and_has_a_calendar() {
    let dir = Dir::new("rules");
    let environment =
        |more: &str| format!("[source.eu-1]\ntype = \"kubernetes\"\n[environment.prod]\nsources = [\"eu-1\"]\n{more}");
    dir.write(
        "calendar.toml",
        "[[window]]\nfrom = \"09:00\"\nto = \"17:00\"\n[[shift]]\nat = \"08:00\"\nwho = \"ito\"\n",
    );
    dir.write(
        "config.toml",
        &environment("require = [\"signature\", \"ci\"]\nchecklists = true\nsecond_person = true\ncalendar = \"calendar.toml\"\n"),
    );
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert_eq!(problems, []);
    let e = &config.environments[0];
    assert_eq!(e.require.iter().map(|g| g.word()).collect::<Vec<_>>(), ["signature", "ci"]);
    assert!(e.checklists && e.second_person);
    let book = config.calendars["calendar.toml"].as_ref().expect("good");
    let noon = crate::core::time::Utc::read("2026-11-21T12:00:00Z").expect("a time");
    assert!(matches!(book.plain(noon).standing(noon), crate::core::world::calendar::Standing::Open { until: Some(_) }));

    // A fault takes the whole calendar, and says where.
    dir.write("calendar.toml", "[[window]]\nfrom = \"nine\"\nto = \"17:00\"\n");
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert!(
        config.calendars["calendar.toml"].as_ref().is_err_and(|why| why.contains("calendar.toml:2:8")),
        "{:?}",
        config.calendars
    );
    assert!(problems.iter().any(|p| p.to_string().contains("is no time of day")));
    std::fs::remove_file(dir.0.join("calendar.toml")).unwrap();
    let (config, problems) = load(&dir.paths(), &env(&[]));
    assert!(config.calendars["calendar.toml"].is_err() && !problems.is_empty());

    dir.write("config.toml", &environment("require = [\"signatures\"]\n"));
    let (_, problems) = load(&dir.paths(), &env(&[]));
    assert!(problems.iter().any(|p| p.to_string().contains("did you mean \"signature\"")), "{problems:?}");
    // What cannot be read asks for more, never for less.
    dir.write("config.toml", &environment("require = 3\nchecklists = \"yes\"\n"));
    let (config, _) = load(&dir.paths(), &env(&[]));
    assert!(config.environments[0].checklists && config.environments[0].require.len() == 9);
}

#[test]
fn a_zone_is_a_name_and_never_a_way_out() {
    for name in ["../../etc/passwd", "/etc/localtime", "", "Europe/../../x", "Europe//Berlin", "a\0b"] {
        assert!(zone(name).is_none(), "{name}");
    }
}
