//! Repos that rules name and nobody knows: mostly typing errors, and no errors, for a repo may come later.

use std::fmt;

use super::contradiction::ALLOW;
use super::error::Place;
use super::rules::{AllowEnd, Rules};
use crate::name::{BROADCAST, OPERATOR};
use crate::{suggest, text};

/// A rule names a repo that the bus does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where the name stands, as near as can be told.
    pub place: Option<Place>,
    /// The key of the rule.
    pub key: &'static str,
    /// The name.
    pub repo: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}: no repo \"{}\" is known to this bus", self.key, text::line(&self.repo))?;
        self.nearest.as_ref().map_or(Ok(()), |name| write!(f, "; did you mean \"{name}\"?"))
    }
}

impl Rules {
    /// The repos that allow rules name, and those that hold expressions compare `from`, `to` or `repo` with, which are
    /// not `known`; the nearest of `names` are suggested. Expressions are read anew, which takes some milliseconds
    /// each.
    pub fn unknown_repos<'a>(
        &self,
        known: impl Fn(&str) -> bool,
        names: impl Iterator<Item = &'a str>,
    ) -> Vec<Warning> {
        let names: Vec<&str> = names.collect();
        // No messages are from nobody, but events are, and an expression may say so.
        let unknown = |repo: &str| !["", BROADCAST, OPERATOR].contains(&repo) && !known(repo);
        let found = self.allowed().chain(self.compared()).filter(|(_, _, repo)| unknown(repo));
        let warning = |(place, key, repo): (Option<Place>, &'static str, String)| {
            let nearest =
                suggest::nearest(&repo, names.iter().copied()).first().map(|name| (*name).to_owned());
            Warning { place, key, repo, nearest }
        };
        found.map(warning).collect()
    }

    fn allowed(&self) -> impl Iterator<Item = (Option<Place>, &'static str, String)> {
        self.allow.iter().flat_map(|rule| {
            let ends = [&rule.from, &rule.to].into_iter().filter(|end| **end != AllowEnd::Everyone);
            ends.map(|end| (rule.place.clone(), ALLOW, end.to_string()))
        })
    }

    fn compared(&self) -> impl Iterator<Item = (Option<Place>, &'static str, String)> {
        self.hold.iter().flat_map(|rule| {
            let named = rule.filter.repos().into_iter();
            named.map(|named| (rule.place_of(named.position), "bus.approval.hold", named.repo))
        })
    }
}
