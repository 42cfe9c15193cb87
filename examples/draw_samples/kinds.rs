//! Draws the eight kinds of pages.

use crate::canvas::{BLACK, Canvas, Colour, GREY};
use docmill::internal::base::random::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Invoice,
    Letter,
    Form,
    Receipt,
    Photo,
    Screenshot,
    Note,
    Blank,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Letter => "letter",
            Self::Form => "form",
            Self::Receipt => "receipt",
            Self::Photo => "photo",
            Self::Screenshot => "screenshot",
            Self::Note => "note",
            Self::Blank => "blank",
        }
    }

    /// Amount of noise in pages of this kind.
    pub(crate) fn grain(self) -> f64 {
        match self {
            Self::Photo => 26.0,
            Self::Receipt => 14.0,
            Self::Screenshot => 0.0,
            _ => 9.0,
        }
    }

    /// The features of the page, out of `table`, `boxes` and `colour`, in that order.
    pub(crate) fn features(self, is_colour: bool) -> Vec<&'static str> {
        let mut features = Vec::new();
        match self {
            Self::Invoice => features.push("table"),
            Self::Form => features.push("boxes"),
            _ => {}
        }
        if is_colour && !matches!(self, Self::Blank | Self::Receipt | Self::Letter) {
            features.push("colour");
        }
        features
    }
}

const WORDS: &[&str] = &[
    "THE",
    "ORDER",
    "OF",
    "YOUR",
    "HOUSE",
    "PAYMENT",
    "WITH",
    "REGARD",
    "TO",
    "PLEASE",
    "FIND",
    "ENCLOSED",
    "COPY",
    "WE",
    "THANK",
    "YOU",
    "FOR",
    "LETTER",
    "DATED",
    "MARCH",
    "AND",
    "REMAIN",
    "SINCERELY",
    "DELIVERY",
    "GOODS",
    "ARRIVED",
    "IN",
    "GOOD",
    "STATE",
];

fn pick<'a>(random: &Random, words: &[&'a str]) -> &'a str {
    words[random.next_u64() as usize % words.len()]
}

fn between(random: &Random, low: i64, high: i64) -> i64 {
    low + (random.next_u64() % (high - low + 1) as u64) as i64
}

pub(crate) fn draw(kind: Kind, random: &Random) -> Canvas {
    match kind {
        Kind::Invoice => invoice(random),
        Kind::Letter => letter(random),
        Kind::Form => form(random),
        Kind::Receipt => receipt(random),
        Kind::Photo => photo(random),
        Kind::Screenshot => screenshot(random),
        Kind::Note => note(random),
        Kind::Blank => blank(random),
    }
}

fn paper(random: &Random) -> Colour {
    let tone = between(random, 244, 252) as u8;
    [tone, tone, tone.saturating_sub(3)]
}

/// A4 at 75 or 90 dpi.
fn page(random: &Random) -> Canvas {
    let (width, height) = if random.next_u64().is_multiple_of(3) { (744, 1052) } else { (620, 877) };
    Canvas::new(width, height, paper(random))
}

fn lines_of_text(canvas: &mut Canvas, random: &Random, x: i64, mut y: i64, width: i64, count: i64) -> i64 {
    for line in 0..count {
        let mut at = x;
        let end = if line == count - 1 { x + width / 2 } else { x + width };
        loop {
            let word = pick(random, WORDS);
            if at + word.len() as i64 * 12 > end {
                break;
            }
            at += canvas.text(at, y, 2, word, BLACK) + 10;
        }
        y += 22;
    }
    y
}

fn invoice(random: &Random) -> Canvas {
    let mut canvas = page(random);
    let (w, h) = (i64::from(canvas.width()), i64::from(canvas.height()));
    let accent = [[30, 70, 150], [150, 40, 40], [20, 110, 70]][random.next_u64() as usize % 3];
    canvas.rect(50, 40, 90, 60, accent);
    canvas.text(w - 250, 50, 5, "INVOICE", accent);
    canvas.text(w - 250, 100, 2, &format!("NO. {}", between(random, 1000, 99999)), BLACK);
    lines_of_text(&mut canvas, random, 50, 140, 240, 4);
    let (top, row, rows) = (280, 30, between(random, 8, 13));
    let columns = [50, 50 + (w - 100) / 2, 50 + (w - 100) * 2 / 3, 50 + (w - 100) * 5 / 6, w - 50];
    for line in 0..=rows {
        canvas.rect(50, top + line * row, w - 100, 2, BLACK);
    }
    for x in columns {
        canvas.rect(x, top, 2, rows * row, BLACK);
    }
    for line in 0..rows {
        let y = top + line * row + 8;
        canvas.text(58, y, 2, pick(random, WORDS), BLACK);
        canvas.text(columns[1] + 8, y, 2, &between(random, 1, 40).to_string(), BLACK);
        canvas.text(columns[2] + 8, y, 2, &between(random, 1, 900).to_string(), BLACK);
        canvas.text(columns[3] + 8, y, 2, &between(random, 1, 900).to_string(), BLACK);
    }
    canvas.text(
        w - 300,
        top + rows * row + 25,
        3,
        &format!("TOTAL {}.{:02}", between(random, 90, 9000), between(random, 0, 99)),
        BLACK,
    );
    canvas.text(50, h - 60, 2, "PAYABLE WITHIN 30 DAYS", GREY);
    canvas
}

fn letter(random: &Random) -> Canvas {
    let mut canvas = page(random);
    let (w, h) = (i64::from(canvas.width()), i64::from(canvas.height()));
    lines_of_text(&mut canvas, random, 60, 60, 260, 4);
    canvas.text(w - 230, 190, 2, "3 MARCH 2025", BLACK);
    canvas.text(60, 230, 2, "DEAR SIR OR MADAM,", BLACK);
    let mut y = 270;
    for _ in 0..3 {
        y = lines_of_text(&mut canvas, random, 60, y, w - 120, between(random, 4, 6)) + 16;
    }
    y += 10;
    canvas.text(60, y, 2, "YOURS SINCERELY", BLACK);
    // The signature is a wave with a flourish.
    for step in 0..150 {
        let t = f64::from(step) / 10.0;
        let x = 70 + step as i64;
        let wave = (t * 2.1).sin() * 12.0 * (1.0 - t / 20.0) + (t * 0.7).cos() * 6.0;
        canvas.disc(x, y + 50 + wave as i64, 1, [40, 40, 60]);
    }
    canvas.text(60, (y + 90).min(h - 40), 2, "J. DOE", BLACK);
    canvas
}

fn form(random: &Random) -> Canvas {
    let mut canvas = page(random);
    let (w, h) = (i64::from(canvas.width()), i64::from(canvas.height()));
    let accent = [[30, 110, 160], [170, 100, 20]][random.next_u64() as usize % 2];
    canvas.rect(40, 30, w - 80, 50, accent);
    canvas.text(60, 42, 4, "APPLICATION FORM", [250, 250, 250]);
    let mut y = 120;
    while y < h - 130 {
        canvas.text(
            50,
            y,
            2,
            pick(random, &["NAME", "STREET", "TOWN", "BORN ON", "PHONE", "EMPLOYER", "ACCOUNT"]),
            BLACK,
        );
        if random.next_u64().is_multiple_of(4) {
            for at in 0..4 {
                canvas.frame(50 + at * 130, y + 24, 24, 24, 2, BLACK);
                canvas.text(82 + at * 130, y + 30, 2, pick(random, &["YES", "NO", "MR", "MRS"]), BLACK);
                if random.next_u64().is_multiple_of(3) {
                    canvas.text(55 + at * 130, y + 28, 2, "X", BLACK);
                }
            }
        } else {
            canvas.frame(50, y + 20, w - 100, 34, 2, BLACK);
            if random.next_u64().is_multiple_of(2) {
                canvas.text(60, y + 30, 2, pick(random, WORDS), [40, 40, 90]);
            }
        }
        y += between(random, 76, 84);
    }
    canvas.frame(50, h - 80, 40, 40, 2, BLACK);
    canvas.text(100, h - 68, 2, "SIGNED", BLACK);
    canvas
}

fn receipt(random: &Random) -> Canvas {
    let height = between(random, 760, 980);
    let mut canvas = Canvas::new(330, height as u32, paper(random));
    canvas.text(70, 30, 4, pick(random, &["MARKET", "CAFE 21", "STATION"]), BLACK);
    canvas.text(60, 80, 2, "RECEIPT", BLACK);
    let mut y = 130;
    while y < height - 150 {
        canvas.text(20, y, 2, pick(random, &["BREAD", "MILK", "COFFEE", "APPLES", "SOAP", "PAPER"]), BLACK);
        canvas.text(230, y, 2, &format!("{}.{:02}", between(random, 0, 19), between(random, 0, 99)), BLACK);
        y += 26;
    }
    canvas.text(20, height - 110, 2, "------------------------", BLACK);
    canvas.text(20, height - 80, 3, &format!("TOTAL {}.{:02}", between(random, 10, 90), between(random, 0, 99)), BLACK);
    canvas.text(40, height - 40, 2, "* THANK YOU *", BLACK);
    canvas
}

fn photo(random: &Random) -> Canvas {
    let (width, height) = if random.next_u64().is_multiple_of(2) { (720, 480) } else { (480, 720) };
    let mut canvas = Canvas::new(width, height, [0; 3]);
    let (w, h) = (i64::from(width), i64::from(height));
    let horizon = between(random, h / 3, h * 2 / 3);
    let (sky, land) = ([90, 130, 190], [[90, 110, 60], [150, 120, 80], [70, 90, 110]][random.next_u64() as usize % 3]);
    for y in 0..h {
        for x in 0..w {
            let ridge = horizon + ((x as f64 / 60.0).sin() * 25.0 + (x as f64 / 23.0).cos() * 9.0) as i64;
            let (base, depth) = if y < ridge { (sky, y * 60 / h) } else { (land, (y - ridge) * 70 / h - 20) };
            let shade = |value: u8| (i64::from(value) + depth).clamp(0, 255) as u8;
            canvas.put(x, y, base.map(shade));
        }
    }
    canvas.disc(between(random, w / 5, w * 4 / 5), horizon / 2, w / 16, [215, 200, 150]);
    for _ in 0..between(random, 6, 14) {
        let (x, y, size) = (between(random, 0, w), between(random, horizon + 20, h - 10), between(random, 10, 38));
        canvas.rect(x - 2, y, 5, size, [80, 60, 45]);
        canvas.disc(x, y, size / 2, [50, between(random, 80, 120) as u8, 55]);
    }
    canvas
}

fn screenshot(random: &Random) -> Canvas {
    let mut canvas = Canvas::new(1024, 640, [240, 242, 245]);
    let accent = [[45, 60, 95], [60, 60, 62], [25, 95, 90]][random.next_u64() as usize % 3];
    canvas.rect(0, 0, 1024, 52, accent);
    for (at, colour) in [[230, 90, 80], [235, 190, 70], [100, 190, 90]].into_iter().enumerate() {
        canvas.disc(24 + at as i64 * 26, 26, 8, colour);
    }
    canvas.text(420, 18, 3, "INBOX", [235, 235, 235]);
    canvas.rect(0, 52, 210, 588, [222, 226, 232]);
    for at in 0..9 {
        canvas.text(20, 80 + at * 40, 2, pick(random, WORDS), [70, 75, 85]);
    }
    for at in 0..between(random, 5, 8) {
        let y = 76 + at * 68;
        canvas.rect(232, y, 768, 56, [255, 255, 255]);
        canvas.disc(262, y + 28, 15, [between(random, 90, 200) as u8, 140, between(random, 90, 220) as u8]);
        lines_of_text(&mut canvas, random, 292, y + 10, 660, 2);
    }
    canvas.rect(860, 590, 130, 34, [60, 120, 220]);
    canvas.text(885, 600, 2, "REPLY", [250, 250, 250]);
    canvas
}

fn note(random: &Random) -> Canvas {
    let (width, height) = (between(random, 520, 640) as u32, between(random, 600, 760) as u32);
    let papers = [[252, 246, 205], [250, 250, 247], [246, 236, 240]];
    let mut canvas = Canvas::new(width, height, papers[random.next_u64() as usize % 3]);
    let ink = [[30, 50, 160], [150, 30, 50], [20, 60, 130]][random.next_u64() as usize % 3];
    let mut y = 70.0;
    while y < f64::from(height) - 60.0 {
        let slant = (random.unit() - 0.5) * 0.12;
        let end = f64::from(width) * (0.55 + random.unit() * 0.35);
        let (mut x, mut phase) = (40.0, random.unit() * 6.0);
        while x < end {
            // A word is a series of loops of varying height, followed by a gap.
            let word = 30.0 + random.unit() * 70.0;
            let tall = 7.0 + random.unit() * 6.0;
            let mut t = 0.0;
            while t < word {
                let up = (phase + t / 3.2).sin() * tall + (phase + t / 7.7).cos() * 4.0;
                canvas.disc((x + t + (phase + t / 3.2).cos() * 3.0) as i64, (y + slant * (x + t) + up) as i64, 1, ink);
                t += 0.4;
            }
            phase += word;
            x += word + 16.0;
        }
        y += 44.0 + random.unit() * 12.0;
    }
    canvas
}

fn blank(random: &Random) -> Canvas {
    page(random)
}
