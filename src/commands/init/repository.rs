//! Which folder is the repository, and what it is called.

use std::path::{Path, PathBuf};

use veda_bus_core::config::REPO_FILE;
use veda_bus_core::name::{MAX_NAME_BYTES, RepoName};
use veda_bus_core::text::is_hostile;

use crate::agents::identity::{is_reserved, main_worktree};
use crate::failure::Failure;

/// The nearest folder, from `current` upwards, that is a repository for git or for the bus; else `current`. The home
/// folder and the root are none: agents everywhere would speak for them.
pub(super) fn folder(current: &Path, home: &Path) -> Result<PathBuf, Failure> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (current, home) = (real(current), real(home));
    let is_none = |folder: &Path| folder == home || folder.parent().is_none();
    let is_repository = |folder: &&Path| [".git", REPO_FILE].iter().any(|name| folder.join(name).exists());
    let above = current.ancestors().take_while(|folder| !is_none(folder)).find(is_repository);
    if let Some(folder) = above {
        return Ok(folder.to_owned());
    }
    if is_none(&current) {
        let what = if current == home { "your home folder" } else { "the root of the file system" };
        let what = format!("{} is {what}, not a repository; go to the folder of one", current.display());
        return Err(Failure::Usage(what));
    }
    Ok(current)
}

/// The name of a folder, made into one that a repo may have. A linked worktree is called like its repository.
pub(super) fn name(folder: &Path) -> RepoName {
    let main = main_worktree(folder);
    let folder = main.as_deref().unwrap_or(folder);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut name: String = name.chars().map(|c| if is_hostile(c) { '-' } else { c }).collect();
    while name.len() > MAX_NAME_BYTES {
        name.pop();
    }
    let name = name.trim();
    let name = if is_reserved(name) { format!("{name}-repo") } else { name.to_owned() };
    RepoName::new(&name).or_else(|_| RepoName::new("repo")).unwrap_or_else(|_| RepoName::operator())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_found_from_below_and_home_is_none() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let inner = home.join("repo/crates/inner");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::create_dir(home.join(".git")).unwrap();
        assert_eq!(folder(&inner, &home).unwrap(), inner, "a repository that is the home folder is none");
        std::fs::create_dir(home.join("repo/.git")).unwrap();
        assert_eq!(folder(&inner, &home).unwrap(), home.join("repo"));
        std::fs::create_dir(inner.join(".veda")).unwrap();
        std::fs::write(inner.join(REPO_FILE), "").unwrap();
        assert_eq!(folder(&inner, &home).unwrap(), inner, "it has a name of its own");
        assert!(folder(&home, &home).unwrap_err().to_string().contains("home folder"));
        assert!(folder(Path::new("/"), &home).unwrap_err().to_string().contains("root"));
    }

    #[test]
    fn every_folder_has_a_name_that_the_bus_takes() {
        for (folder, wanted) in [
            ("/a/LensSDK", "LensSDK"),
            ("/a/ my repo ", "my repo"),
            ("/a/bus", "bus-repo"),
            ("/a/operator", "operator-repo"),
            ("/a/*", "*-repo"),
            ("/a/x\u{202e}y\n", "x-y-"),
            ("/", "repo"),
            ("/a/ ", "repo"),
        ] {
            assert_eq!(name(Path::new(folder)).as_str(), wanted, "{folder:?}");
        }
        let long = format!("/a/{}", "ü".repeat(100));
        assert_eq!(name(Path::new(&long)).as_str().len(), MAX_NAME_BYTES);
    }
}
