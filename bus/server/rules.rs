//! Rules that change while the bus runs: because the configuration did, or because the operator changed one.

use std::path::Path;

use super::engine::Engine;
use crate::config::{AllowRule, EditError, Reloaded, Rules, add_allow, remove_allow};
use crate::event::Configured;
use crate::hub::Command;
use crate::name::MessageId;
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::wire::decide::Verdict;

/// What everyone is told of the rules in force; `waiting` are the keys that were changed and wait for the next start.
pub(super) fn in_force(rules: &Rules, state: &State, waiting: Vec<&'static str>) -> Configured {
    let seen = || state.repos().iter().filter(|(_, repo)| repo.seen).map(|(name, _)| name.as_str());
    let warnings = rules.unknown_repos(|name| seen().any(|known| known == name), seen());
    Configured {
        negotiations: rules.negotiations.as_str().to_owned(),
        hold: rules.hold.iter().map(|rule| rule.filter.source().to_owned()).collect(),
        allow: rules.allow.clone(),
        problems: Vec::new(),
        warnings: warnings.iter().map(ToString::to_string).collect(),
        waiting: waiting.into_iter().map(str::to_owned).collect(),
    }
}

impl Engine {
    /// Reads the rules anew. What is wrong with them is told, and those in force stay.
    pub(super) fn reload(&mut self) {
        let Some(reloading) = &mut self.reloading else { return };
        let state = self.hub.state();
        let (rules, configured) = match (reloading.read)() {
            Ok(Reloaded { rules, waiting }) => {
                let configured = in_force(&rules, state, waiting);
                (Some(rules), configured)
            }
            Err(error) => {
                let before = state.configured().cloned().unwrap_or_default();
                (None, Configured { problems: vec![error.to_string()], ..before })
            }
        };
        let is_news = state.configured() != Some(&configured);
        if is_news || rules.as_ref().is_some_and(|rules| *rules != self.hub.policy().rules) {
            log(&configured);
            let _ = self.handle(Command::Configure { rules, configured, fresh: &MessageId::random });
        }
    }

    /// A repo has come that a rule may have been doubted for.
    pub(super) fn doubt_again(&mut self) {
        let state = self.hub.state();
        let Some(before) = state.configured().filter(|before| !before.warnings.is_empty()) else { return };
        let now = in_force(&self.hub.policy().rules, state, Vec::new());
        if now.warnings != before.warnings {
            let configured = Configured { warnings: now.warnings, ..before.clone() };
            let _ = self.handle(Command::Configure { rules: None, configured, fresh: &MessageId::random });
        }
    }

    /// Writes a standing rule into the configuration, or takes one out, and takes up what it says then.
    pub(super) fn change_rule(&mut self, verdict: Verdict, rule: &AllowRule) -> Result<(), Refusal> {
        let refuse = |what: String| Refusal::new(Code::RuleNotChanged, what);
        let Some(path) = self.config_path.clone().filter(|_| self.reloading.is_some()) else {
            return Err(refuse("this bus has no configuration file to write rules to".into()));
        };
        change(&path, verdict, rule)?;
        self.reload();
        let told = self.hub.state().configured().map(|configured| configured.problems.join("; "));
        match told.filter(|problems| !problems.is_empty()) {
            None => Ok(()),
            Some(problems) => Err(refuse(format!("the rule is written, but not in force: {problems}"))),
        }
    }
}

/// Says what is wrong, or may not be meant.
pub(super) fn log(configured: &Configured) {
    for problem in &configured.problems {
        tracing::error!("the rules stay as they were: {problem}");
    }
    for warning in &configured.warnings {
        tracing::warn!("{warning}");
    }
    for key in &configured.waiting {
        tracing::warn!("{key} has changed; it counts from the next start of the bus");
    }
}

fn change(path: &Path, verdict: Verdict, rule: &AllowRule) -> Result<(), Refusal> {
    let refuse = |error: EditError| Refusal::new(Code::RuleNotChanged, error.to_string()).at("rule");
    if verdict == Verdict::Allow {
        return add_allow(path, rule).map_err(refuse);
    }
    if remove_allow(path, rule).map_err(refuse)? {
        return Ok(());
    }
    let what = format!("{} has no rule {rule}", path.display());
    Err(Refusal::new(Code::RuleNotChanged, what).at("rule").hint("veda-bus rules lists them"))
}
