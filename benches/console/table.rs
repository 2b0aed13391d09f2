//! The table that comes out.

use serde_json::json;

/// What a figure may be at most.
pub(crate) type Bound = Option<f64>;

/// Prints a line as soon as it is known.
pub(crate) struct Table {
    json: bool,
    broken: usize,
}

impl Table {
    pub(crate) fn new(json: bool) -> Self {
        if !json {
            println!("{:<58} {:>12} {:>12}   at most", "", "p50", "p99");
        }
        Self { json, broken: 0 }
    }

    /// Many of a kind, in a unit: the median and the 99th percentile, and what these may be.
    pub(crate) fn many(&mut self, name: &str, unit: &str, mut values: Vec<f64>, bounds: (Bound, Bound)) {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
        let (p50, p99, most) = (at(0.5), at(0.99), at(1.0));
        let is_broken = [(p50, bounds.0), (p99, bounds.1)]
            .iter()
            .any(|(value, bound)| bound.is_some_and(|bound| *value > bound));
        self.broken += usize::from(is_broken);
        if self.json {
            let row = json!({
                "name": name, "unit": unit, "count": values.len(), "p50": p50, "p99": p99, "max": most,
                "p50_at_most": bounds.0, "p99_at_most": bounds.1, "broken": is_broken,
            });
            println!("{row}");
            return;
        }
        let told = [bounds.0, bounds.1].into_iter().flatten().map(|bound| bound.to_string());
        let told = told.collect::<Vec<_>>().join(" / ");
        let name = format!("{name} ({unit})");
        println!("{name:<58} {p50:>12.3} {p99:>12.3}   {told}{}", mark(is_broken));
    }

    /// A single figure.
    pub(crate) fn one(&mut self, name: &str, unit: &str, value: f64, bound: Bound) {
        let is_broken = bound.is_some_and(|bound| value > bound);
        self.broken += usize::from(is_broken);
        if self.json {
            let row = json!({
                "name": name, "unit": unit, "value": value, "at_most": bound, "broken": is_broken,
            });
            println!("{row}");
            return;
        }
        let told = bound.map(|bound| bound.to_string()).unwrap_or_default();
        let name = format!("{name} ({unit})");
        println!("{name:<58} {value:>12.3} {:>12}   {told}{}", "", mark(is_broken));
    }

    /// Ends with an exit code that tells whether every bound was kept.
    pub(crate) fn end(self) {
        if self.broken > 0 {
            eprintln!("{} bounds are broken", self.broken);
            std::process::exit(1);
        }
    }
}

fn mark(is_broken: bool) -> &'static str {
    if is_broken { "  BROKEN" } else { "" }
}
