mod drawing;
mod pty;
mod pty_self;
mod screen;
mod snapshots;
mod tty_probe;
mod words;
