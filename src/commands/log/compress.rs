//! `veda-bus log compress`: packs finished files of the journal. A bus may be running.

use serde_json::json;
use veda_bus_core::journal::{self, Compressed};
use veda_bus_ui::when::Edge;
use veda_bus_ui::words::{counted, size};

use crate::arguments::Compress;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::history::{moment, path, unreadable};

pub(crate) fn run(context: &Context, compress: &Compress) -> Result<(), Failure> {
    let before = compress.before.as_ref().map(|text| moment("--before", text, Edge::Start)).transpose()?;
    let path = path(context)?;
    let segments = journal::compressible(&path, before).map_err(|error| unreadable(&path, error))?;
    let mut out = Output::new();
    let mut all = Sums::default();
    for segment in segments {
        let packed = journal::compress(&path, &segment);
        let packed = packed.map_err(|error| Failure::File { path: segment.clone(), error })?;
        // Somebody else may have removed or packed it.
        if let Some(packed) = packed {
            all.add(&packed);
            tell(&mut out, context.json, &packed)?;
        }
    }
    all.tell(&mut out, context.json)?;
    out.flush()
}

/// Says it at once: the next one may take a while.
fn tell(out: &mut Output, as_json: bool, packed: &Compressed) -> Result<(), Failure> {
    let Compressed { path, before, after } = packed;
    let path = path.display().to_string();
    if as_json {
        out.json(&json!({ "segment": path, "before": before, "after": after }))?;
    } else {
        out.line(&format!("{path}: {} → {}", size(*before), size(*after)))?;
    }
    out.flush()
}

#[derive(Debug, Default)]
struct Sums {
    segments: u64,
    before: u64,
    after: u64,
}

impl Sums {
    fn add(&mut self, packed: &Compressed) {
        self.segments += 1;
        self.before += packed.before;
        self.after += packed.after;
    }

    fn tell(&self, out: &mut Output, as_json: bool) -> Result<(), Failure> {
        let Self { segments, before, after } = self;
        if as_json {
            return out.json(&json!({ "total": { "segments": segments, "before": before, "after": after } }));
        }
        let (files, sizes) = (counted(*segments, "file"), format!("{} → {}", size(*before), size(*after)));
        match segments {
            0 => out.line("nothing to pack; the active file stays as it is"),
            _ => out.line(&format!("{files}: {sizes}")),
        }
    }
}
