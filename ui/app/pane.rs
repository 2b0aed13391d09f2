//! The panes, and how the screen is divided among them.

use ratatui::layout::{Constraint, Layout, Rect, Size};
use serde::{Deserialize, Serialize};

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// 1: who is there.
    Instances,
    /// 2: what is said.
    Conversations,
    /// The selected conversation, beside the list.
    Thread,
    /// 3: what needs the operator.
    Needs,
    /// 4: what is being written.
    Composer,
    /// 5: what happens.
    Activity,
}

impl Pane {
    /// All of them, in the order in which Tab goes through them.
    pub const ALL: [Self; 6] =
        [Self::Instances, Self::Conversations, Self::Thread, Self::Needs, Self::Composer, Self::Activity];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Instances => "1 Instances",
            Self::Conversations => "2 Conversations",
            Self::Thread => "6 Thread",
            Self::Needs => "3 Needs you",
            Self::Composer => "4 Composer",
            Self::Activity => "5 Activity",
        }
    }
}

/// The smallest terminal that the console can be shown in.
pub const SMALLEST: Size = Size { width: 60, height: 15 };

/// Which of the three divisions fits a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    /// Nothing fits.
    TooSmall,
    /// One pane at a time, with tabs.
    Narrow,
    /// Two columns.
    Normal,
    /// Three columns.
    Wide,
}

impl Division {
    /// The division for a terminal of this size.
    pub fn of(size: Size) -> Self {
        match size {
            Size { width, height } if width < SMALLEST.width || height < SMALLEST.height => Self::TooSmall,
            Size { width, height } if width < 100 || height < 20 => Self::Narrow,
            Size { width, .. } if width < 160 => Self::Normal,
            _ => Self::Wide,
        }
    }
}

/// The shares that the operator chose, in percent of the screen's width or height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sizes {
    /// The column of instances, where there are three.
    pub left: u16,
    /// The column of conversations, where there are three; the left one, where there are two.
    pub middle: u16,
    /// The height of the instances where they share a column with what needs the operator; half of it, where they share
    /// one with the conversations, too.
    pub instances: u16,
    /// The height of what needs the operator where there are two columns.
    pub needs: u16,
    /// The height of the activity.
    pub activity: u16,
    /// The height of the composer while it is open.
    pub composer: u16,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { left: 22, middle: 32, instances: 50, needs: 24, activity: 24, composer: 55 }
    }
}

impl Sizes {
    /// Makes a pane wider or taller by some percent, or narrower or shorter, within reason. What a pane gains, its neighbours
    /// lose.
    pub fn change(&mut self, pane: Pane, division: Division, wide: i16, tall: i16) {
        let is_wide = division == Division::Wide;
        let (width, wide) = match pane {
            Pane::Instances | Pane::Needs if is_wide => (&mut self.left, wide),
            Pane::Instances | Pane::Needs | Pane::Conversations => (&mut self.middle, wide),
            Pane::Activity if is_wide => (&mut self.middle, wide),
            Pane::Activity | Pane::Thread | Pane::Composer => (&mut self.middle, -wide),
        };
        grow(width, wide);
        let (height, tall) = match pane {
            Pane::Instances => (&mut self.instances, tall),
            Pane::Needs if is_wide => (&mut self.instances, -tall),
            Pane::Needs => (&mut self.needs, tall),
            Pane::Conversations if is_wide => (&mut self.activity, -tall),
            Pane::Conversations => (&mut self.needs, -tall),
            Pane::Thread => (&mut self.composer, -tall),
            Pane::Composer => (&mut self.composer, tall),
            Pane::Activity => (&mut self.activity, tall),
        };
        grow(height, tall);
    }
}

fn grow(share: &mut u16, by: i16) {
    *share = share.saturating_add_signed(by).clamp(10, 75);
}

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// The tabs, where one pane is shown at a time.
    pub tabs: Option<Rect>,
    /// The panes.
    pub panes: Vec<(Pane, Rect)>,
    /// The scrubber above the status line; while the present is shown there is none.
    pub scrubber: Rect,
    /// The line above the footer.
    pub status: Rect,
    /// The line of keys.
    pub footer: Rect,
}

impl Places {
    /// Divides the screen, of which the scrubber takes some lines. `alone` is the pane that has the rest for itself;
    /// `is_writing` says whether the composer is open.
    pub fn of(
        area: Rect,
        scrubber: u16,
        sizes: Sizes,
        alone: Option<Pane>,
        focus: Pane,
        is_writing: bool,
    ) -> Self {
        let division = Division::of(area.as_size());
        let has_tabs = division == Division::Narrow;
        let [tabs, body, scrubber, status, footer] = Layout::vertical([
            Constraint::Length(u16::from(has_tabs)),
            Constraint::Min(0),
            Constraint::Length(scrubber),
            Constraint::Length(1),
            Constraint::Length(1),
        ])
        .areas(area);
        let panes = match (alone, division) {
            (Some(pane), _) => vec![(pane, body)],
            (None, Division::Narrow | Division::TooSmall) => vec![(focus, body)],
            (None, Division::Normal) => normal(body, sizes, focus, is_writing),
            (None, Division::Wide) => wide(body, sizes, is_writing),
        };
        Self { tabs: has_tabs.then_some(tabs), panes, scrubber, status, footer }
    }

    /// Where a pane is, if it is shown.
    pub fn pane(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(one, _)| *one == pane).map(|(_, area)| *area)
    }
}

fn normal(body: Rect, sizes: Sizes, focus: Pane, is_writing: bool) -> Vec<(Pane, Rect)> {
    let [left, right] = columns(body, sizes.middle.max(30));
    let needs = Constraint::Percentage(sizes.needs);
    let [conversations, needs, instances] =
        Layout::vertical([Constraint::Min(5), needs, Constraint::Percentage(sizes.instances / 2)])
            .areas(left);
    let mut panes =
        vec![(Pane::Conversations, conversations), (Pane::Needs, needs), (Pane::Instances, instances)];
    if is_writing {
        // There is no room for three: the activity comes in place of the thread while it is looked at.
        let upper = if focus == Pane::Activity { Pane::Activity } else { Pane::Thread };
        panes.extend(writing(upper, right, sizes));
    } else {
        let [thread, activity] =
            Layout::vertical([Constraint::Min(5), Constraint::Percentage(sizes.activity)]).areas(right);
        panes.extend([(Pane::Thread, thread), (Pane::Activity, activity)]);
    }
    panes
}

fn wide(body: Rect, sizes: Sizes, is_writing: bool) -> Vec<(Pane, Rect)> {
    let [left, middle, right] = Layout::horizontal([
        Constraint::Percentage(sizes.left),
        Constraint::Percentage(sizes.middle),
        Constraint::Min(30),
    ])
    .areas(body);
    let [instances, needs] =
        Layout::vertical([Constraint::Percentage(sizes.instances), Constraint::Min(4)]).areas(left);
    let [conversations, activity] =
        Layout::vertical([Constraint::Min(5), Constraint::Percentage(sizes.activity)]).areas(middle);
    let mut panes = vec![
        (Pane::Instances, instances),
        (Pane::Needs, needs),
        (Pane::Conversations, conversations),
        (Pane::Activity, activity),
    ];
    if is_writing {
        panes.extend(writing(Pane::Thread, right, sizes));
    } else {
        panes.push((Pane::Thread, right));
    }
    panes
}

fn writing(upper: Pane, area: Rect, sizes: Sizes) -> [(Pane, Rect); 2] {
    let [place, composer] =
        Layout::vertical([Constraint::Min(4), Constraint::Percentage(sizes.composer)]).areas(area);
    [(upper, place), (Pane::Composer, composer)]
}

fn columns(area: Rect, left: u16) -> [Rect; 2] {
    Layout::horizontal([Constraint::Percentage(left), Constraint::Min(30)]).areas(area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_fill_the_screen_and_do_not_overlap() {
        for (width, height) in [(60, 15), (80, 24), (100, 20), (120, 40), (160, 45), (200, 50), (400, 200)] {
            for (is_writing, scrubber) in [(false, 0), (true, 0), (false, 3)] {
                let area = Rect::new(0, 0, width, height);
                let places =
                    Places::of(area, scrubber, Sizes::default(), None, Pane::Conversations, is_writing);
                let mut cells =
                    u32::from(width) * (2 + u32::from(scrubber) + u32::from(places.tabs.is_some()));
                for (index, (_, pane)) in places.panes.iter().enumerate() {
                    cells += pane.area();
                    for (_, other) in &places.panes[index + 1..] {
                        assert!(!pane.intersects(*other), "{width}×{height}: {pane} and {other}");
                    }
                }
                assert_eq!(cells, area.area(), "{width}×{height}");
            }
        }
    }
}
