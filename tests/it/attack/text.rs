//! What is typed into the wrong window: words, shell lines, noise, pastes, held keys, pieces of escape sequences.
//! All from a seed, so that a find can be played again.

/// SplitMix64: small, seeded, good enough to choose words.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % below.max(1) as u64) as usize
    }

    fn of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

/// `count` words: those of the file named by `ANDON_WORDS`, else built from English parts, with the names of services
/// and the console's own words among them.
pub fn words(dice: &mut Dice, count: usize) -> Vec<String> {
    if let Some(all) = std::env::var_os("ANDON_WORDS").and_then(|p| std::fs::read_to_string(p).ok()) {
        let all: Vec<&str> = all.lines().filter(|w| !w.is_empty()).collect();
        return (0..count).map(|_| all[dice.roll(all.len())].to_owned()).collect();
    }
    const HEADS: [&str; 24] = [
        "", "", "", "", "re", "un", "over", "under", "pre", "dis", "out", "inter", "sub", "semi", "anti", "de", "co",
        "counter", "fore", "mis", "non", "super", "trans", "Y",
    ];
    const STEMS: [&str; 60] = [
        "act", "arm", "bar", "call", "car", "cap", "chart", "clap", "count", "cover", "draw", "ear", "far", "fast",
        "gap", "grab", "hand", "harp", "heap", "lap", "late", "leap", "map", "mark", "nap", "pad", "par", "part",
        "pass", "path", "play", "quay", "quick", "rap", "rate", "read", "sap", "scar", "shape", "share", "soap",
        "span", "star", "stay", "strap", "sway", "tap", "tar", "trap", "turn", "wait", "walk", "war", "wrap", "yard",
        "yap", "zap", "qualm", "quit", "hajj",
    ];
    const TAILS: [&str; 16] =
        ["", "", "", "s", "ed", "ing", "er", "ly", "able", "ness", "ment", "ship", "hood", "ward", "ish", "y"];
    const OURS: [&str; 14] = [
        "checkout",
        "payments",
        "search",
        "profile",
        "quit",
        "arm",
        "disarm",
        "hold",
        "promote",
        "resume",
        "roll-back",
        "freeze",
        "theme",
        "acknowledge",
    ];
    let word = |dice: &mut Dice| match dice.roll(20) {
        0 => dice.of(&OURS).to_owned(),
        _ => format!("{}{}{}", dice.of(&HEADS), dice.of(&STEMS), dice.of(&TAILS)),
    };
    (0..count).map(|_| word(dice)).collect()
}

/// Lines as they are typed at a prompt, each with its Enter.
pub fn shell_lines(dice: &mut Dice, count: usize) -> Vec<String> {
    const LINES: [&str; 36] = [
        "kubectl rollout undo deploy/%",
        "kubectl rollout status deploy % -n shop",
        "kubectl argo rollouts abort % -n shop",
        "kubectl argo rollouts promote % --full",
        "kubectl get pods -l app=% -o wide | grep -v Running",
        "kubectl logs -f deploy/% --since=5m | grep -i error",
        "git commit -am \"fix %: retry\" && git push",
        "git log --oneline -20 -- %",
        "vim /etc/%:quit",
        ":q",
        ":wq",
        ":quit",
        ":q!",
        "q",
        "exit",
        "sudo systemctl restart %",
        "ssh mira@bastion-2 'tail -f /var/log/%.log'",
        "curl -s https://%.example.internal/health | jq .",
        "ls -la /var/lib/% && df -h",
        "cd ~/src/% && make -j4",
        "export YARN=yes; echo $PATH:%",
        "for p in a r h Y y; do echo $p; done",
        "awk '{print $1, $2}' %.csv | sort | uniq -c",
        "a",
        "a a",
        "yes | apt upgrade",
        "Yes, roll it back please",
        "alias ar='aws rds'; ar Y",
        "cat <<EOF > %.yaml",
        "/% needle",
        "history | grep %",
        "docker ps -a --format '{{.Names}}:{{.Status}}'",
        "terraform apply -target=module.%",
        "psql -h db -c 'select count(*) from %;'",
        "echo promote resume arm disarm > %",
        "man %:roll-back",
    ];
    const NAMES: [&str; 6] = ["checkout", "payments", "search", "shop", "auth", "catalog"];
    (0..count).map(|_| format!("{}\r", dice.of(&LINES).replace('%', dice.of(&NAMES)))).collect()
}

/// Any printable characters, the console's own keys among them more often than chance.
pub fn noise(dice: &mut Dice, count: usize) -> Vec<String> {
    const KEYS: &[u8] = b"aarhuptxkbvornYYq:/!<>+-? \r\t\x7f\x0f\x04\x15\x03\x00";
    let one = |dice: &mut Dice| {
        let byte = if dice.roll(2) == 0 { KEYS[dice.roll(KEYS.len())] } else { 32 + dice.roll(95) as u8 };
        char::from(byte)
    };
    (0..count).map(|_| (0..1 + dice.roll(24)).map(|_| one(dice)).collect()).collect()
}

/// Answers nobody asked for, keys nobody bound, whole and cut, and keys that are held down.
pub fn debris(dice: &mut Dice, count: usize) -> Vec<String> {
    const WHOLE: [&str; 22] = [
        "\x1b[A",
        "\x1b[1;5C",
        "\x1bOP",
        "\x1b[15~",
        "\x1b[200~a a Y a r Y\r\x1b[201~",
        "\x1b]11;rgb:1e1e/aaaa/YYYY\x07",
        "\x1b]52;c;YXIgWQ==\x1b\\",
        "\x1b[?64;1;2;6;9;15;18;21;22c",
        "\x1b[24;80R",
        "\x1b[?2026;2$y",
        "\x1bP>|xterm(388)\x1b\\",
        "\x1b[<0;12;7M",
        "\x1b[<65;12;7M",
        "\x1b[M !!",
        "\x1b[I",
        "\x1b[O",
        "\x1b[?1u",
        "\x1ba",
        "\x1bY",
        "\x1b[Z",
        "\x1bP1+r524742=8\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
    ];
    let one = |dice: &mut Dice| {
        let whole = dice.of(&WHOLE);
        match dice.roll(4) {
            0 => whole[..dice.roll(whole.len())].to_owned(),
            1 => whole[1 + dice.roll(whole.len() - 1)..].to_owned(),
            2 => dice.of(&["a", "r", "p", "Y", "q", "h", "j", "\r"]).repeat(2 + dice.roll(60)),
            _ => whole.to_owned(),
        }
    };
    (0..count).map(|_| (0..1 + dice.roll(3)).map(|_| one(dice)).collect()).collect()
}
