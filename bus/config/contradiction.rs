//! Rules that can not have been meant together.

use super::error::{ConfigError, Place};
use super::rules::{AllowRule, Rules};

pub(super) const ALLOW: &str = "bus.approval.allow";
const DEPTH: &str = "bus.limits.thread_depth";

/// Checks that no rule makes another one meaningless. `depth` is where `bus.limits.thread_depth` is set, if it is: a
/// default contradicts nobody.
pub(super) fn check(rules: &Rules, depth: Option<&Place>) -> Result<(), ConfigError> {
    if let Some((fault, other)) = redundant(&rules.allow) {
        let says = if fault == other { "says the same as" } else { "is contained in" };
        let elsewhere = other.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
        return Err(contradiction(fault.place.as_ref(), ALLOW, format!("{fault} {says} {other}{elsewhere}")));
    }
    let everything = rules.allow.iter().find(|rule| rule.is_everything());
    if let (Some(rule), Some(hold)) = (everything, rules.hold.first()) {
        let elsewhere = hold.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
        let message =
            format!("{rule} covers every message, so that bus.approval.hold{elsewhere} holds nothing");
        return Err(contradiction(rule.place.as_ref(), ALLOW, message));
    }
    let limits = &rules.limits;
    if depth.is_some() && limits.thread_messages != 0 && limits.thread_depth > limits.thread_messages {
        let (deep, all) = (limits.thread_depth, limits.thread_messages);
        let message = format!("{deep} is never reached, because bus.limits.thread_messages is {all}");
        return Err(contradiction(depth, DEPTH, message));
    }
    Ok(())
}

/// A rule that another one makes needless, and that other one. Of two that say the same, it is the later.
fn redundant(allow: &[AllowRule]) -> Option<(&AllowRule, &AllowRule)> {
    let others = |at: usize| allow.iter().enumerate().filter(move |(other, _)| *other != at);
    allow.iter().enumerate().find_map(|(at, rule)| {
        let contains =
            |&(other, wide): &(usize, &AllowRule)| wide.contains(rule) && (wide != rule || other < at);
        others(at).find(contains).map(|(_, wide)| (rule, wide))
    })
}

fn contradiction(place: Option<&Place>, key: &'static str, message: String) -> ConfigError {
    // A rule that stands nowhere was given by whoever runs this.
    ConfigError::Contradiction { place: place.cloned().unwrap_or(Place::Flag), key, message }
}
