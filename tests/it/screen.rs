//! A small terminal for the PTY tests: bytes in, cells and modes out. It answers nothing, as the law wants.

use unicode_width::UnicodeWidthChar as _;
use vte::{Params, Parser, Perform};

/// What the program has made of the terminal so far.
pub struct Screen {
    parser: Option<Parser>,
    pub grid: Grid,
}

/// A colour as it was set; the named sixteen are the first of the palette.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    #[default]
    Default,
    Index(u8),
    Rgb(u8, u8, u8),
}

/// Colours and emphasis; bit n of `on` is SGR n (1 bold to 9 crossed out).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub fg: Colour,
    pub bg: Colour,
    pub on: u16,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Empty for the right half of a wide character.
    pub text: String,
    pub style: Style,
}

const REVERSE: u16 = 1 << 7;

impl Cell {
    fn reverse(&self) -> bool {
        self.style.on & REVERSE != 0
    }
}

pub struct Grid {
    cols: usize,
    rows: usize,
    cells: Vec<Vec<Cell>>,
    /// The main screen while the alternate one is shown.
    main: Option<Vec<Vec<Cell>>>,
    x: usize,
    y: usize,
    /// The last column is written and the next character wraps.
    wrap: bool,
    style: Style,
    cursor: bool,
    /// Private modes that are on, of those a program must leave off.
    on: Vec<u16>,
    /// A title was set, and how many titles were put aside.
    titled: bool,
    titles: u16,
    /// Other things a program can leave changed: line wrapping, margins, keypad, cursor keys, character set, cursor shape.
    changed: Vec<&'static str>,
    saved: (usize, usize),
    /// Rows that scroll: the first, and the one behind the last.
    margins: (usize, usize),
    last: char,
    /// Synchronized updates completed.
    pub frames: usize,
    /// Characters that only wrapping put where they are, and rows that scrolled away.
    pub wrapped: usize,
    pub scrolled: usize,
    /// How wide this terminal thinks a character is.
    pub width_of: fn(char) -> usize,
}

/// Modes a program may use and must leave off: mouse, focus, paste, sync.
const LEAVE_OFF: [u16; 9] = [9, 1000, 1002, 1003, 1004, 1005, 1006, 2004, 2026];

impl Screen {
    pub fn new(cols: usize, rows: usize) -> Screen {
        let grid = Grid {
            cols,
            rows,
            cells: blank(cols, rows),
            main: None,
            x: 0,
            y: 0,
            wrap: false,
            style: Style::default(),
            cursor: true,
            on: Vec::new(),
            titled: false,
            titles: 0,
            changed: Vec::new(),
            saved: (0, 0),
            margins: (0, rows),
            last: ' ',
            frames: 0,
            wrapped: 0,
            scrolled: 0,
            width_of: |c| c.width().unwrap_or(0),
        };
        Screen { parser: Some(Parser::new()), grid }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        let mut parser = self.parser.take().unwrap();
        parser.advance(&mut self.grid, bytes);
        self.parser = Some(parser);
    }

    pub fn resize(&mut self, cols: usize, rows: usize) {
        let g = &mut self.grid;
        (g.cols, g.rows) = (cols, rows);
        for cells in std::iter::once(&mut g.cells).chain(g.main.as_mut()) {
            cells.resize(rows, Vec::new());
            cells.iter_mut().for_each(|row| row.resize(cols, space()));
        }
        (g.x, g.y, g.wrap) = (g.x.min(cols - 1), g.y.min(rows - 1), false);
        g.margins = (0, rows);
    }
}

fn space() -> Cell {
    Cell { text: " ".into(), style: Style::default() }
}

fn blank(cols: usize, rows: usize) -> Vec<Vec<Cell>> {
    vec![vec![space(); cols]; rows]
}

impl Grid {
    /// The rows as text, without the spaces at their ends.
    pub fn lines(&self) -> Vec<String> {
        let text = |row: &Vec<Cell>| row.iter().map(|c| c.text.as_str()).collect::<String>();
        self.cells.iter().map(|row| text(row).trim_end().to_owned()).collect()
    }

    pub fn contains(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }

    /// What stands in reverse video, row by row: usually the selection.
    pub fn reversed(&self) -> Vec<String> {
        let text = |row: &Vec<Cell>| row.iter().filter(|c| c.reverse()).map(|c| c.text.as_str()).collect::<String>();
        self.cells.iter().map(text).filter(|s| !s.is_empty()).collect()
    }

    pub fn alternate(&self) -> bool {
        self.main.is_some()
    }

    /// Column and row from 0, if shown.
    pub fn cursor(&self) -> Option<(usize, usize)> {
        self.cursor.then_some((self.x, self.y))
    }

    /// What a program that has ended left behind.
    pub fn left_behind(&self) -> Vec<String> {
        let mut left: Vec<String> = self.on.iter().map(|m| format!("mode {m} is on")).collect();
        if self.alternate() {
            left.push("the alternate screen is on".into());
        }
        if !self.cursor {
            left.push("the cursor is hidden".into());
        }
        if self.style != Style::default() {
            left.push("attributes are on".into());
        }
        if self.titled || self.titles > 0 {
            left.push("the title is changed".into());
        }
        left.extend(self.changed.iter().map(|what| format!("{what} changed")));
        left
    }

    fn change(&mut self, what: &'static str, from_default: bool) {
        self.changed.retain(|w| *w != what);
        if from_default {
            self.changed.push(what);
        }
    }

    fn set_mode(&mut self, mode: u16, on: bool) {
        match mode {
            1 => self.change("cursor keys", on),
            6 => self.change("origin mode", on),
            7 => self.change("line wrapping", !on),
            25 => self.cursor = on,
            47 | 1047 | 1049 => {
                if on && self.main.is_none() {
                    let fresh = blank(self.cols, self.rows);
                    self.main = Some(std::mem::replace(&mut self.cells, fresh));
                } else if let (false, Some(main)) = (on, self.main.take()) {
                    self.cells = main;
                }
            }
            _ if LEAVE_OFF.contains(&mode) => {
                if mode == 2026 && !on && self.on.contains(&2026) {
                    self.frames += 1;
                }
                self.on.retain(|m| *m != mode);
                if on {
                    self.on.push(mode);
                }
            }
            _ => {}
        }
    }

    /// Every cell as it stands.
    pub fn cells(&self) -> &[Vec<Cell>] {
        &self.cells
    }

    /// In the pen's background, as most terminals do.
    fn erase(&mut self, y: usize, xs: std::ops::Range<usize>) {
        let style = Style { bg: self.style.bg, ..Style::default() };
        for x in xs {
            self.put(y, x, Cell { text: " ".into(), style });
        }
    }

    /// Into one column; of a wide character that loses a half, the other goes too.
    fn put(&mut self, y: usize, x: usize, cell: Cell) {
        let row = &mut self.cells[y];
        let blank = |c: &Cell| Cell { text: " ".into(), style: c.style };
        if row[x].text.is_empty() && x > 0 && !cell.text.is_empty() {
            row[x - 1] = blank(&row[x - 1]);
        }
        if x + 1 < row.len() && row[x + 1].text.is_empty() {
            row[x + 1] = blank(&row[x + 1]);
        }
        row[x] = cell;
    }

    fn sgr(&mut self, params: &Params) {
        let flat: Vec<u16> = params.iter().flatten().copied().collect();
        let mut rest = flat.into_iter();
        while let Some(p) = rest.next() {
            let byte = |n: u16| u8::try_from(n).unwrap_or(0);
            let s = &mut self.style;
            match p {
                0 => *s = Style::default(),
                1..=9 => s.on |= 1 << p,
                22 => s.on &= !0b110,
                25 => s.on &= !0b110_0000,
                23 | 24 | 27 | 28 | 29 => s.on &= !(1 << (p - 20)),
                30..=37 => s.fg = Colour::Index(byte(p - 30)),
                40..=47 => s.bg = Colour::Index(byte(p - 40)),
                90..=97 => s.fg = Colour::Index(byte(p - 82)),
                100..=107 => s.bg = Colour::Index(byte(p - 92)),
                39 => s.fg = Colour::Default,
                49 => s.bg = Colour::Default,
                // Colours carry parameters of their own (38;5;7) that are no attributes.
                38 | 48 | 58 => {
                    let mut next = || byte(rest.next().unwrap_or(0));
                    let colour = match next() {
                        2 => Colour::Rgb(next(), next(), next()),
                        _ => Colour::Index(next()),
                    };
                    match p {
                        38 => s.fg = colour,
                        48 => s.bg = colour,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn down(&mut self) {
        if self.y + 1 == self.margins.1 {
            self.scroll_up(self.margins.0, 1);
        } else if self.y + 1 < self.rows {
            self.y += 1;
        }
    }

    fn up(&mut self) {
        if self.y == self.margins.0 {
            self.scroll_down(self.margins.0, 1);
        } else {
            self.y = self.y.saturating_sub(1);
        }
    }

    /// Rows from `top` to the margin move up, blank ones come in below.
    fn scroll_up(&mut self, top: usize, by: usize) {
        for _ in 0..by.min(self.margins.1.saturating_sub(top)) {
            self.scrolled += 1;
            self.cells.remove(top);
            self.cells.insert(self.margins.1 - 1, vec![space(); self.cols]);
        }
    }

    fn scroll_down(&mut self, top: usize, by: usize) {
        for _ in 0..by.min(self.margins.1.saturating_sub(top)) {
            self.cells.remove(self.margins.1 - 1);
            self.cells.insert(top, vec![space(); self.cols]);
        }
    }
}

impl Perform for Grid {
    fn print(&mut self, c: char) {
        let width = (self.width_of)(c);
        if width > 0 {
            self.last = c;
        }
        if width == 0 {
            let mut x = if self.wrap { self.x } else { self.x.saturating_sub(1) };
            if self.cells[self.y][x].text.is_empty() {
                x -= 1;
            }
            self.cells[self.y][x].text.push(c);
            return;
        }
        if self.wrap || self.x + width > self.cols {
            self.wrapped += 1;
            self.x = 0;
            self.down();
        }
        let style = self.style;
        self.put(self.y, self.x, Cell { text: c.into(), style });
        if width == 2 && self.x + 1 < self.cols {
            self.put(self.y, self.x + 1, Cell { text: String::new(), style });
        }
        self.wrap = self.x + width >= self.cols;
        self.x = (self.x + width).min(self.cols - 1);
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => self.x = 0,
            b'\n' => self.down(),
            0x08 => self.x = self.x.saturating_sub(1),
            b'\t' => self.x = (self.x / 8 * 8 + 8).min(self.cols - 1),
            _ => return,
        }
        self.wrap = false;
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _ignore: bool, last: char) {
        let all: Vec<u16> = params.iter().filter_map(|p| p.first().copied()).collect();
        let nth = |n: usize| usize::from(all.get(n).copied().unwrap_or(0));
        let step = nth(0).max(1);
        if intermediates == b"?" && matches!(last, 'h' | 'l') {
            return all.iter().for_each(|mode| self.set_mode(*mode, last == 'h'));
        }
        if intermediates == b" " && last == 'q' {
            return self.change("cursor shape", nth(0) != 0);
        }
        if matches!((intermediates, last), (b">" | b"<" | b"=", 'u')) {
            return self.change("kitty keys", intermediates != b"<" && nth(0) != 0);
        }
        if !intermediates.is_empty() {
            return;
        }
        match last {
            'A' => self.y = self.y.saturating_sub(step),
            'B' => self.y = (self.y + step).min(self.rows - 1),
            'C' => self.x = (self.x + step).min(self.cols - 1),
            'D' => self.x = self.x.saturating_sub(step),
            'G' => self.x = (step - 1).min(self.cols - 1),
            'd' => self.y = (step - 1).min(self.rows - 1),
            'H' | 'f' => {
                (self.x, self.y) = ((nth(1).max(1) - 1).min(self.cols - 1), (step - 1).min(self.rows - 1));
            }
            'J' => {
                let (before, after) = (matches!(nth(0), 1..=3), matches!(nth(0), 0 | 2 | 3));
                for y in 0..self.rows {
                    if (before && y < self.y) || (after && y > self.y) {
                        self.erase(y, 0..self.cols);
                    }
                }
                self.erase(self.y, if before { 0 } else { self.x }..if after { self.cols } else { self.x + 1 });
            }
            'K' => {
                let (from, to) = [(self.x, self.cols), (0, self.x + 1), (0, self.cols)][nth(0).min(2)];
                self.erase(self.y, from..to);
            }
            'X' => self.erase(self.y, self.x..(self.x + step).min(self.cols)),
            't' => {
                match nth(0) {
                    22 => self.titles += 1,
                    23 => (self.titles, self.titled) = (self.titles.saturating_sub(1), false),
                    _ => {}
                }
                return;
            }
            'r' => {
                let (top, bottom) = (nth(0).max(1), nth(1));
                self.change("margins", top != 1 || !(bottom == 0 || bottom == self.rows));
                let bottom = if bottom == 0 { self.rows } else { bottom.min(self.rows) };
                self.margins = if top - 1 < bottom { (top - 1, bottom) } else { (0, self.rows) };
                (self.x, self.y) = (0, 0);
            }
            'S' => self.scroll_up(self.margins.0, step),
            'T' => self.scroll_down(self.margins.0, step),
            'L' | 'M' if (self.margins.0..self.margins.1).contains(&self.y) => {
                if last == 'L' {
                    self.scroll_down(self.y, step)
                } else {
                    self.scroll_up(self.y, step)
                }
                self.x = 0;
            }
            '@' => {
                for _ in 0..step.min(self.cols - self.x) {
                    self.cells[self.y].insert(self.x, space());
                    self.cells[self.y].pop();
                }
            }
            'P' => {
                for _ in 0..step.min(self.cols - self.x) {
                    self.cells[self.y].remove(self.x);
                    self.cells[self.y].push(space());
                }
            }
            'b' => {
                for _ in 0..step.min(self.cols * self.rows) {
                    self.print(self.last);
                }
                return;
            }
            'm' => return self.sgr(params),
            _ => return,
        }
        self.wrap = false;
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _bell: bool) {
        if matches!(params.first(), Some(&(b"0" | b"1" | b"2"))) {
            self.titled = true;
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _ignore: bool, byte: u8) {
        match (intermediates, byte) {
            (b"", b'7') => self.saved = (self.x, self.y),
            (b"", b'8') => (self.x, self.y) = (self.saved.0.min(self.cols - 1), self.saved.1.min(self.rows - 1)),
            (b"", b'D') => self.down(),
            (b"", b'M') => self.up(),
            (b"", b'=') => self.change("keypad", true),
            (b"", b'>') => self.change("keypad", false),
            (b"(", set) => self.change("character set", set != b'B'),
            _ => {}
        }
    }
}

fn shown(bytes: &str) -> Screen {
    let mut screen = Screen::new(6, 3);
    screen.feed(bytes.as_bytes());
    screen
}

#[test]
fn text_wraps_scrolls_and_is_erased() {
    assert_eq!(shown("abcdefgh\r\ni").grid.lines(), ["abcdef", "gh", "i"]);
    assert_eq!(shown("1\r\n2\r\n3\r\n4").grid.lines(), ["2", "3", "4"]);
    assert_eq!(
        shown("abcdef\x1b[1;3H\x1b[K\x1b[2;2HX\x1b[1;1H\x1b[C漢e\u{301}").grid.lines(),
        ["a漢e\u{301}", " X", ""]
    );
    assert_eq!(shown("abcdef\x1b[2J").grid.lines(), ["", "", ""]);
}

#[test]
fn regions_scroll_and_cells_move() {
    assert_eq!(shown("1\r\n2\r\n3\x1b[2;3r\x1b[3;1H\n4").grid.lines(), ["1", "3", "4"]);
    assert_eq!(shown("1\r\n2\r\n3\x1b[1;1H\x1bM0").grid.lines(), ["0", "1", "2"]);
    assert_eq!(shown("1\r\n2\r\n3\x1b[2;1H\x1b[L").grid.lines(), ["1", "", "2"]);
    assert_eq!(shown("1\r\n2\r\n3\x1b[1;1H\x1b[M").grid.lines(), ["2", "3", ""]);
    assert_eq!(shown("1\r\n2\r\n3\x1b[S").grid.lines(), ["2", "3", ""]);
    assert_eq!(shown("abcdef\x1b[1;2H\x1b[2@").grid.lines(), ["a  bcd", "", ""]);
    assert_eq!(shown("abcdef\x1b[1;2H\x1b[2P").grid.lines(), ["adef", "", ""]);
    assert_eq!(shown("-\x1b[3b|").grid.lines(), ["----|", "", ""]);
}

#[test]
fn what_is_left_behind_is_named() {
    let mut s = shown("main\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?2026h\x1b[2;1H\x1b[7mrow\x1b[38;5;7mx\x1b[0m");
    assert_eq!(s.grid.lines(), ["", "rowx", ""]);
    assert_eq!(s.grid.reversed(), ["rowx"]);
    assert_eq!(s.grid.left_behind().len(), 4);
    s.feed(b"\x1b[?2026l\x1b[?2004l\x1b[?25h\x1b[?1049l");
    assert_eq!((s.grid.left_behind(), s.grid.frames), (vec![], 1));
    assert_eq!(s.grid.lines(), ["main", "", ""]);
}

#[test]
fn a_title_a_colour_margins_and_shapes_are_left_behind_too() {
    let mut s = shown("\x1b[22;2t\x1b]2;x\x07\x1b[38;5;3mred\x1b[5 q\x1b[1;2r\x1b[?7l\x1b=\x1b(0\x1b[>1u");
    assert_eq!(
        s.grid.left_behind(),
        [
            "attributes are on",
            "the title is changed",
            "cursor shape changed",
            "margins changed",
            "line wrapping changed",
            "keypad changed",
            "character set changed",
            "kitty keys changed"
        ]
    );
    s.feed(b"\x1b[<u\x1b[23;2t\x1b[0m\x1b[0 q\x1b[r\x1b[?7h\x1b>\x1b(B");
    assert_eq!(s.grid.left_behind(), Vec::<String>::new());
}

#[test]
fn a_new_size_keeps_what_fits() {
    let mut s = shown("abcdef");
    s.resize(3, 2);
    assert_eq!(s.grid.lines(), ["abc", ""]);
}
