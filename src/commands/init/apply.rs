//! Writes what was planned.

use std::fs;
use std::path::PathBuf;

use veda_bus_core::os::{Access, replace};

use super::plan::{Change, Keeping, text_of};
use super::record::Records;
use crate::failure::Failure;

/// Writes every file that changes. The record of a file is stored before the file itself, so that whatever happens in
/// between, it can be put back.
pub(super) fn apply(changes: &[Change], records: &Records) -> Result<(), Failure> {
    for change in changes {
        let failed = |error| Failure::File { path: change.path.clone(), error };
        // An editor may save at any time, and what it saved is not to be lost.
        if text_of(&change.path).map_err(failed)? != change.before {
            let path = change.path.display();
            return Err(Failure::Failed(format!("{path} was changed in between; try again")));
        }
    }
    changes.iter().try_for_each(|change| one(change, records))?;
    remove_folders(changes);
    Ok(())
}

fn one(change: &Change, records: &Records) -> Result<(), Failure> {
    let failed = |error| Failure::File { path: change.path.clone(), error };
    if let Keeping::Write(record) = &change.record {
        records.put(record)?;
    }
    match &change.after {
        _ if change.is_nothing() => {}
        Some(text) => replace(&change.path, text, Access::Shared).map_err(failed)?,
        None => fs::remove_file(&change.path).map_err(failed)?,
    }
    match change.record {
        Keeping::Forget(_) => records.forget(&change.path),
        Keeping::Leave | Keeping::Write(_) => Ok(()),
    }
}

/// Removes the folders that were made for files, the inner before the outer. One in which somebody has put something since
/// stays.
fn remove_folders(changes: &[Change]) {
    let made = changes.iter().filter_map(|change| match &change.record {
        Keeping::Forget(folders) => Some(folders),
        _ => None,
    });
    let mut made: Vec<&PathBuf> = made.flatten().collect();
    made.sort_by_key(|folder| std::cmp::Reverse(folder.components().count()));
    for folder in made {
        let _ = fs::remove_dir(folder);
    }
}
