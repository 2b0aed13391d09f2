//! Colours as a theme's file names them, and what they are on a screen.

use toml::de::DeValue;

/// What may stand where a colour is wanted, in words.
pub(super) const EXPECTED: &str = "a colour: \"#rrggbb\", a name such as \"red\" or \"bright_black\", 0 to 255, \
                                   or \"default\"";

/// The names of the terminal's own colours, in their order.
pub(super) const ANSI: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright_black",
    "bright_red",
    "bright_green",
    "bright_yellow",
    "bright_blue",
    "bright_magenta",
    "bright_cyan",
    "bright_white",
];

/// Red, green, blue.
pub(super) type Rgb = [u8; 3];

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// Whatever the terminal has.
    Default,
    /// One of the terminal's own sixteen, which may look like anything.
    Ansi(u8),
    /// One of the 240 after them, which are the same everywhere.
    Indexed(u8),
    /// Itself.
    Rgb(Rgb),
}

impl Colour {
    /// A colour as it is written; `None` when it is none.
    pub(super) fn written(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        if let Some(digits) = text.strip_prefix('#') {
            let plain = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
            return plain.then_some(Self::Rgb([red, green, blue]));
        }
        (0..).zip(ANSI).find(|(_, name)| *name == text).map(|(index, _)| Self::Ansi(index))
    }

    /// A colour by its number.
    pub(super) fn numbered(index: u8) -> Self {
        if index < 16 { Self::Ansi(index) } else { Self::Indexed(index) }
    }

    /// A colour as a value of TOML; `None` when it is none.
    pub(super) fn read(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::String(text) => Self::written(text),
            DeValue::Integer(number) => {
                u8::from_str_radix(number.as_str(), number.radix()).ok().map(Self::numbered)
            }
            _ => None,
        }
    }

    /// What it looks like; for the terminal's own sixteen that is a guess, and for the default there is none.
    pub(super) fn rgb(self) -> Option<Rgb> {
        match self {
            Self::Default => None,
            Self::Ansi(index) | Self::Indexed(index) => Some(terminal_rgb(index)),
            Self::Rgb(rgb) => Some(rgb),
        }
    }
}

/// What a terminal's colour looks like: the first sixteen on an average terminal, then the colour cube, then greys.
pub(super) fn terminal_rgb(index: u8) -> Rgb {
    match index {
        7 => [0xc0; 3],
        8 => [0x80; 3],
        0..16 => {
            let level = if index > 8 { 0xff } else { 0x80 };
            [1, 2, 4].map(|bit| if index & bit == 0 { 0 } else { level })
        }
        16..232 => {
            let cube = index - 16;
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            [cube / 36, cube / 6 % 6, cube % 6].map(level)
        }
        232.. => [8 + 10 * (index - 232); 3],
    }
}

/// How much two colours stand out from each other by the WCAG: 1 (not at all) to 21 (black on white).
pub(super) fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(rgb: Rgb) -> f64 {
    let [red, green, blue] = rgb.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Takes the gamma of sRGB away.
fn linear(channel: u8) -> f64 {
    let value = f64::from(channel) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// Lightness and the two axes of colour, in Oklab: there, distance is what the eye sees.
pub(super) fn oklab(rgb: Rgb) -> [f64; 3] {
    let [red, green, blue] = rgb.map(linear);
    let long = (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
    let medium = (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
    let short = (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
    [
        0.210_454_255_3 * long + 0.793_617_785_0 * medium - 0.004_072_046_8 * short,
        1.977_998_495_1 * long - 2.428_592_205_0 * medium + 0.450_593_709_9 * short,
        0.025_904_037_1 * long + 0.782_771_766_2 * medium - 0.808_675_766_0 * short,
    ]
}
