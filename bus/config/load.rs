//! From the sources to the configuration in force.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Place};
use super::file::{self, Setting};
use super::keys::{Files, KEYS, Key};
use super::rules::Rules;
use super::settings::{BusSettings, Config, Effective, Origin, Values};
use super::value::Value;
use super::{GLOBAL_FILE, contradiction};

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
    /// Whether what the file says of `[bus.approval]` and `[bus.limits]` is passed over, right or wrong: those are for who
    /// runs a bus, and who only talks to one is not to be kept from it by a mistake in them.
    pub without_rules: bool,
    /// Whether the global file is passed over, by who wants to know what is so without its mistakes.
    pub without_global: bool,
    /// The same of a repository's file.
    pub without_repo: bool,
}

impl Sources {
    /// The home folder, current folder and environment of this process, with what its command line sets.
    pub fn from_process(config: Option<PathBuf>, flags: Vec<(&'static str, String)>) -> Self {
        let known = |name: &str| KEYS.iter().any(|key| key.environment == Some(name));
        let environment =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self {
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            // A folder that was removed under the process has nothing above it to search; the rest still works.
            current: std::env::current_dir().unwrap_or_else(|_| ".".into()),
            config,
            flags,
            environment: environment.filter(|(name, _)| known(name)).collect(),
            without_rules: false,
            without_global: false,
            without_repo: false,
        }
    }
}

/// Reads the configuration files and puts everything together: flag before environment before the repository's file
/// before the global file before the default.
///
/// # Errors
/// A [`ConfigError`] when a file can not be read or is not TOML, when any source, even one that another overrules,
/// sets a key that there is not, or a value that its key can not take, or when rules contradict each other.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut set = Set::new(sources);
    set.global_file()?;
    let repo_folder = set.repo_file()?;
    Ok(Config {
        bus: set.bus()?,
        coordination: set.values.coordination(),
        effective: KEYS.iter().map(|key| set.effective(key)).collect(),
        bus_environment: set.bus_environment(),
        repo_folder,
    })
}

/// What a bus does with a configuration that is not the one it was started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// What is in force from now on.
    pub rules: Rules,
    /// The keys of `[bus]` that have another value now, which the bus takes at its next start.
    pub waiting: Vec<&'static str>,
}

/// Reads the configuration of a bus again. `old` is what it was started with.
///
/// A repository's file has no say in the rules, so what is wrong with it keeps no rule back.
///
/// # Errors
/// As [`load`]; what was in force is to stay so.
pub fn reload(sources: &Sources, old: &BusSettings) -> Result<Reloaded, ConfigError> {
    let mut set = Set::new(sources);
    set.global_file()?;
    let whole = set.repo_file().is_ok();
    let bus = set.bus()?;
    let told = |key: &&'static str| whole || Key::find(key).is_some_and(|key| key.files == Files::Global);
    let waiting = old.fixed_differences(&bus).into_iter().filter(told).collect();
    Ok(Reloaded { rules: bus.rules, waiting })
}

/// The rules that a global file with this text says by itself.
pub(super) fn rules_of(path: &Path, text: &str) -> Result<Rules, ConfigError> {
    let sources = Sources::default();
    let mut set = Set::new(&sources);
    set.file(path, text, Files::Global)?;
    set.rules()
}

/// What is set so far; what comes later overrules it.
struct Set<'a> {
    sources: &'a Sources,
    values: Values,
    places: BTreeMap<&'static str, Place>,
}

impl<'a> Set<'a> {
    fn new(sources: &'a Sources) -> Self {
        Self { sources, values: Values::defaults(""), places: BTreeMap::new() }
    }

    /// The settings of a bus, when the files have been read.
    fn bus(&mut self) -> Result<BusSettings, ConfigError> {
        self.environment()?;
        self.flags()?;
        self.expand_home()?;
        self.rules()?;
        Ok(BusSettings { config_path: self.global_path(), ..self.values.bus() })
    }

    fn rules(&self) -> Result<Rules, ConfigError> {
        let rules = self.values.rules();
        contradiction::check(&rules, self.places.get("bus.limits.thread_depth"))?;
        Ok(rules)
    }

    fn global_file(&mut self) -> Result<(), ConfigError> {
        let path = self.global_path().filter(|_| !self.sources.without_global);
        let Some(path) = path else { return Ok(()) };
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
        let found = file::find_repo_file(&self.sources.current).filter(|_| !self.sources.without_repo);
        let Some((path, folder)) = found else { return Ok(None) };
        let folder = folder.to_owned();
        // The file may go away between the search and the reading; then it is as if it had never been there.
        let Some(text) = file::read(&path)? else { return Ok(None) };
        self.file(&path, &text, Files::Repo)?;
        Ok(Some(folder))
    }

    fn file(&mut self, path: &Path, text: &str, files: Files) -> Result<(), ConfigError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        for Setting { key, value, place } in file::parse(path, text, files, self.sources.without_rules)? {
            self.put(key, value, place, folder);
        }
        Ok(())
    }

    fn environment(&mut self) -> Result<(), ConfigError> {
        let sources = self.sources;
        for key in KEYS {
            let Some(name) = key.environment else { continue };
            let value = sources.environment.get(name).filter(|value| !value.is_empty());
            let Some(value) = value else { continue };
            let place = Place::Environment(name);
            let Some(text) = value.to_str() else {
                let (expected, found) = (key.kind.to_string(), "bytes that are not UTF-8".into());
                return Err(ConfigError::Value { place, key: key.name, expected, found });
            };
            let value =
                key.kind.read_text(text).map_err(|fault| file::fault_at(place.clone(), key, fault))?;
            self.put(key, value, place, &sources.current);
        }
        Ok(())
    }

    fn flags(&mut self) -> Result<(), ConfigError> {
        let sources = self.sources;
        for (name, text) in &sources.flags {
            let key = Key::find(name).ok_or_else(|| file::unknown(Place::Flag, "", name, false))?;
            let value = key.kind.read_text(text).map_err(|fault| file::fault_at(Place::Flag, key, fault))?;
            self.put(key, value, Place::Flag, &sources.current);
        }
        Ok(())
    }

    /// A relative path is relative to `folder`; what is below the home folder stays so until all is known.
    fn put(&mut self, key: &'static Key, value: Value, place: Place, folder: &Path) {
        let value = match value {
            Value::Path(path) if !path.starts_with("~") => Value::Path(folder.join(path)),
            other => other,
        };
        self.values.0.insert(key.name, value);
        self.places.insert(key.name, place);
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
            origin: self.places.get(key.name).map_or(Origin::Default, Origin::from),
            doc: key.doc,
        }
    }

    /// See [`Config::bus_environment`]. What a bus takes anew while it runs only goes along when no file has said it:
    /// a variable would overrule the file for ever.
    fn bus_environment(&self) -> Vec<(&'static str, OsString)> {
        let of_file = |key: &Key| matches!(self.places.get(key.name), None | Some(Place::File { .. }));
        let keys = KEYS.iter().filter(|key| key.name.starts_with("bus.") && !(key.is_live() && of_file(key)));
        keys.filter_map(|key| Some((key.environment?, self.values.0.get(key.name)?.as_variable()?))).collect()
    }
}
