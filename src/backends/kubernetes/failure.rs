//! Failures as words for a person: one line, no secrets, the cause and not the library's layers.

use crate::backends::net::secret;

/// A server's words on one line: a page is named as one, 200 characters at most, no control characters.
pub fn message(text: &str) -> String {
    if text.trim_start().starts_with('<') {
        return "a web page came instead of JSON (a login page or a proxy?)".into();
    }
    clean(text)
}

/// One line, 200 characters, no control characters, no secrets.
pub fn clean(text: &str) -> String {
    // Before it is cut: half of a secret would not be known again.
    secret::clean(text)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The library's own words before the cause say nothing to a person: `ServiceError: client error (Connect): ...`.
pub fn plainly(text: &str) -> &str {
    let mut rest = text;
    for noise in ["ServiceError: ", "client error (Connect): ", "client error (SendRequest): ", "tcp connect error: "] {
        rest = rest.strip_prefix(noise).unwrap_or(rest);
    }
    match rest {
        "deadline has elapsed" => "no connection in time",
        "client error (Connect)" => "no connection",
        other => other,
    }
}

/// An error with its causes, without repeating itself.
pub fn chain(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut next = e.source();
    while let Some(e) = next {
        let cause = e.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = e.source();
    }
    // A link to a library's manual helps nobody here.
    match text.split_once(": https://docs.rs/") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::plainly;

    #[test]
    fn a_person_reads_the_cause_and_not_the_librarys_layers() {
        let refused = "ServiceError: client error (Connect): tcp connect error: Connection refused (os error 111)";
        assert_eq!(plainly(refused), "Connection refused (os error 111)");
        assert_eq!(plainly("ServiceError: client error (Connect): deadline has elapsed"), "no connection in time");
        assert_eq!(plainly("invalid peer certificate: UnknownIssuer"), "invalid peer certificate: UnknownIssuer");
    }
}
