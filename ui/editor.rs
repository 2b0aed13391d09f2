//! `$EDITOR` for the text of a field.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use veda_bus_core::name::InstanceId;
use veda_bus_core::os;

/// Opens a text in `$VISUAL`, else `$EDITOR`, else `vi`, and waits for it. The file is private, and removed afterwards.
///
/// # Errors
/// What went wrong, in words; then the text stays as it was.
pub(crate) fn edit(text: &str) -> Result<String, String> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|editor| !editor.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let path = std::env::temp_dir().join(format!("veda-bus-{}.md", InstanceId::random()));
    let edited = with_file(&editor, &path, text);
    // What is left of it, if anything, is nobody's but ours.
    let _ = std::fs::remove_file(&path);
    edited
}

fn with_file(editor: &str, path: &Path, text: &str) -> Result<String, String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let mut file = os::open_private(path, OpenOptions::new().read(true).write(true).create_new(true))
        .map_err(|error| error.to_string())?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    drop(file);
    // The variable may hold arguments, as in `code --wait`.
    let status = Command::new("sh").arg("-c").arg(format!("{editor} \"$0\"")).arg(path).status();
    match status {
        Ok(status) if status.success() => std::fs::read_to_string(path).map_err(failed),
        Ok(status) => Err(format!("\"{editor}\" ended with {status}; the text is as it was")),
        Err(error) => Err(format!("no shell to start \"{editor}\": {error}")),
    }
}
