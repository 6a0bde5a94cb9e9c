//! How a source is shown who we are: bearer token, user and password, a client certificate, headers of one's own. Every
//! secret is read anew for each request, because they rotate; certificates when a connection is begun. Nothing here may
//! show a value.

use super::secret::{Secret, TokenFrom};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

/// Whatever of these is there is sent.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// `Authorization: Bearer ...`
    pub token: Option<TokenFrom>,
    /// `Authorization: Basic ...`; a token goes before it.
    pub basic: Option<Basic>,
    pub identity: Option<Identity>,
    pub headers: Vec<(String, HeaderFrom)>,
}

/// A user and where the password is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basic {
    pub user: String,
    pub password: TokenFrom,
}

/// PEM files of a client certificate (with its chain) and its key. They may be one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// A header's value, or where it is read.
#[derive(Clone, PartialEq, Eq)]
pub enum HeaderFrom {
    /// Written out. No secret should be; Debug hides it all the same.
    Text(String),
    Secret(TokenFrom),
}

impl fmt::Debug for HeaderFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderFrom::Text(_) => f.write_str("Text(..)"),
            HeaderFrom::Secret(from) => write!(f, "Secret({from})"),
        }
    }
}

/// What goes onto one request, and the secrets among it, to be taken out of the answer.
#[derive(Default)]
pub struct Sent {
    pub headers: HeaderMap,
    pub secrets: Vec<Secret>,
}

impl Access {
    /// Reads what is sent with a request, now.
    ///
    /// # Errors
    /// A sentence that names the place and never a value.
    pub async fn read(&self) -> Result<Sent, String> {
        let mut sent = Sent::default();
        for (name, from) in &self.headers {
            let header = header_name(name)?;
            let value = match from {
                HeaderFrom::Text(text) => HeaderValue::from_str(text).ok(),
                HeaderFrom::Secret(place) => {
                    let secret = place.read_as(&format!("the header {name}")).await?;
                    let value = secret.header("");
                    sent.secrets.push(secret);
                    value
                }
            };
            sent.headers.insert(header, value.ok_or_else(|| unfit(&format!("the header {name}")))?);
        }
        if let Some(from) = &self.token {
            let secret = from.read_as("the token").await?;
            sent.headers.insert(AUTHORIZATION, secret.header("Bearer ").ok_or_else(|| unfit("the token"))?);
            sent.secrets.push(secret);
        } else if let Some(Basic { user, password }) = &self.basic {
            let secret = password.read_as("the password").await?;
            // Servers that say back what they were sent say this form.
            let pair = secret.with_user(user);
            sent.headers.insert(AUTHORIZATION, pair.header("Basic ").ok_or_else(|| unfit("the password"))?);
            sent.secrets.extend([pair, secret]);
        }
        Ok(sent)
    }

    /// What a server that says no did not accept, for a sentence. `None`: nothing was sent.
    pub fn said(&self) -> Option<String> {
        if let Some(from) = &self.token {
            return Some(format!("the token from {from}"));
        }
        if let Some(Basic { user, password }) = &self.basic {
            return Some(format!("user {user} with the password from {password}"));
        }
        if let Some((name, _)) = self.headers.iter().find(|(_, from)| matches!(from, HeaderFrom::Secret(_))) {
            return Some(format!("the header {name}"));
        }
        self.identity.as_ref().map(|i| format!("the certificate {}", i.cert.display()))
    }

    /// Whether a secret would go over the wire.
    pub fn is_secret(&self) -> bool {
        let secret = |(_, from): &(String, HeaderFrom)| matches!(from, HeaderFrom::Secret(_));
        self.token.is_some() || self.basic.is_some() || self.headers.iter().any(secret)
    }
}

impl Identity {
    /// The certificate with its key.
    ///
    /// # Errors
    /// Which file cannot be read or used.
    pub fn read(&self) -> Result<reqwest::Identity, String> {
        let of = |path: &PathBuf| {
            std::fs::read(path).map_err(|e| format!("file {} cannot be read: {}", path.display(), e.kind()))
        };
        let (cert, key) = (of(&self.cert)?, of(&self.key)?);
        let both = if self.cert == self.key { cert } else { [cert, b"\n".to_vec(), key].concat() };
        reqwest::Identity::from_pem(&both).map_err(|_| {
            format!("no client certificate and key in PEM in {} and {}", self.cert.display(), self.key.display())
        })
    }

    /// When either file was last written, to notice a new one.
    pub fn written(&self) -> Option<(SystemTime, SystemTime)> {
        let of = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        Some((of(&self.cert)?, of(&self.key)?))
    }
}

/// # Errors
/// The name is none.
pub fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not the name of a header"))
}

fn unfit(what: &str) -> String {
    format!("{what} holds characters no header may carry")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(text: &str) -> TokenFrom {
        TokenFrom::Command(vec!["printf".into(), "%s".into(), text.into()])
    }

    #[tokio::test]
    async fn a_user_and_a_password_become_one_header_that_nobody_sees() {
        let basic = Basic { user: "oncall".into(), password: echo("pa:ss wörd") };
        let access = Access { basic: Some(basic), ..Access::default() };
        let sent = access.read().await.unwrap_or_else(|e| panic!("{e}"));
        let header = sent.headers.get(AUTHORIZATION).expect("header");
        // By `printf 'oncall:pa:ss wörd' | base64`.
        assert_eq!(header.as_bytes(), b"Basic b25jYWxsOnBhOnNzIHfDtnJk");
        assert!(header.is_sensitive());
        let shown = format!("{access:?} {:?} {:?}", sent.headers, access.said());
        assert!(!shown.contains("wörd") && !shown.contains("b25j"), "{shown}");
        let mut answer = b"you sent Basic b25jYWxsOnBhOnNzIHfDtnJk".to_vec();
        sent.secrets.iter().for_each(|s| s.hide(&mut answer));
        assert!(!String::from_utf8_lossy(&answer).contains("b25j"));
    }

    #[tokio::test]
    async fn headers_of_ones_own_are_sent_and_a_wrong_one_is_named() {
        let headers = vec![
            ("X-Team".to_owned(), HeaderFrom::Text("shop".into())),
            ("X-Api-Key".to_owned(), HeaderFrom::Secret(echo("k3y-of-ours"))),
        ];
        let access = Access { headers, ..Access::default() };
        let sent = access.read().await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(sent.headers.get("x-team").map(HeaderValue::as_bytes), Some(&b"shop"[..]));
        assert_eq!(sent.headers.get("x-api-key").map(HeaderValue::as_bytes), Some(&b"k3y-of-ours"[..]));
        assert_eq!(access.said().as_deref(), Some("the header X-Api-Key"));
        assert!(!format!("{access:?} {:?}", sent.headers).contains("k3y"));
        for (name, value, word) in [("X Team", "a", "X Team"), ("X-Team", "a\nb", "no header may carry")] {
            let headers = vec![(name.to_owned(), HeaderFrom::Text(value.into()))];
            let why = Access { headers, ..Access::default() }.read().await.err().expect(word);
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn a_certificate_that_is_none_is_named_by_its_file() {
        let at = |name: &str| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/backends/net/fixtures").join(name);
        let good = Identity { cert: at("test-client.pem"), key: at("test-client.key") };
        assert!(good.read().is_ok() && good.written().is_some());
        let none = Identity { cert: at("test-client.pem"), key: "/nowhere/client.key".into() };
        assert!(none.read().err().is_some_and(|e| e.contains("/nowhere/client.key cannot be read")));
        let twice = Identity { cert: at("test-client.pem"), key: at("test-client.pem") };
        assert!(twice.read().err().is_some_and(|e| e.contains("no client certificate and key")));
    }
}
