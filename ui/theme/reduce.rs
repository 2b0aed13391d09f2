//! What becomes of a colour on a terminal that has few.

use super::colour::{Colour, Rgb, contrast, oklab, terminal_rgb};
use super::{Depth, Kind};

/// What is less colourful than this, in Oklab, is a grey, though it may lean to a colour.
const GREY: f64 = 0.047;

/// The least contrast of a text with what it stands on, by the WCAG; what had less need not have more.
const READABLE: f64 = 4.5;

/// The same of a text in one of sixteen colours, among which there is little choice.
const LEGIBLE: f64 = 2.4;

/// Bright black: invisible in some terminals' palettes, and so only for what is not meant to be seen first.
const FAINT: u8 = 8;

/// Turns the colours of one theme into those of a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reducer {
    depth: Depth,
    kind: Kind,
    /// How colourful this theme's greys are.
    grey: f64,
}

impl Reducer {
    /// For a theme with that colour of text, which counts as a grey whatever it is.
    pub(super) fn new(depth: Depth, kind: Kind, text: Option<Colour>) -> Self {
        let text = text.and_then(Colour::rgb).map_or(0.0, |rgb| chroma(oklab(rgb)));
        Self { depth, kind, grey: GREY.max(text * 1.25) }
    }

    /// The ground that everything stands on: of sixteen colours only black and white are sure to bear all others.
    pub(super) fn ground(&self, ground: Colour) -> Colour {
        match (self.depth, ground) {
            (Depth::Sixteen, Colour::Rgb(_) | Colour::Indexed(_)) => match self.kind {
                Kind::Dark => Colour::Ansi(0),
                Kind::Light => Colour::Ansi(15),
            },
            _ => self.behind(ground),
        }
    }

    /// A colour behind text.
    pub(super) fn behind(&self, colour: Colour) -> Colour {
        self.reduce(colour, |index, _| index != FAINT)
    }

    /// The colour of a text that stands on `on`, which is reduced already.
    pub(super) fn text(&self, colour: Colour, on: Colour) -> Colour {
        let ground = on.rgb().unwrap_or(match self.kind {
            Kind::Dark => [0; 3],
            Kind::Light => [0xff; 3],
        });
        self.reduce(colour, |index, rgb| {
            let (was, is) = (contrast(rgb, ground), contrast(terminal_rgb(index), ground));
            match index {
                FAINT => was < READABLE,
                0..16 => is >= LEGIBLE,
                _ => is >= was.min(READABLE),
            }
        })
    }

    /// The nearest colour that the terminal has, of those whose index will do for the colour as it was.
    fn reduce(&self, colour: Colour, will_do: impl Fn(u8, Rgb) -> bool) -> Colour {
        match (self.depth, colour) {
            (Depth::None, _) => Colour::Default,
            (Depth::Indexed256, Colour::Rgb(rgb)) => {
                nearest((16..=255).filter(|index| will_do(*index, rgb)), |lab| apart(oklab(rgb), lab))
            }
            (Depth::Sixteen, Colour::Rgb(rgb)) => self.sixteenth(rgb, will_do),
            (Depth::Sixteen, Colour::Indexed(index)) => self.sixteenth(terminal_rgb(index), will_do),
            _ => colour,
        }
    }

    /// A grey is taken by its lightness, a colour by its hue first: pale colours would all become greys otherwise.
    fn sixteenth(&self, rgb: Rgb, will_do: impl Fn(u8, Rgb) -> bool) -> Colour {
        let wanted = oklab(rgb);
        let is_grey = chroma(wanted) <= self.grey;
        nearest((0..16).filter(|index| will_do(*index, rgb)), |lab| match (is_grey, chroma(lab) < GREY) {
            (true, true) => (wanted[0] - lab[0]).abs(),
            (false, false) => apart(by_hue(wanted), by_hue(lab)),
            _ => f64::INFINITY,
        })
    }
}

fn nearest(indexes: impl Iterator<Item = u8>, distance: impl Fn([f64; 3]) -> f64) -> Colour {
    let distance = |index: &u8| distance(oklab(terminal_rgb(*index)));
    let nearest = indexes.min_by(|one, other| distance(one).total_cmp(&distance(other)));
    nearest.map_or(Colour::Default, Colour::numbered)
}

fn apart(one: [f64; 3], other: [f64; 3]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum()
}

/// All colours of one hue at one distance from grey, and half as far apart by their lightness.
fn by_hue(lab: [f64; 3]) -> [f64; 3] {
    let strength = chroma(lab).max(f64::EPSILON);
    [lab[0] / 2.0, lab[1] / strength, lab[2] / strength]
}

fn chroma([_, a, b]: [f64; 3]) -> f64 {
    a.hypot(b)
}
