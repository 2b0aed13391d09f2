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
/// What went wrong, in words; then the text stays as it was, and the file is kept.
pub(crate) fn edit(text: &str) -> Result<String, String> {
    let set = |name: &&str| std::env::var(name).ok().filter(|editor| !editor.is_empty());
    let editor = ["VISUAL", "EDITOR"].iter().find_map(set).unwrap_or_else(|| "vi".to_owned());
    let path = std::env::temp_dir().join(format!("veda-bus-{}.md", InstanceId::random()));
    let edited =
        with_file(&editor, &path, text).map_err(|why| format!("{why}; the file is {}", path.display()))?;
    // What is left of it, if anything, is nobody's but ours.
    let _ = std::fs::remove_file(&path);
    Ok(edited)
}

fn with_file(editor: &str, path: &Path, text: &str) -> Result<String, String> {
    let failed = |error: io::Error| error.to_string();
    let mut file = os::open_private(path, OpenOptions::new().read(true).write(true).create_new(true))
        .map_err(|error| error.to_string())?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    drop(file);
    // The variable may hold arguments, as in `code --wait`. An editor that stops its process group would stop a bus that
    // is hosted here, too.
    let script = format!("trap '' TSTP; {editor} \"$0\"");
    let status = Command::new("sh").arg("-c").arg(script).arg(path).status();
    match status {
        Ok(status) if status.success() => {
            Ok(String::from_utf8_lossy(&std::fs::read(path).map_err(failed)?).into_owned())
        }
        Ok(status) => Err(format!("\"{editor}\" ended with {status}")),
        Err(error) => Err(format!("no shell to start \"{editor}\": {error}")),
    }
}
