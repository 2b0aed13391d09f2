use proptest::prelude::*;
use veda_bus_core::text::is_hostile;

use super::*;
use crate::text::hard_text;

fn row(pieces: &[(Role, &str)]) -> Row {
    let mut row = Row::default();
    for (role, text) in pieces {
        row.push(*role, text);
    }
    row
}

#[test]
fn a_row_is_cut_across_its_pieces() {
    let whole = row(&[(Role::Strong, "ab"), (Role::Dim, "日本"), (Role::Text, "c")]);
    assert_eq!(whole.width(), 7);
    assert_eq!(whole.cut(7), whole);
    assert_eq!(whole.cut(6).pieces(), [(Role::Strong, "ab".into()), (Role::Dim, "日…".into())]);
    assert_eq!(whole.cut(3).pieces(), [(Role::Strong, "ab…".into())]);
    assert_eq!(whole.cut(2).pieces(), [(Role::Strong, "a…".into())]);
    assert_eq!(whole.cut(1).text(), "…");
    assert!(whole.cut(0).is_empty());
}

#[test]
fn a_row_is_wrapped_across_its_pieces() {
    let whole = row(&[
        (Role::Field, "reason:"),
        (Role::Text, " it is "),
        (Role::Strong, "much"),
        (Role::Text, " too slow"),
    ]);
    let rows = whole.wrap(14, &Row::blank(2), Break::Words, usize::MAX);
    let texts: Vec<_> = rows.iter().map(Row::text).collect();
    assert_eq!(texts, ["reason: it is", "  much too", "  slow"]);
    assert_eq!(rows[1].pieces()[1], (Role::Strong, "much".into()));
    assert_eq!(whole.wrap(14, &Row::blank(2), Break::Words, 2), rows[..2]);
    let hard = whole.wrap(20, &Row::of(Role::Tree, ">"), Break::Anywhere, usize::MAX);
    assert_eq!(hard.iter().map(Row::text).collect::<Vec<_>>(), ["reason: it is much t", ">oo slow"]);
}

proptest! {
    #[test]
    fn rows_are_harmless_and_fit(
        texts in proptest::collection::vec(hard_text(), 0..5),
        columns in 2..30_usize,
        hang in 0..40_usize,
        anywhere: bool,
    ) {
        let mut whole = Row::default();
        for (text, role) in texts.iter().zip(Role::ALL) {
            whole.push(*role, text);
        }
        let how = if anywhere { Break::Anywhere } else { Break::Words };
        let mut rows = whole.wrap(columns, &Row::blank(hang), how, usize::MAX);
        let ink = |rows: &[Row]| -> String {
            rows.iter().flat_map(|row| row.text().chars().collect::<Vec<_>>()).filter(|c| !c.is_whitespace()).collect()
        };
        prop_assert_eq!(ink(&rows), ink(&[whole.clone()]));
        rows.push(whole.cut(columns));
        for row in rows {
            prop_assert!(row.width() <= columns, "{row:?}");
            prop_assert!(!row.text().chars().any(is_hostile));
            prop_assert_eq!(row.width(), row.pieces().iter().map(|(_, piece)| text::width(piece)).sum::<usize>());
        }
    }
}
