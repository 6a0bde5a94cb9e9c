//! How many colours, UTF-8 or ASCII, and whether synchronized updates are safe: decided once, from strings.
//!
//! The order is terminal-and-safety 8.3: `--color`, configuration, NO_COLOR, CLICOLOR_FORCE, CLICOLOR=0,
//! COLORTERM/TERM. Nothing here looks at the terminal; [`Locale::read`] alone looks at the environment.

use std::fmt;

/// How many colours a theme may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Words, glyphs, bold and reverse only.
    None,
    Sixteen,
    TwoFiftySix,
    True,
}

/// What `--color` and the configuration may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    #[default]
    Auto,
    /// Colour whatever NO_COLOR says; how much is the terminal's matter, 16 at least.
    Always,
    Just(Depth),
}

impl std::str::FromStr for Wish {
    type Err = BadWish;

    fn from_str(s: &str) -> Result<Wish, BadWish> {
        Ok(match s {
            "auto" => Wish::Auto,
            "always" => Wish::Always,
            "never" | "none" => Wish::Just(Depth::None),
            "16" => Wish::Just(Depth::Sixteen),
            "256" => Wish::Just(Depth::TwoFiftySix),
            "true" | "truecolor" => Wish::Just(Depth::True),
            _ => return Err(BadWish),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadWish;

impl fmt::Display for BadWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("colour is one of: auto, always, never, 16, 256, true")
    }
}

impl std::error::Error for BadWish {}

/// TERM is missing or `dumb`: no screen can be drawn. Exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoScreen;

impl fmt::Display for NoScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this terminal cannot show a screen (TERM is unset or dumb); set TERM, or go line by line with: andon --plain")
    }
}

impl std::error::Error for NoScreen {}

/// The environment as far as looks depend on it. An empty string counts as unset.
#[derive(Clone, Debug, Default)]
pub struct Locale {
    pub term: String,
    pub colorterm: String,
    /// Set inside GNU screen.
    pub sty: String,
    pub no_color: String,
    pub clicolor: String,
    pub clicolor_force: String,
    pub lc_all: String,
    pub lc_ctype: String,
    pub lang: String,
    pub ssh_connection: String,
}

impl Locale {
    /// This process's environment; text that is not UTF-8 is read lossily.
    pub fn read() -> Locale {
        let var = |name: &str| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
        Locale {
            term: var("TERM"),
            colorterm: var("COLORTERM"),
            sty: var("STY"),
            no_color: var("NO_COLOR"),
            clicolor: var("CLICOLOR"),
            clicolor_force: var("CLICOLOR_FORCE"),
            lc_all: var("LC_ALL"),
            lc_ctype: var("LC_CTYPE"),
            lang: var("LANG"),
            ssh_connection: var("SSH_CONNECTION"),
        }
    }

    /// The colour level.
    ///
    /// # Errors
    /// TERM is unset or `dumb`, whatever the wishes are.
    pub fn depth(&self, flag: Wish, config: Wish) -> Result<Depth, NoScreen> {
        if self.term.is_empty() || self.term == "dumb" {
            return Err(NoScreen);
        }
        for wish in [flag, config] {
            match wish {
                Wish::Auto => {}
                Wish::Always => return Ok(self.offered().max(Depth::Sixteen)),
                Wish::Just(depth) => return Ok(depth),
            }
        }
        if !self.no_color.is_empty() {
            return Ok(Depth::None);
        }
        if !self.clicolor_force.is_empty() && self.clicolor_force != "0" {
            return Ok(self.offered().max(Depth::Sixteen));
        }
        if self.clicolor == "0" {
            return Ok(Depth::None);
        }
        Ok(self.offered())
    }

    /// What COLORTERM and TERM promise. GNU screen reads a true colour's green 31 as red, hence its exceptions.
    fn offered(&self) -> Depth {
        let term = self.term.as_str();
        // Not `vte`, which is a family with many colours.
        let vt = term.strip_prefix("vt").is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit()));
        let screen = !self.sty.is_empty() || term.starts_with("screen");
        if term.starts_with("linux") {
            Depth::Sixteen
        } else if vt || term.ends_with("-mono") || term.ends_with("-m") {
            Depth::None
        } else if !screen && (matches!(self.colorterm.as_str(), "truecolor" | "24bit") || term.ends_with("-direct")) {
            Depth::True
        } else if term.contains("256color") || !self.colorterm.is_empty() {
            Depth::TwoFiftySix
        } else {
            Depth::Sixteen
        }
    }

    /// Whether only ASCII may be drawn: the first of LC_ALL, LC_CTYPE, LANG that is set does not say UTF-8.
    pub fn ascii(&self) -> bool {
        let said = [&self.lc_all, &self.lc_ctype, &self.lang].into_iter().find(|v| !v.is_empty());
        let said = said.map(|v| v.to_ascii_lowercase()).unwrap_or_default();
        !(said.contains("utf-8") || said.contains("utf8"))
    }

    /// Whether frames are wrapped in synchronized updates (DEC 2026).
    pub fn sync(&self) -> bool {
        !self.term.starts_with("linux") && self.sty.is_empty()
    }

    pub fn ssh(&self) -> bool {
        !self.ssh_connection.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `TERM=x COLORTERM=y`, as one would type it.
    fn env(s: &str) -> Locale {
        let mut l = Locale::default();
        for pair in s.split_whitespace() {
            let (name, value) = pair.split_once('=').unwrap();
            let slot = match name {
                "TERM" => &mut l.term,
                "COLORTERM" => &mut l.colorterm,
                "STY" => &mut l.sty,
                "NO_COLOR" => &mut l.no_color,
                "CLICOLOR" => &mut l.clicolor,
                "CLICOLOR_FORCE" => &mut l.clicolor_force,
                "LC_ALL" => &mut l.lc_all,
                "LC_CTYPE" => &mut l.lc_ctype,
                "LANG" => &mut l.lang,
                other => panic!("{other}"),
            };
            *slot = value.into();
        }
        l
    }

    #[test]
    fn the_order_of_who_decides() {
        use Depth::*;
        let rows = [
            ("TERM=xterm", "auto", "auto", Sixteen),
            ("TERM=xterm-256color", "auto", "auto", TwoFiftySix),
            ("TERM=xterm-256color COLORTERM=truecolor", "auto", "auto", True),
            ("TERM=xterm-256color COLORTERM=24bit", "auto", "auto", True),
            ("TERM=screen-256color COLORTERM=truecolor", "auto", "auto", TwoFiftySix),
            ("TERM=xterm-256color COLORTERM=truecolor STY=1.pts", "auto", "auto", TwoFiftySix),
            ("TERM=linux COLORTERM=truecolor", "auto", "auto", Sixteen),
            ("TERM=vt220", "auto", "auto", None),
            ("TERM=vte COLORTERM=truecolor", "auto", "auto", True),
            ("TERM=vt220 CLICOLOR_FORCE=1", "auto", "auto", Sixteen),
            ("TERM=xterm CLICOLOR=0", "auto", "auto", None),
            ("TERM=xterm CLICOLOR=0 CLICOLOR_FORCE=1", "auto", "auto", Sixteen),
            ("TERM=xterm CLICOLOR=0 CLICOLOR_FORCE=0", "auto", "auto", None),
            ("TERM=xterm NO_COLOR=1 CLICOLOR_FORCE=1", "auto", "auto", None),
            ("TERM=xterm NO_COLOR=", "auto", "auto", Sixteen),
            ("TERM=xterm NO_COLOR=1", "auto", "always", Sixteen),
            ("TERM=xterm NO_COLOR=1", "auto", "256", TwoFiftySix),
            ("TERM=xterm NO_COLOR=1", "true", "never", True),
            ("TERM=xterm-256color", "never", "true", None),
        ];
        for (e, flag, config, want) in rows {
            let got = env(e).depth(flag.parse().unwrap(), config.parse().unwrap());
            assert_eq!(got, Ok(want), "{e} --color {flag} config {config}");
        }
    }

    #[test]
    fn without_a_screen_the_message_names_the_way_out() {
        for e in ["TERM=", "TERM=dumb"] {
            let message = env(e).depth(Wish::Just(Depth::True), Wish::Auto).unwrap_err().to_string();
            assert!(message.contains("TERM") && message.contains("andon --plain"), "{message}");
        }
        assert_eq!("blue".parse::<Wish>(), Err(BadWish));
    }

    #[test]
    fn utf8_is_what_the_first_set_variable_says() {
        let rows = [
            ("LANG=de_AT.UTF-8", false),
            ("LANG=en_US.utf8", false),
            ("LC_ALL=C LANG=en_US.UTF-8", true),
            ("LC_CTYPE=en_US.UTF-8 LANG=C", false),
            ("LC_ALL= LANG=C.UTF-8", false),
            ("LANG=", true),
        ];
        for (e, ascii) in rows {
            assert_eq!(env(e).ascii(), ascii, "{e}");
        }
    }

    #[test]
    fn the_linux_console_and_screen_get_no_sync_marks() {
        assert!(env("TERM=xterm").sync());
        assert!(!env("TERM=linux-16color").sync());
        assert!(!env("TERM=xterm STY=3.x").sync());
    }
}
