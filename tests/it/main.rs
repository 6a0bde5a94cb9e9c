mod contract;
mod kubernetes;
mod live;
mod pty;
mod pty_self;
mod screen;
mod tty_probe;
