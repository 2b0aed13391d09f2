//! `veda-bus export`: conversations as a document or as data. It reads the files, so it needs no bus.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use veda_bus_core::os::{Access, behind_links, create_with, replace_with};
use veda_bus_core::time::Millis;
use veda_bus_ui::words::counted;

use super::say;
use crate::arguments::{Export, ExportFormat};
use crate::context::Context;
use crate::export::{Exported, Gathering, csv, html, json, markdown};
use crate::failure::Failure;
use crate::history::files::Files;
use crate::history::{self, each_event};

/// How much is written at a time.
const BUFFER: usize = 64 * 1024;

pub(crate) fn run(context: &Context, export: &Export) -> Result<(), Failure> {
    let format = format(context, export)?;
    check(export)?;
    let files = Files::of(context, &export.source.files)?;
    let mut gathering = Gathering::new(history::wanted(&export.choice, &files)?);
    let whole = each_event(&files, |recorded| gathering.take(recorded))?;
    let exported = gathering.finish(Millis::now());
    if exported.conversations.is_empty() && exported.refusals.is_empty() {
        return Err(Failure::Failed("nothing in the journal is what was asked for".into()));
    }
    match &export.output {
        Some(file) => into_file(&exported, format, file, export.force)?,
        None => into_stdout(&exported, format)?,
    }
    whole.ended()
}

/// The format that was asked for, else the one of the file's name, else Markdown.
fn format(context: &Context, export: &Export) -> Result<ExportFormat, Failure> {
    match (export.format, context.json) {
        (Some(format), true) if format != ExportFormat::Json => {
            Err(Failure::Usage("--json is --format json; leave one of them out".into()))
        }
        (_, true) => Ok(ExportFormat::Json),
        (Some(format), false) => Ok(format),
        (None, false) => named(export.output.as_deref()),
    }
}

fn named(file: Option<&Path>) -> Result<ExportFormat, Failure> {
    let Some(file) = file else { return Ok(ExportFormat::Md) };
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("md" | "markdown") => Ok(ExportFormat::Md),
        Some("html" | "htm") => Ok(ExportFormat::Html),
        Some("json") => Ok(ExportFormat::Json),
        Some("csv") => Ok(ExportFormat::Csv),
        _ => {
            let file = file.display();
            Err(Failure::Usage(format!(
                "--output: {file} does not end in .md, .html, .json or .csv; say --format"
            )))
        }
    }
}

/// Whether what is asked for can be done, before anything is read.
fn check(export: &Export) -> Result<(), Failure> {
    if !export.all && !export.choice.is_some() {
        let choose = "say what to export: --thread, --since, --until, --repo, --type, or --all";
        return Err(Failure::Usage(choose.into()));
    }
    let Some(file) = &export.output else { return Ok(()) };
    let real = behind_links(file);
    let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
    if let Some(folder) = folder {
        return Err(Failure::Failed(format!("--output: there is no folder {}", folder.display())));
    }
    match fs::metadata(real) {
        Ok(found) if !found.is_file() => {
            let file = file.display();
            Err(Failure::Usage(format!("--output: {file} is no file; without --output, it is printed")))
        }
        Ok(_) if !export.force => Err(there_already(file)),
        _ => Ok(()),
    }
}

fn there_already(file: &Path) -> Failure {
    Failure::Failed(format!("{} is there already; --force replaces it", file.display()))
}

fn into_file(exported: &Exported, format: ExportFormat, file: &Path, is_forced: bool) -> Result<(), Failure> {
    let contents = |out: &mut fs::File| {
        let mut out = BufWriter::with_capacity(BUFFER, out);
        write(exported, format, &mut out)?;
        out.flush()
    };
    let written = if is_forced {
        replace_with(file, Access::Private, contents)
    } else {
        create_with(file, Access::Private, contents)
    };
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => there_already(file),
        _ => Failure::File { path: file.to_owned(), error },
    })?;
    let (threads, messages) = (exported.conversations.len(), exported.messages());
    let (threads, messages) = (counted(threads, "conversation"), counted(messages, "message"));
    say(&format!("{}: {threads}, {messages}", file.display()));
    Ok(())
}

fn into_stdout(exported: &Exported, format: ExportFormat) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    write(exported, format, &mut out)?;
    Ok(out.flush()?)
}

fn write(exported: &Exported, format: ExportFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ExportFormat::Md => markdown::write(exported, out),
        ExportFormat::Html => html::write(exported, out),
        ExportFormat::Json => json::write(exported, out),
        ExportFormat::Csv => csv::write(exported, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_its_format() {
        for (name, format) in [
            ("a.md", ExportFormat::Md),
            ("a.b.HTML", ExportFormat::Html),
            ("a.json", ExportFormat::Json),
            ("a.csv", ExportFormat::Csv),
        ] {
            assert_eq!(named(Some(Path::new(name))).unwrap(), format, "{name}");
        }
        assert_eq!(named(None).unwrap(), ExportFormat::Md);
        for name in ["a", "a.pdf"] {
            assert!(matches!(named(Some(Path::new(name))), Err(Failure::Usage(_))), "{name}");
        }
    }
}
