//! What the kernel tells of a process: its state, children, processor time and memory. From `/proc`.

/// Processor time in ticks of 10 ms (USER_HZ is 100 on every Linux), user and system, all threads.
pub fn cpu_ticks(pid: u32) -> u64 {
    ticks(pid).expect("the process is there, ended or not")
}

/// The same; `None` when somebody has reaped it meanwhile.
pub fn ticks(pid: u32) -> Option<u64> {
    let stat = stat(pid)?;
    let field = |n: usize| stat.get(n).and_then(|f| f.parse::<u64>().ok()).expect("proc(5)");
    // Fields 14 and 15 of proc(5); the list begins at field 3.
    Some(field(11) + field(12))
}

/// `R`, `S`, `T`, `Z` and so on; `None` when it is no more.
pub fn state(pid: u32) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

/// Resident memory in KiB.
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("proc(5)");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Its children.
pub fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|c| c.parse().ok()).collect()
}

fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces and parentheses.
    Some(text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

#[test]
fn this_process_is_found() {
    let me = std::process::id();
    assert!(matches!(state(me), Some('R' | 'S')));
    assert!(resident(me) > 1_000);
    let before = cpu_ticks(me);
    let end = std::time::Instant::now() + std::time::Duration::from_millis(60);
    let mut n = 0_u64;
    while std::time::Instant::now() < end || cpu_ticks(me) == before {
        n = std::hint::black_box(n + 1);
    }
    assert!(cpu_ticks(me) > before);
    let mut shell = std::process::Command::new("sh").args(["-c", "sleep 9; :"]).spawn().expect("sh starts");
    while children(shell.id()).is_empty() {
        std::thread::yield_now();
    }
    shell.kill().expect("killed");
    shell.wait().expect("waited for");
}
