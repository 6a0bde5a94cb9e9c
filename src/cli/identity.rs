//! Who is here, on which host, and what tells this session apart.

use crate::journal::record::User;
use rustix::process::{getpid, getuid};

/// The unix user by uid: what the environment says can be set by anyone, and the log stands on this name. `LOGNAME` only
/// where the uid has no name here (directory services), marked as said.
pub fn user() -> String {
    let uid = getuid().as_raw();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&passwd, uid).unwrap_or_else(|| match std::env::var("LOGNAME") {
        Ok(said) if !said.is_empty() => format!("{said}({uid})"),
        Ok(_) | Err(_) => uid.to_string(),
    })
}

/// The unix user as records name them, with what the SSH certificate of this login says.
pub fn actor() -> User {
    let shown = super::ssh::of_this_login();
    let (key_id, principals) = shown.map_or((None, None), |c| (c.key_id(), c.principals()));
    User { name: user(), principal: principals, key_id }
}

fn named(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|l| {
        let mut f = l.split(':');
        let name = f.next()?;
        (f.nth(1)?.parse() == Ok(uid)).then(|| name.to_string())
    })
}

pub fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let short = name.trim().split('.').next().unwrap_or_default().to_string();
    if short.is_empty() { "localhost".into() } else { short }
}

/// Four hex digits that tell sessions of the same second apart.
pub fn suffix() -> String {
    let ms = crate::engine::clock::boottime_ms();
    let pid = i64::from(getpid().as_raw_nonzero().get());
    format!("{:04x}", (ms ^ pid.wrapping_mul(0x9e37)) & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uid_names_the_user() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nmira:x:1000:1000::/home/mira:/bin/sh\nbroken\n";
        assert_eq!(named(passwd, 1000).as_deref(), Some("mira"));
        assert_eq!(named(passwd, 7), None);
    }
}
