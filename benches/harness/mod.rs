//! The tests' harness for benches: a home of one's own, a program in a terminal, its screen and its process. A bench that
//! uses it brings the four modules to its root, where they look for each other.

#[path = "../../tests/it/home.rs"]
#[expect(dead_code, reason = "the tests' harness; a bench uses a part of it")]
pub mod home;
#[path = "../../tests/it/process.rs"]
#[expect(dead_code, reason = "the tests' harness; a bench uses a part of it")]
pub mod process;
#[path = "../../tests/it/pty.rs"]
#[expect(dead_code, reason = "the tests' harness; a bench uses a part of it")]
pub mod pty;
#[path = "../../tests/it/screen.rs"]
#[expect(dead_code, reason = "the tests' harness; a bench uses a part of it")]
pub mod screen;
