//! `:login` in a real terminal: the screen is left to the program, keys are the program's, and the screen comes back.

use crate::home::Home;
use crate::pty::Pty;

/// What lets a program have the terminal asks for a second Enter where no quiet second came before; on a busy machine
/// nobody can tell by the screen whether it does.
fn after_a_quiet_second(pty: &Pty) {
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    pty.keys("Enter");
}

#[test]
fn a_login_gets_the_terminal_and_gives_it_back() {
    let home = Home::new("login");
    home.kubeconfig(&["eu"]);
    let said = home.path().join("said");
    home.config(&format!(
        "[environment.prod]\nsources = [\"eu-1\"]\n[source.eu-1]\ntype = \"kubernetes\"\ncontext = \"eu\"\n\
         login = [\"sh\", \"-c\", \"echo WHO ARE YOU; read x; echo $x > {}\"]\n",
        said.display()
    ));
    let mut pty = home.andon(&["--env", "prod"]);
    pty.wait_until("awake", |g| g.contains("LOOK-ONLY") && !g.contains("WAKING"));
    pty.keys(":");
    for c in "login eu-1".chars() {
        let name = if c == ' ' { "Space".to_owned() } else { c.to_string() };
        pty.keys(&name);
    }
    pty.wait_for("leaves the screen");
    after_a_quiet_second(&pty);
    pty.wait_for("WHO ARE YOU");
    // Neither q nor Ctrl-C of the person's typing is ours now.
    pty.send("qmira\n");
    pty.wait_until("the screen again", |g| g.contains("LOOK-ONLY") && !g.contains("WHO ARE YOU"));
    pty.wait_for("logged in to eu-1");
    assert_eq!(std::fs::read_to_string(&said).expect("it read"), "qmira\n");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
}

#[test]
fn a_login_that_is_not_there_says_what_to_do() {
    let home = Home::new("no-login");
    home.kubeconfig(&["eu"]);
    home.config("[environment.prod]\nsources = [\"eu-1\"]\n[source.eu-1]\ntype = \"kubernetes\"\ncontext = \"eu\"\n");
    let mut pty = home.andon_with(&["--env", "prod"], &[], 140, 30);
    pty.wait_until("awake", |g| g.contains("LOOK-ONLY") && !g.contains("WAKING"));
    pty.keys(": l o g i n");
    pty.wait_for("leaves the screen");
    after_a_quiet_second(&pty);
    pty.wait_for("names no program that logs in");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
}
