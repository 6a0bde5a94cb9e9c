//! Completion scripts and manual pages, made from the same command tree that reads the arguments. Own text only.

use super::Cli;
use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::Shell;
use std::io::{self, ErrorKind};

/// What no flag says, for the page about andon as a whole. Exit codes as in the design's table, as far as they exist.
const MORE: &str = r#".SH "EXIT STATUS"
.TP
0
all right
.TP
1
an error; it is told on stderr
.TP
2
a wrong command line, or no terminal
.TP
3
the config has a fault
.TP
5
not found
.TP
129, 130, 143
hung up, interrupted, terminated
.TP
141
nobody reads what is written
.SH FILES
.TP
~/.config/andon/config.toml, /etc/andon/config.toml
the config of the user and of the system; keymaps/, themes/ and runbooks/ lie beside the user's
.TP
/var/lib/andon, ~/.local/state/andon
the incident log of this host, else of the user; one folder for each environment
.SH ENVIRONMENT
ANDON_CONFIG, ANDON_ENVIRONMENT, ANDON_READ_ONLY, ANDON_TAPE, ANDON_AS, ANDON_KEYMAP, ANDON_THEME,
ANDON_CONFIRM_DELAY and ANDON_ARM_MINUTES go over the files, flags go over them. ANDON_LOG sets the level of the
diagnostics file. KUBECONFIG, NO_COLOR, CLICOLOR, CLICOLOR_FORCE, COLORTERM, TERM, LANG and LC_ALL mean what they mean
elsewhere. andon config show --origin says what is in force, and where from.
"#;

/// The completion script of one shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "andon", &mut script);
    script
}

/// Every manual page by its name, `andon` and `andon-log-tail`.
///
/// # Errors
/// None that a Vec makes.
pub fn manual() -> io::Result<Vec<(String, Vec<u8>)>> {
    // "help" of every command again would be a page of its own.
    let mut root = without_help(Cli::command());
    root.build();
    let mut all = Vec::new();
    page(&root, "andon", &mut all)?;
    Ok(all)
}

fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

fn page(command: &Command, name: &str, all: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    if name == "andon" {
        text.extend_from_slice(MORE.as_bytes());
    }
    all.push((name.to_owned(), text));
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        page(sub, &format!("{name}-{}", sub.get_name()), all)?;
    }
    Ok(())
}

/// One page, `andon` when none is named (`log tail` and `log-tail` are one).
///
/// # Errors
/// There is no such page; the message names those there are.
pub fn one(words: &[String]) -> io::Result<Vec<u8>> {
    let name = if words.is_empty() { "andon".to_owned() } else { format!("andon-{}", words.join("-")) };
    let all = manual()?;
    let known = all.iter().map(|(n, _)| n.trim_start_matches("andon-").to_owned()).collect::<Vec<_>>().join(", ");
    let found = all.into_iter().find(|(n, _)| *n == name).map(|(_, text)| text);
    found.ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("no page {}; there are: {known}", words.join(" "))))
}

/// What is kept in the repository under `docs/`, by path.
///
/// # Errors
/// As [`manual`].
pub fn kept() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut all: Vec<_> = manual()?.into_iter().map(|(n, text)| (format!("man/{n}.1"), text)).collect();
    for shell in Shell::value_variants() {
        let name = match shell {
            Shell::Bash => "andon.bash",
            Shell::Zsh => "_andon",
            Shell::Fish => "andon.fish",
            // Not on the machines this is for; made on request.
            _ => continue,
        };
        all.push((format!("completions/{name}"), completions(*shell)));
    }
    Ok(all)
}
