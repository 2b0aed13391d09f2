//! What an instance of the demo says to whatever the operator asks of it.

use veda_bus_core::name::RepoName;
use veda_bus_core::payload::{
    Decision, Form, NegotiateAnswer, NotifyAnswer, Payload, Query, QueryAnswer, RequestChangeAnswer, Task,
    TaskAnswer, TaskStatus, Text, Vote,
};

/// The answer of `repo`; `None` to what is an answer itself.
pub(super) fn answer(repo: &RepoName, payload: &Payload) -> Option<Payload> {
    use Form::{Answer, Opening};
    Some(match payload {
        Payload::RequestChange(Opening(_)) => Payload::RequestChange(Answer(RequestChangeAnswer {
            decision: Some(Decision::Accepted),
            eta_seconds: Some(300),
            comment: Text::new("Gladly. As this is a demo, nothing will change; an agent would begin now."),
            ..RequestChangeAnswer::default()
        })),
        Payload::Query(Opening(query)) => Payload::Query(Answer(looked_up(repo, query))),
        Payload::Notify(Opening(_)) => Payload::Notify(Answer(NotifyAnswer {
            acknowledged: Some(true),
            findings: Text::new(format!("3 places in {repo} are concerned")),
            comment: None,
        })),
        Payload::Negotiate(Opening(_)) => Payload::Negotiate(Answer(NegotiateAnswer {
            vote: Some(Vote::Accept),
            comment: Text::new("If it comes from you, we are for it."),
            ..NegotiateAnswer::default()
        })),
        Payload::Task(Opening(task)) => Payload::Task(Answer(taken_on(repo, task))),
        _ => return None,
    })
}

fn looked_up(repo: &RepoName, query: &Query) -> QueryAnswer {
    let question = query.question.as_str();
    let answer = format!(
        "This is the {repo} of the demo, which has one answer to every question. An agent would look into its \
         repository now:\n\n```sh\ngrep -rn 'SessionManager' src\n```\n\nYou asked: {question}"
    );
    QueryAnswer { answer: Some(answer.into()), ..QueryAnswer::default() }
}

fn taken_on(repo: &RepoName, task: &Task) -> TaskAnswer {
    let (status, detail) = match task.subtasks.get(repo) {
        Some(part) => (TaskStatus::Accepted, format!("Ours: {}", part.as_str())),
        None => (TaskStatus::Done, "There is no part for us in it.".to_owned()),
    };
    TaskAnswer { status: Some(status), detail: Text::new(detail), ..TaskAnswer::default() }
}
