//! The SSH certificate this login came with, where sshd tells of it (`ExposeAuthInfo yes`, the file named by
//! `SSH_USER_AUTH`: one authentication method a line, `publickey <type> <base64>`; sshd_config(5)).
//!
//! sshd has checked the certificate; here it is only read. The file and the variable belong to the session, so what is read
//! is what the session says of itself: a help for the review, no proof.

use std::io::Read;
use std::path::Path;

/// The file holds a few lines; a certificate has at most a few kilobytes.
const FILE_CAP: u64 = 64 * 1024;
/// Principals kept, and characters of each and of the key id.
const NAMES: usize = 20;
const NAME: usize = 128;

/// A certificate's own names for its holder. Either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    key_id: String,
    principals: Vec<String>,
}

impl Certificate {
    /// Whom the authority made it for, in its own words.
    pub fn key_id(&self) -> Option<String> {
        (!self.key_id.is_empty()).then(|| self.key_id.clone())
    }

    /// The accounts or roles it is good for, joined by `,`. `None`: for all.
    pub fn principals(&self) -> Option<String> {
        (!self.principals.is_empty()).then(|| self.principals.join(","))
    }
}

/// The certificate of this login. `None`: none was used, or sshd does not tell.
pub fn of_this_login() -> Option<Certificate> {
    let path = std::env::var_os("SSH_USER_AUTH").filter(|p| !p.is_empty())?;
    let file = crate::journal::append::open_to_read(Path::new(&path)).ok()?;
    let mut text = Vec::new();
    file.take(FILE_CAP).read_to_end(&mut text).ok()?;
    in_text(&String::from_utf8_lossy(&text))
}

/// The first certificate among the methods.
fn in_text(text: &str) -> Option<Certificate> {
    text.lines().find_map(|l| {
        let mut words = l.split_whitespace();
        let (method, kind, blob) = (words.next()?, words.next()?, words.next()?);
        (method == "publickey" && kind.contains("-cert-v01@")).then(|| read(&base64(blob)?)).flatten()
    })
}

/// Fields of the public key between nonce and serial, by type: PROTOCOL.certkeys of OpenSSH, section "New public key
/// formats", and PROTOCOL.u2f for the `sk-` types. All of them are strings or mpints, which have the same shape.
const KEY_FIELDS: [(&str, usize); 8] = [
    ("ssh-ed25519-cert-v01@openssh.com", 1),
    ("ssh-rsa-cert-v01@openssh.com", 2),
    ("ssh-dss-cert-v01@openssh.com", 4),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", 2),
    ("ecdsa-sha2-nistp384-cert-v01@openssh.com", 2),
    ("ecdsa-sha2-nistp521-cert-v01@openssh.com", 2),
    ("sk-ssh-ed25519-cert-v01@openssh.com", 2),
    ("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", 3),
];
/// `SSH_CERT_TYPE_USER`; a host's certificate is no person's.
const USER: u32 = 1;

/// Reads a certificate as it travels: type, nonce, key, serial, type, key id, principals; the rest is not looked at. `None`:
/// not one, cut, or a length points outside.
fn read(blob: &[u8]) -> Option<Certificate> {
    let mut rest = blob;
    let kind = string(&mut rest)?;
    let fields = KEY_FIELDS.iter().find(|(name, _)| name.as_bytes() == kind)?.1;
    let _nonce = string(&mut rest)?;
    for _ in 0..fields {
        string(&mut rest)?;
    }
    let _serial = take(&mut rest, 8)?;
    if number(&mut rest)? != USER {
        return None;
    }
    let key_id = words(string(&mut rest)?);
    let mut packed = string(&mut rest)?;
    let mut principals = Vec::new();
    while !packed.is_empty() && principals.len() < NAMES {
        let name = words(string(&mut packed)?);
        if !name.is_empty() {
            principals.push(name);
        }
    }
    Some(Certificate { key_id, principals })
}

fn take<'a>(from: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (head, rest) = from.split_at_checked(n)?;
    *from = rest;
    Some(head)
}

fn number(from: &mut &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(take(from, 4)?.try_into().ok()?))
}

/// A length of four bytes and as many bytes (RFC 4251 section 5).
fn string<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let n = usize::try_from(number(from)?).ok()?;
    take(from, n)
}

/// An authority's text: without control characters, short.
fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(NAME).collect::<String>().trim().to_owned()
}

/// RFC 4648 section 4, padding optional. `None`: a character that is none of it.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut have) = (0u32, 0u8);
    for b in text.bytes().take_while(|b| *b != b'=') {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push(u8::try_from(bits >> have & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made once with `ssh-keygen -s ca -I "mira@example.com" -n root,on-call -z 7 -V always:forever key.pub`.
    const ED25519: &str = include_str!("ssh/ed25519-cert.pub");
    const RSA: &str = include_str!("ssh/rsa-cert.pub");
    const ECDSA: &str = include_str!("ssh/ecdsa-cert.pub");
    const HOST: &str = include_str!("ssh/host-cert.pub");

    fn line(public: &str) -> String {
        format!("publickey {public}")
    }

    #[test]
    fn a_certificate_names_its_holder_whatever_its_key() {
        for public in [ED25519, RSA, ECDSA] {
            let c = in_text(&line(public)).expect(public);
            assert_eq!(c.key_id().as_deref(), Some("mira@example.com"));
            assert_eq!(c.principals().as_deref(), Some("root,on-call"));
        }
        // As sshd writes it after two methods.
        let two = format!("keyboard-interactive\n{}", line(ED25519));
        assert_eq!(in_text(&two).and_then(|c| c.key_id()).as_deref(), Some("mira@example.com"));
    }

    #[test]
    fn what_is_no_persons_certificate_names_nobody() {
        assert_eq!(in_text(&line(HOST)), None);
        for none in [
            "",
            "password",
            "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHZ",
            "publickey ssh-ed25519-cert-v01@openssh.com",
            "publickey ssh-ed25519-cert-v01@openssh.com !!!!",
            "publickey new-cert-v01@example.com AAAAC3NzaC1lZDI1NTE5",
        ] {
            assert_eq!(in_text(none), None, "{none}");
        }
    }

    /// Every cut and every lying length ends in an answer, not in a panic or a large allocation.
    #[test]
    fn a_damaged_certificate_harms_nobody() {
        let blob = base64(ED25519.split_whitespace().nth(1).expect("three words")).expect("base64");
        let whole = read(&blob).expect("a certificate");
        for n in 0..blob.len() {
            if let Some(c) = read(&blob[..n]) {
                assert_eq!(c, whole, "cut behind what is read");
            }
            let mut bent = blob.clone();
            bent[n] = 0xff;
            let _ = read(&bent);
        }
    }
}
