//! Which files are read, and what times mean there.

use std::path::{Path, PathBuf};

use chrono::{Local, NaiveDate};
use veda_bus_core::journal::{is_of_a_journal, last_time};
use veda_bus_core::time::Millis;
use veda_bus_ui::when::{self, Edge};

use super::{path, unreadable};
use crate::arguments::Choice;
use crate::context::Context;
use crate::failure::Failure;

/// A journal, or some of its files.
pub(crate) struct Files {
    paths: Vec<PathBuf>,
    /// Whether somebody named them; else it is the journal of the bus.
    is_named: bool,
}

impl Files {
    /// The files that were named; without any, the journal of the bus.
    pub(crate) fn of(context: &Context, named: &[PathBuf]) -> Result<Self, Failure> {
        let is_named = !named.is_empty();
        named.iter().try_for_each(|path| check(path))?;
        let paths = if is_named { named.to_vec() } else { vec![path(context)?] };
        Ok(Self { paths, is_named })
    }

    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The first of them.
    pub(crate) fn first(&self) -> &Path {
        self.paths.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// What `--since` and `--until` say. A time without a date is of the date of the other one, if that has one; else it
    /// is of today, and in files that were named of their last day.
    pub(crate) fn span(&self, choice: &Choice) -> Result<(Option<Millis>, Option<Millis>), Failure> {
        let now = Local::now();
        let (since, until) = (choice.since.as_deref(), choice.until.as_deref());
        let texts = || since.iter().chain(&until);
        let day = match texts().find_map(|text| when::date_in(text)) {
            Some(day) => day,
            None if self.is_named && texts().any(|text| when::is_time_of_day(text)) => {
                self.last_day()?.unwrap_or(now.date_naive())
            }
            None => now.date_naive(),
        };
        let moment = |flag: &str, text: Option<&str>, edge| {
            let moment = text.map(|text| when::parse_on(text, &now, day, edge)).transpose();
            moment.map_err(|why| Failure::Usage(format!("{flag}: {why}")))
        };
        let found = (moment("--since", since, Edge::Start)?, moment("--until", until, Edge::End)?);
        match found {
            (Some(from), Some(to)) if from > to => Err(Failure::Usage(format!(
                "--until {} is before --since {}",
                until.unwrap_or_default(),
                since.unwrap_or_default()
            ))),
            found => Ok(found),
        }
    }

    fn last_day(&self) -> Result<Option<NaiveDate>, Failure> {
        let last = last_time(&self.paths).map_err(|error| unreadable(self.first(), error))?;
        Ok(last.and_then(Millis::local).map(|last| last.date_naive()))
    }
}

/// Whether a file that was named may be one of a journal; that it is not there is told by who opens it.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Failure::Failed(format!("{shown} is a folder; name the journal in it")));
    }
    match is_of_a_journal(path) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Failed(format!("{shown} is no journal of veda-bus: no event is in it"))),
        Err(error) => Err(unreadable(path, error)),
    }
}
