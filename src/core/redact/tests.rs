use super::*;
use serde_json::json;

/// Secret and everything else: what stands between `[[` and `]]` must go, the rest must stay.
#[track_caller]
fn goes(marked: &str) {
    let (mut said, mut wanted) = (String::new(), String::new());
    let mut rest = marked;
    let mut count = 0;
    while let Some((before, after)) = rest.split_once("[[") {
        let (secret, after) = after.split_once("]]").expect("closed");
        said.push_str(before);
        said.push_str(secret);
        wanted.push_str(before);
        wanted.push_str(&mark(secret));
        rest = after;
        count += 1;
    }
    said.push_str(rest);
    wanted.push_str(rest);
    let clean = text(&said);
    assert_eq!((&*clean.text, clean.count), (wanted.as_str(), count), "{said}");
    // Once more changes nothing.
    assert_eq!(text(&clean.text).text, clean.text);
}

const JWT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl";

#[test]
fn what_a_word_says_is_a_secret_goes() {
    for t in [
        "password: [[hunter2]]",
        "the password=[[hunter2]], tell nobody",
        "Passwd: [[Tr0ub4dor&3]]",
        "DB_PASSWORD=[[s3cr3t!]]; restart",
        "PGPASSWORD=[[x9x9x9]] psql -h db",
        "{\"password\":\"[[two words]]\"}",
        "{\\\"password\\\":\\\"[[two words]]\\\",\\\"user\\\":\\\"m\\\"}",
        "password: '[[it is \"quoted\"]]' here",
        "api_key=[[abcdef]] and api-key: [[ghijkl]] and apikey [no value]",
        "AWS_SECRET_ACCESS_KEY=[[wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY]]",
        "token=[[abcdef]]",
        "token: [[9f8e7d6c5b4a]]",
        "curl https://h/x?access_token=[[abc123]]&page=2",
        "https://h/x?sig=[[aGVsbG8]]#top",
        "X-Api-Key: [[zzz-yyy-111]]",
        "PRIVATE-TOKEN: [[Abc12345Def]]",
        "X-Vault-Token: [[s9.Ab1Cd2Ef3]]",
        "routing_key: [[R0ABCDEF]]",
        "mysqldump --password [[hunter2]] -u root",
        "curl -u mira:[[hunter2]] https://h",
        "curl --user mira:[[hunter2]] https://h",
        "client-key-data: [[LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo=]]",
    ] {
        goes(t);
    }
}

#[test]
fn headers_and_addresses_lose_what_proves_who_one_is() {
    for t in [
        "Authorization: Bearer [[canary-file-8d1e44]]",
        "authorization: bearer [[abcd]]\r\nHost: h",
        "Authorization: Basic [[bWlyYTpodW50ZXIy]]",
        "Authorization: [[AbCdEf]]",
        "-H 'Authorization: Token [[token=y_NbAkKc66ryYTWUXYEu]]'",
        "{\"Authorization\": \"Bearer [[abc.def]]\"}",
        "sent Bearer [[s3cr3t-value]] to it",
        "with Basic [[bWlyYTpodW50ZXIy]]",
        "Cookie: [[session=abc; theme=dark]]",
        "http://mira:[[hunter2]]@prometheus:9090/graph",
        "postgres://app:[[p%40ss]]@db.shop:5432/x?sslmode=off",
        "https://[[ghp_0123456789abcdefghijABCDEFGHIJ012345]]@github.com/x/y",
        "https://hooks.slack.com/[[services/T000/B000/XXXXXXXX]] is ours",
    ] {
        goes(t);
    }
}

#[test]
fn what_looks_like_a_secret_goes() {
    goes(&format!("the token {}. was sent", format_args!("[[{JWT}]]")));
    for t in [
        "key AKIA[[]]",
        "id [[AKIAIOSFODNN7EXAMPLE]] leaked",
        "[[ghp_0123456789abcdefghijABCDEFGHIJ012345]]",
        "[[github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuV]]",
        "[[glpat-Ab1Cd2Ef3Gh4Ij5Kl6Mn]]",
        "[[xoxb-123456789012-abcdefABCDEF]], posted",
        "[[u+Ab1Cd2Ef3Gh4Ij5Kl6]]",
        "[[k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdz]]",
        "[[hvs.CAESIJab1cd2ef3gh4ij5kl6]]",
        "before [[-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----]] after",
        "[[-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1r]]",
        "data: [[LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlC]] there",
    ] {
        if !t.contains("[[]]") {
            goes(t);
        }
    }
}

/// False alarms would blind the log: what an incident's notes are full of stays as it was typed.
#[test]
fn ordinary_words_of_an_incident_survive() {
    for t in [
        "checkout v2.4.1 is worse than v2.4.0: 21.6% vs 0.2% errors",
        "rolled back to revision 41, hash 6b7f9d5c8, uid f3c1a2b4-5d6e-4f70-8a9b-0c1d2e3f4a5b",
        "image registry.example.com/shop/checkout@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "fixed by commit 3668edef0c2a1b9d8e7f6a5b4c3d2e1f0a9b8c7d, see PR #1234",
        "digest sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7",
        "the token expired at 03:14, the secret was rotated; password: see vault",
        "token: expired. secret: checkout-db-tls-v2 is missing",
        "secret=checkout-db not found in namespace shop",
        "error: secret \"checkout-tls\" not found; serviceAccountToken: false",
        "imagePullSecrets: [regcred], secretKeyRef: {name: db, key: url}",
        "max_tokens=4096, tokens: 3, keyspace: orders, monkey: business",
        "http://prometheus.example.internal:9090/graph?g0.expr=up&g0.tab=1",
        "ssh git@github.com:shop/checkout.git, mailto:mira@example.com at 03:14:07",
        "scp user@host:/var/log/x, s3://bucket/key, jdbc:postgresql://db:5432/shop",
        "docker run -u 1000:1000 -p 8080:80 image; chown -R www-data:www-data /x",
        "bearer of bad news; basic checks done; Basic auth is off; Bearer token",
        "kubectl -n shop rollout undo deploy/checkout --to-revision=41",
        "U+202E in the name; u+00e9; AKIAx; ghp_short; eyJ; sk-learn; glpat-; xox",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----",
        "sum(rate(http_requests_total{code=~\"5..\",pod=~\"checkout-6b7f9d5c8-.*\"}[5m]))",
        "password: *** token=$TOKEN secret=${DB} password=<from vault> passwd: not given",
        "decided: keep pwd of the deploy job as is? no: wrong",
        "2026-11-21T03:14:07Z intent 14 of session 20261121T031407Z-mira-bastion2-7f3a",
        "<secret, 40 bytes, sha256 9f3a..> and <7 bytes, sha256 f52f..>",
        "",
        "=",
        ":",
        "password:",
        "password=\u{1F525}",
        "\u{e9}\u{1F525}token=",
    ] {
        if t.contains('\u{1F525}') && t.starts_with("password") {
            // Whatever it is, it is cut at characters.
            let _ = text(t);
            continue;
        }
        assert_eq!(text(t), Clean { text: t.into(), count: 0 });
    }
}

#[test]
fn members_of_a_record_are_told_by_their_name_too() {
    let none = |_: &str| None;
    let v = json!({"text": "fine", "auth": {"password": "two words"}, "list": ["token=abcdef", 7], "ticket": 4});
    let (clean, n) = value(&v, &none).expect("two");
    assert_eq!(n, 2);
    assert_eq!(clean["auth"]["password"], mark("two words"));
    assert_eq!(clean["list"][0], format!("token={}", mark("abcdef")));
    assert_eq!((&clean["text"], &clean["ticket"]), (&json!("fine"), &json!(4)));
    assert_eq!(value(&json!({"a": [1, "b", null], "secret": "checkout-db"}), &none), None);
}

#[test]
fn a_known_value_is_found_in_every_form_it_travels_in() {
    let secret = "c4n/ary+\"v\u{e9}\\lue=8d1e44";
    let mut known = Values::default();
    known.learn(secret);
    known.learn("short");
    assert!(!format!("{known:?}").contains("8d1e44"));
    let b64 = |pre: &str, post: &str| {
        let all = format!("{pre}{secret}{post}");
        let abc = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for c in all.as_bytes().chunks(3) {
            let n = c.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - c.len()));
            (0..=c.len()).for_each(|i| out.push(char::from(abc[(n >> (18 - 6 * i) & 63) as usize])));
        }
        out
    };
    let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
    let json = serde_json::to_string(secret).expect("json");
    let escaped = "c4n%2Fary%2B%22v%C3%A9%5Clue%3D8d1e44";
    for (form, at) in [(secret, 3), (hex.as_str(), 0), (json.as_str(), 9), (escaped, 1), (&escaped.to_lowercase(), 0)] {
        let said = format!("{}{form}!", "x".repeat(at));
        let (clean, n) = known.clean(&said).unwrap_or_else(|| panic!("{said}"));
        assert!(n == 1 && !clean.contains("8d1e44") && clean.ends_with('!'), "{clean}");
    }
    for pre in ["", "a", "ab", "user:"] {
        for post in ["", "!", "@host"] {
            let said = b64(pre, post);
            let (clean, _) = known.clean(&said).unwrap_or_else(|| panic!("{pre}{post}: {said}"));
            // What is left is what its neighbours share, at most two bytes of it at either end.
            let (before, rest) = clean.split_once('<').expect("a mark");
            let (_, after) = rest.split_once('>').expect("a mark");
            assert!(before.len() <= pre.len() * 2 + 3 && after.len() <= post.len() * 2 + 4, "{clean}");
        }
    }
    assert_eq!(known.clean("nothing of it: short c4n/ary"), None);
    let mut bytes = format!("a{secret}b").into_bytes();
    known.blot(&mut bytes);
    assert_eq!(bytes.len(), secret.len() + 2);
    assert!(bytes[1..=secret.len()].iter().all(|b| *b == b'*'));
}

#[test]
fn no_text_is_too_strange_and_none_takes_long() {
    let mut known = Values::default();
    known.learn("canary-8d1e44");
    let pieces = [
        "password",
        "=",
        ":",
        "\"",
        "\\",
        "-----BEGIN ",
        "PRIVATE KEY",
        "eyJ",
        "://",
        "@",
        "\u{1F525}",
        " ",
        "-u",
        "Bearer",
    ];
    let mut seed = 7u64;
    for _ in 0..3_000 {
        let mut t = String::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            t.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        let clean = text(&t);
        assert_eq!(text(&clean.text).text, clean.text, "{t:?}");
        let _ = known.clean(&t);
    }
    for long in [
        "-----BEGIN ".repeat(6_000),
        "password:".repeat(7_000),
        "eyJ".repeat(20_000),
        "=".repeat(60_000),
        "a://".repeat(15_000),
    ] {
        let _ = text(&long);
    }
}

#[test]
fn who_was_shown_a_secret_may_say_it_back_in_no_shape_at_all() {
    let said = strict("no user for \"canary/exec+8d1e44==zZ\", ask 9f86d081884c7d659a2feaa0c55ad015 at 10.0.0.1:6443");
    assert!(!said.contains("8d1e44") && said.contains("9f86d081884c7d659a2feaa0c55ad015"), "{said}");
    let plain =
        "User \"system:serviceaccount:shop:andon\" cannot list resource \"rollouts\" in API group \"argoproj.io\"";
    assert_eq!(strict(plain), plain);
    assert_eq!(strict("\u{1F525}\u{e9} \u{2003}x"), "\u{1F525}\u{e9} \u{2003}x");
}
