mod contract;
mod live;
mod pty;
mod pty_self;
mod screen;
mod tty_probe;
