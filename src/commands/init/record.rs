//! What files were before `init` wrote to them, so that they can be put back to the byte.
//!
//! A record is a private file of its own in `~/.veda/init`, and named after the path of the file that it is about.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use veda_bus_core::os::{Access, replace};

use super::entry::Original;
use crate::failure::Failure;

/// Where records are, below the home folder.
const FOLDER: &str = ".veda/init";

/// What a file was, and what it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The file.
    pub(super) path: PathBuf,
    /// The digest of what was left there.
    pub(super) left: String,
    /// What was there before the first time; nothing where there was no file.
    pub(super) original: Original,
    /// The folders that were made for it, the outer before the inner.
    pub(super) folders: Vec<PathBuf>,
}

impl Record {
    /// Whether a file with this text has not been edited since.
    pub(super) fn is_as_left(&self, text: &str) -> bool {
        self.left == digest(text)
    }
}

/// The digest of a text, as records have it.
pub(super) fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// All records of this user.
pub(super) struct Records {
    folder: PathBuf,
}

impl Records {
    pub(super) fn new(home: &Path) -> Self {
        Self { folder: home.join(FOLDER) }
    }

    /// The record of a file. One that can not be understood is none: what it would say can be found out nearly as well
    /// from the file.
    pub(super) fn get(&self, path: &Path) -> Result<Option<Record>, Failure> {
        let file = self.file(path);
        match fs::read(&file) {
            Ok(bytes) => {
                let record: Option<Record> = serde_json::from_slice(&bytes).ok();
                Ok(record.filter(|record| record.path == path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::File { path: file, error }),
        }
    }

    pub(super) fn put(&self, record: &Record) -> Result<(), Failure> {
        let file = self.file(&record.path);
        let text = serde_json::to_string(record).map_err(|error| Failure::Failed(error.to_string()))?;
        replace(&file, &text, Access::Private).map_err(|error| Failure::File { path: file, error })
    }

    pub(super) fn forget(&self, path: &Path) -> Result<(), Failure> {
        let file = self.file(path);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::File { path: file, error }),
            _ => {
                // It stays while there are other records in it.
                let _ = fs::remove_dir(&self.folder);
                Ok(())
            }
        }
    }

    fn file(&self, path: &Path) -> PathBuf {
        let name = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
        self.folder.join(format!("{name}.json"))
    }
}
