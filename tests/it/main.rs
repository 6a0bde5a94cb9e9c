mod pty;
mod screen;
mod tty_probe;
