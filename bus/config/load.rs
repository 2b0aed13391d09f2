//! From the sources to the configuration in force.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::GLOBAL_FILE;
use super::error::{ConfigError, Place};
use super::file::{self, Setting};
use super::keys::{Files, KEYS, Key};
use super::settings::{Config, Effective, Origin, Values};
use super::value::{Fault, Value};

/// Whatever a configuration is made from. Nothing else is looked at, so a test can say it all.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The home folder, for `~/` and the global file.
    pub home: Option<PathBuf>,
    /// The current folder: the search for a repository's file begins there, and paths of flags and environment
    /// variables are relative to it.
    pub current: PathBuf,
    /// The global file, when it is named (`--config`); then it must be there.
    pub config: Option<PathBuf>,
    /// What the command line sets: keys (`bus.socket_path`) and their values, the later before the earlier.
    pub flags: Vec<(&'static str, String)>,
    /// The environment. An empty variable counts as none.
    pub environment: BTreeMap<String, OsString>,
}

impl Sources {
    /// The home folder, current folder and environment of this process, with what its command line sets.
    pub fn from_process(config: Option<PathBuf>, flags: Vec<(&'static str, String)>) -> Self {
        let known = |name: &str| KEYS.iter().any(|key| key.environment == name);
        let environment =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self {
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            // A folder that was removed under the process has nothing above it to search; the rest still works.
            current: std::env::current_dir().unwrap_or_else(|_| ".".into()),
            config,
            flags,
            environment: environment.filter(|(name, _)| known(name)).collect(),
        }
    }
}

/// Reads the configuration files and puts everything together: flag before environment before the repository's file
/// before the global file before the default.
///
/// # Errors
/// A [`ConfigError`] when a file can not be read or is not TOML, or when any source, even one that another overrules,
/// sets a key that there is not, or a value that its key can not take.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut set = Set { sources, values: Values::defaults(""), origins: BTreeMap::new() };
    set.global_file()?;
    let repo_folder = set.repo_file()?;
    set.environment()?;
    set.flags()?;
    set.expand_home()?;
    Ok(Config {
        bus: set.values.bus(),
        coordination: set.values.coordination(),
        effective: KEYS.iter().map(|key| set.effective(key)).collect(),
        bus_environment: set.values.bus_environment(),
        repo_folder,
    })
}

/// What is set so far; what comes later overrules it.
struct Set<'a> {
    sources: &'a Sources,
    values: Values,
    origins: BTreeMap<&'static str, Origin>,
}

impl Set<'_> {
    fn global_file(&mut self) -> Result<(), ConfigError> {
        let Some(path) = self.global_path() else { return Ok(()) };
        match file::read(&path)? {
            Some(text) => self.file(&path, &text, Files::Global),
            None if self.sources.config.is_none() => Ok(()),
            None => Err(ConfigError::Unreadable { path, source: io::ErrorKind::NotFound.into() }),
        }
    }

    fn global_path(&self) -> Option<PathBuf> {
        let named = self.sources.config.as_ref().map(|path| self.sources.current.join(path));
        named.or_else(|| self.sources.home.as_ref().map(|home| home.join(GLOBAL_FILE)))
    }

    fn repo_file(&mut self) -> Result<Option<PathBuf>, ConfigError> {
        let Some((path, folder)) = file::find_repo_file(&self.sources.current) else { return Ok(None) };
        let folder = folder.to_owned();
        // The file may go away between the search and the reading; then it is as if it had never been there.
        let Some(text) = file::read(&path)? else { return Ok(None) };
        self.file(&path, &text, Files::Repo)?;
        Ok(Some(folder))
    }

    fn file(&mut self, path: &Path, text: &str, files: Files) -> Result<(), ConfigError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        for Setting { key, value, line } in file::parse(path, text, files)? {
            self.put(key, value, Origin::File(path.to_owned(), line), folder);
        }
        Ok(())
    }

    fn environment(&mut self) -> Result<(), ConfigError> {
        let sources = self.sources;
        for key in KEYS {
            let value = sources.environment.get(key.environment).filter(|value| !value.is_empty());
            let Some(value) = value else { continue };
            let place = Place::Environment(key.environment);
            let Some(text) = value.to_str() else {
                let (expected, found) = (key.kind.to_string(), "bytes that are not UTF-8".into());
                return Err(ConfigError::Value { place, key: key.name, expected, found });
            };
            let value = key.kind.read_text(text).map_err(|fault| fault_at(place, key, fault))?;
            self.put(key, value, Origin::Environment(key.environment), &sources.current);
        }
        Ok(())
    }

    fn flags(&mut self) -> Result<(), ConfigError> {
        let sources = self.sources;
        for (name, text) in &sources.flags {
            let key = Key::find(name).ok_or_else(|| file::unknown(Place::Flag, "", name, false))?;
            let value = key.kind.read_text(text).map_err(|fault| fault_at(Place::Flag, key, fault))?;
            self.put(key, value, Origin::Flag, &sources.current);
        }
        Ok(())
    }

    /// A relative path is relative to `folder`; what is below the home folder stays so until all is known.
    fn put(&mut self, key: &'static Key, value: Value, origin: Origin, folder: &Path) {
        let value = match value {
            Value::Path(path) if !path.starts_with("~") => Value::Path(folder.join(path)),
            other => other,
        };
        self.values.0.insert(key.name, value);
        self.origins.insert(key.name, origin);
    }

    /// Only a path that is in force needs a home folder.
    fn expand_home(&mut self) -> Result<(), ConfigError> {
        for (key, value) in &mut self.values.0 {
            let Value::Path(path) = value else { continue };
            let Ok(below) = path.strip_prefix("~") else { continue };
            let Some(home) = &self.sources.home else {
                return Err(ConfigError::NoHome { key, path: path.display().to_string() });
            };
            *path = home.join(below);
        }
        Ok(())
    }

    fn effective(&self, key: &'static Key) -> Effective {
        Effective {
            key: key.name,
            value: self.values.0.get(key.name).map(Value::to_string).unwrap_or_default(),
            origin: self.origins.get(key.name).cloned().unwrap_or(Origin::Default),
            doc: key.doc,
        }
    }
}

/// A fault in a flag or an environment variable.
fn fault_at(place: Place, key: &Key, fault: Fault) -> ConfigError {
    match fault {
        Fault::Mismatch(expected, found) | Fault::Element(_, expected, found) => {
            ConfigError::Value { place, key: key.name, expected, found }
        }
        Fault::Filter(error) => ConfigError::Filter { place, key: key.name, error: Box::new(error) },
    }
}
