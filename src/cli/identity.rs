//! Who is here, on which host, and what tells this session apart.

use rustix::process::{getpid, getuid};

/// The unix user; the uid where it has no name.
pub fn user() -> String {
    for name in ["LOGNAME", "USER"] {
        if let Ok(u) = std::env::var(name)
            && !u.is_empty()
        {
            return u;
        }
    }
    let uid = getuid().as_raw();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = passwd.lines().find_map(|l| {
        let mut f = l.split(':');
        let name = f.next()?;
        (f.nth(1)?.parse() == Ok(uid)).then(|| name.to_string())
    });
    found.unwrap_or_else(|| uid.to_string())
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
