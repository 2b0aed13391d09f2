//! What became of a message, in words: `routed to Echo, UILib, queued for LensSDK, refused by CI (access_denied)`.

use veda_bus_core::event::{Accepted, Held};
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::refusal::Code;
use veda_bus_core::state::record::Stage;
use veda_bus_core::wire::Receipt;

use super::listed;

/// A recipient, the step that the message has reached there, and why it was refused.
type Fate<'a> = (&'a RepoName, Stage, Option<Code>);

/// The steps in the order in which they are told: from done to not done.
const STEPS: [(Stage, &str); 8] = [
    (Stage::Answered, "by"),
    (Stage::Read, "by"),
    (Stage::Delivered, "to"),
    (Stage::Routed, "to"),
    (Stage::Queued, "for"),
    (Stage::Held, "for"),
    (Stage::Expired, "for"),
    (Stage::Refused, "by"),
];

/// What became of a message when it was accepted; of one that is for a single repo, without that repo's name.
pub(super) fn accepted(event: &Accepted) -> String {
    if let [only] = event.recipients.as_slice()
        && only.repo.as_str() == event.message.to.repo.as_str()
    {
        let stage = Stage::first(only).as_str();
        return format!("{stage}{}", in_brackets(only.refused.into_iter()));
    }
    let fates = event.recipients.iter().map(|one| (&one.repo, Stage::first(one), one.refused));
    told(&fates.collect::<Vec<_>>())
}

/// That a message expired, and who never read it.
pub fn expiry(id: &MessageId, unread_by: &[RepoName]) -> String {
    let unread = unread_by.iter().map(RepoName::as_str).collect::<Vec<_>>().join(", ");
    format!("message {id} expired; it was never read by {unread}")
}

/// A receipt in one line: the message's id, and what became of it; `later` are the steps that were told of since, the
/// last one for a recipient counts.
pub fn receipt(receipt: &Receipt, later: &[(RepoName, Stage)]) -> String {
    let fates = receipt.recipients.iter().map(|one| {
        let step = later.iter().rev().find(|(repo, _)| *repo == one.repo);
        (&one.repo, step.map_or(one.status, |&(_, stage)| stage), one.code)
    });
    let fates: Vec<_> = fates.collect();
    let is_held = fates.iter().any(|&(_, stage, _)| stage == Stage::Held);
    let why = receipt.held.as_ref().filter(|_| is_held).map(|why| format!("; {}", held(why)));
    let fates = told(&fates) + &why.unwrap_or_default();
    let again = if receipt.duplicate { " (it had been sent before)" } else { "" };
    format!("{}: {fates}{again}", receipt.id)
}

/// Why a message is held.
pub fn held(why: &Held) -> String {
    match why {
        Held::Rule { rule } => format!("held by the rule {rule}"),
        Held::Thread { reason } => format!("its thread is held: {reason}"),
    }
}

fn told(fates: &[Fate<'_>]) -> String {
    let with = |(stage, link): (Stage, &str)| {
        let there = || fates.iter().filter(|&&(_, reached, _)| reached == stage);
        let names = listed(there().map(|(repo, ..)| repo.as_str()));
        let codes = in_brackets(there().filter_map(|&(_, _, code)| code));
        (!names.is_empty()).then(|| format!("{} {link} {names}{codes}", stage.as_str()))
    };
    let told: Vec<_> = STEPS.into_iter().filter_map(with).collect();
    if told.is_empty() { "there is nobody to get it".to_owned() } else { told.join(", ") }
}

/// Each reason once.
fn in_brackets(codes: impl Iterator<Item = Code>) -> String {
    let mut codes: Vec<_> = codes.map(Code::as_str).collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) }
}

#[cfg(test)]
mod tests {
    use veda_bus_core::name::Seq;
    use veda_bus_core::time::Millis;
    use veda_bus_core::wire::RecipientStatus;

    use super::*;

    #[test]
    fn a_receipt_tells_why_a_message_is_held() {
        let held = |why| Receipt {
            id: "one".parse().unwrap(),
            seq: Seq(1),
            thread: "one".parse().unwrap(),
            expires_at: Millis(1),
            recipients: vec![RecipientStatus {
                repo: "LensSDK".parse().unwrap(),
                status: Stage::Held,
                code: None,
            }],
            held: Some(why),
            duplicate: false,
        };
        let rule = held(Held::Rule { rule: "type == \"Task\"".into() });
        assert_eq!(receipt(&rule, &[]), "one: held for LensSDK; held by the rule type == \"Task\"");
        let thread = held(Held::Thread { reason: "16 short answers".into() });
        assert_eq!(receipt(&thread, &[]), "one: held for LensSDK; its thread is held: 16 short answers");
        // What was let go meanwhile is not held any more.
        let later = [("LensSDK".parse().unwrap(), Stage::Read)];
        assert_eq!(receipt(&thread, &later), "one: read by LensSDK");
    }

    #[test]
    fn a_receipt_tells_the_last_step_of_each_recipient() {
        let one = |repo: &str, status, code| RecipientStatus { repo: repo.parse().unwrap(), status, code };
        let told = Receipt {
            id: "one".parse().unwrap(),
            seq: Seq(1),
            thread: "one".parse().unwrap(),
            expires_at: Millis(1),
            recipients: vec![
                one("Echo", Stage::Routed, None),
                one("UILib", Stage::Queued, None),
                one("CI", Stage::Refused, Some(Code::AccessDenied)),
                one("CD", Stage::Refused, Some(Code::AccessDenied)),
            ],
            held: None,
            duplicate: false,
        };
        assert_eq!(
            receipt(&told, &[]),
            "one: routed to Echo, queued for UILib, refused by CI, CD (access_denied)"
        );
        let later = [Stage::Delivered, Stage::Read].map(|stage| ("Echo".parse().unwrap(), stage));
        assert_eq!(
            receipt(&Receipt { duplicate: true, ..told }, &later),
            "one: read by Echo, queued for UILib, refused by CI, CD (access_denied) (it had been sent before)"
        );
    }
}
