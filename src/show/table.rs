//! Tables: columns as wide as what stands in them, and no wider than each may be.

use veda_bus_ui::row::Row;
use veda_bus_ui::text::cut;
use veda_bus_ui::theme::Role;

use super::width;

/// A heading, and a line for each row of cells in its role. A column is a title and the most that it takes of a line; the
/// last one needs no filling up. What stands in a cell may hold anything.
pub(crate) fn table<const N: usize>(columns: &[(&str, usize); N], rows: &[(Role, [String; N])]) -> Vec<Row> {
    let widest = |column: usize| {
        let (title, most) = columns[column];
        let cells = rows.iter().map(|(_, cells)| width(&cells[column])).max().unwrap_or_default();
        cells.max(width(title)).min(most)
    };
    let widths: [usize; N] = std::array::from_fn(widest);
    let head = Row::of(Role::Dim, &laid_out(&columns.map(|(title, _)| title.to_owned()), &widths));
    let lines = rows.iter().map(|(role, cells)| Row::of(*role, &laid_out(cells, &widths)));
    std::iter::once(head).chain(lines).collect()
}

fn laid_out<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let cells = cells.iter().zip(widths).map(|(text, &width)| cell(text, width)).collect::<Vec<_>>();
    cells.join("  ").trim_end().to_owned()
}

/// The text, harmless, at most `columns` wide, and filled up with spaces to that width.
pub(crate) fn cell(text: &str, columns: usize) -> String {
    Row::of(Role::Text, &cut(text, columns)).pad_to(columns).text()
}
