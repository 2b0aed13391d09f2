//! Texts of fields: paragraphs, lists, headings and code, each line as it was broken by its writer.

use super::inline;
use super::page::Page;
use crate::row::Row;
use crate::text;
use crate::theme::Role;

/// How many lines of a text tell whether it is code.
const LOOKED_AT: usize = 50;

/// A text of several lines, indented by `indent` columns.
pub(super) fn show(page: &mut Page, indent: usize, role: Role, text: &str) {
    let mut fence: Option<&str> = None;
    for raw in text::lines(page.enough(text)) {
        if page.is_full() {
            return;
        }
        match (fence, fence_of(raw)) {
            (None, None) => line(page, indent, role, raw),
            (None, Some((mark, language))) => {
                fence = Some(mark);
                if !language.is_empty() {
                    code_line(page, indent, Role::Dim, language);
                }
            }
            (Some(mark), Some((end, ""))) if end == mark => fence = None,
            (Some(_), _) => code_line(page, indent, Role::Code, raw),
        }
    }
}

/// A text that says it all: its first line strong, the others as text.
pub(super) fn headline(page: &mut Page, text: &str) {
    let text = page.enough(text.trim());
    let first = text::lines(text).next().unwrap_or_default();
    let rest = text[first.len()..].trim_start_matches(['\n', '\r']);
    if first.starts_with("```") {
        return show(page, 0, Role::Text, text);
    }
    paragraph(page, Row::default(), &Row::default(), Role::Strong, first);
    show(page, 0, Role::Text, rest);
}

/// A text in which nothing has a meaning but its lines.
pub(super) fn plain(page: &mut Page, indent: usize, text: &str) {
    for raw in text::lines(page.enough(text)) {
        if page.is_full() {
            return;
        }
        let mut row = Row::blank(indent);
        row.plain(raw);
        page.put(row, &Row::blank(indent));
    }
}

/// A text that is code, indented by `indent` columns.
pub(super) fn code(page: &mut Page, indent: usize, text: &str) {
    for raw in text::lines(page.enough(text)) {
        if page.is_full() {
            return;
        }
        code_line(page, indent, Role::Code, raw);
    }
}

/// A line of text, in `first`; what continues it begins with `hang`.
pub(super) fn paragraph(page: &mut Page, mut first: Row, hang: &Row, role: Role, text: &str) {
    inline::push(&mut first, role, page.enough(text));
    page.put(first, hang);
}

/// Whether a text is more than a line, or what a line is not shown as it is.
pub(super) fn is_block(text: &str) -> bool {
    text.contains(['\n', '\r']) || bullet_of(text).is_some() || is_heading(text)
}

/// Whether a text is evidently code: several lines, of which most are indented or end like statements, and some end
/// like nothing but code does.
pub(super) fn is_code(text: &str) -> bool {
    let lines = || text::lines(text).take(LOOKED_AT).filter(|line| !line.trim().is_empty());
    let ends = |line: &str, marks: &[char]| line.trim_end().ends_with(marks);
    let stated = lines().filter(|line| ends(line, &['{', '}', ';'])).count();
    let likely =
        lines().filter(|line| line.starts_with([' ', '\t']) || ends(line, &['{', '}', ';', ',', '(', ')']));
    stated >= 2 && likely.count() * 2 > lines().count() && !lines().any(|line| fence_of(line).is_some())
}

/// Whether there is a fenced block in a text.
pub(super) fn has_fence(text: &str) -> bool {
    text::lines(text).any(|line| fence_of(line).is_some())
}

fn line(page: &mut Page, indent: usize, role: Role, raw: &str) {
    if is_heading(raw) {
        let row = Row::blank(indent);
        return paragraph(page, row.clone(), &row, Role::Title, raw);
    }
    let body = raw.trim_start_matches([' ', '\t']);
    let lead: usize =
        raw[..raw.len() - body.len()].bytes().map(|byte| if byte == b'\t' { 4 } else { 1 }).sum();
    // A text that is far to the right would leave no room for itself.
    let mut row = Row::blank(indent + lead.min(page.columns() / 2));
    let Some((mark, item)) = bullet_of(body) else {
        return paragraph(page, row.clone(), &row, role, body);
    };
    let shown = if mark.len() == 1 { page.symbols.bullet } else { mark };
    row.push(Role::Accent, shown).push(role, " ");
    let hang = Row::blank(row.width());
    paragraph(page, row, &hang, role, item);
}

fn code_line(page: &mut Page, indent: usize, role: Role, raw: &str) {
    let bar = |bar: &str| {
        let mut row = Row::blank(indent);
        row.push(Role::Tree, bar);
        row
    };
    let (mut row, again) = (bar(page.symbols.bar), bar(page.symbols.bar_again));
    row.push(role, page.enough(raw));
    page.put_hard(row, &again);
}

/// What a fence begins with, and the language it names.
fn fence_of(line: &str) -> Option<(&'static str, &str)> {
    let line = line.trim();
    let mark = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark))?;
    let language = line.trim_start_matches(['`', '~']);
    // ` ```x``` ` is code inside a line.
    (!language.contains('`')).then_some((mark, language.trim()))
}

fn is_heading(line: &str) -> bool {
    let rest = line.trim_start_matches('#');
    (1..=6).contains(&(line.len() - rest.len())) && rest.starts_with(' ')
}

/// The mark of an item of a list, and the item.
fn bullet_of(line: &str) -> Option<(&str, &str)> {
    let (mark, item) = line.split_once(' ')?;
    let digits = mark.trim_end_matches(['.', ')']);
    let numbered = (1..=3).contains(&digits.len())
        && mark.len() == digits.len() + 1
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    (numbered || matches!(mark, "-" | "*" | "+" | "•")).then_some((mark, item.trim_start()))
}
