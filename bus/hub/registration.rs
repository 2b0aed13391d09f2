//! Who may be an instance, and as whom.

use std::borrow::Cow;

use super::origin::{self, Origin};
use super::{Decision, Hub, Reply};
use crate::event::{Event, LeftReason, Recorded, Registered};
use crate::name::{BROADCAST, BUS, InstanceId};
use crate::os::Process;
use crate::refusal::{Code, Refusal};
use crate::time::Millis;
use crate::wire::answer::Welcome;
use crate::wire::request::Register;

/// The longest path that an instance may give, in bytes.
const MAX_PATH_BYTES: usize = 4096;

/// How many repos `accept_requests_from` may name.
const MAX_ACCEPTED: usize = 256;

/// Names that no instance may answer to: the broadcast address, and what the bus itself signs with.
const RESERVED: [&str; 2] = [BROADCAST, BUS];

/// Who wants to be an instance, and as whom.
pub(super) struct Joining<'a> {
    pub register: Register,
    /// The instance that the connection already is.
    pub current: Option<&'a InstanceId>,
    /// Where the process comes from.
    pub origin: Origin,
    /// The host of the agent.
    pub host: Option<Process>,
    /// An id that no instance has yet.
    pub fresh: InstanceId,
}

impl Hub {
    pub(super) fn register(
        &mut self,
        events: &mut Vec<Recorded>,
        now: Millis,
        joining: Joining<'_>,
    ) -> Result<Reply, Refusal> {
        let Joining { register, current, origin, host, fresh } = joining;
        check(&register)?;
        if register.repo.is_operator()
            && let Err(refusal) = origin::check(&origin, self.state.agent_hosts(), &self.policy.origin)
        {
            let attempt = vec![origin::refused(&origin, &refusal)];
            return self.commit(events, now, Decision { events: attempt, reply: Err(refusal) });
        }
        let (instance, resumed) = self.identity(&register, current, fresh)?;
        let mut decided = Vec::new();
        if current != Some(&instance) {
            decided = self.leave(&instance, LeftReason::Replaced);
        }
        let mut capabilities = register.capabilities;
        capabilities.sort();
        capabilities.dedup();
        let everyone = || vec![BROADCAST.to_owned()];
        let accept = register
            .accept_requests_from
            .map_or_else(everyone, |list| list.iter().map(ToString::to_string).collect());
        decided.push(Event::Registered(Registered {
            instance: instance.clone(),
            repo: register.repo.clone(),
            session: register.session_id,
            path: register.path,
            capabilities,
            accept_requests_from: accept,
            receive: register.receive,
            client: register.client.map(|client| client.to_string()),
            pid: origin.pid,
            host,
        }));
        self.commit(events, now, Decision::done(decided))?;
        Ok(Reply::Welcome(Welcome {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: self.state.host().map(|host| host.pid).unwrap_or_default(),
            instance_id: instance,
            unread: self
                .state
                .repo(&register.repo)
                .map(|repo| repo.mailbox.unread - repo.mailbox.held)
                .unwrap_or_default(),
            repo: register.repo,
            resumed,
            seq: self.state.last(),
            max_message_size: self.policy.max_message_size,
            default_ttl: self.policy.default_ttl.as_secs(),
            durability: Cow::Borrowed(self.policy.durability),
        }))
    }

    /// Which instance the connection is to be, and whether the bus knew it.
    fn identity(
        &self,
        register: &Register,
        current: Option<&InstanceId>,
        fresh: InstanceId,
    ) -> Result<(InstanceId, bool), Refusal> {
        if let Some(current) = current {
            let same_repo = self.state.instance(current).is_some_and(|known| known.repo == register.repo);
            let same_instance = register.instance_id.as_ref().is_none_or(|wanted| wanted == current);
            if same_repo && same_instance {
                return Ok((current.clone(), true));
            }
            return Err(Refusal::new(Code::AlreadyRegistered, "this connection is another instance already")
                .hint(
                    "one connection for each instance; a second register may only change what it declares",
                ));
        }
        if let Some(wanted) = &register.instance_id {
            let known = self.state.instance(wanted);
            if let Some(other) = known.filter(|known| known.repo != register.repo) {
                return Err(Refusal::new(
                    Code::IdentityMismatch,
                    format!("instance {wanted} belongs to {}", other.repo),
                )
                .at("instance_id")
                .hint("leave instance_id out and the bus makes one up"));
            }
            return Ok((wanted.clone(), known.is_some()));
        }
        Ok(self.returning(register).map_or((fresh, false), |known| (known, true)))
    }

    /// The instance that a session was when it was last here, if it is not here now.
    fn returning(&self, register: &Register) -> Option<InstanceId> {
        let session = register.session_id.as_ref()?;
        let of_session = self.state.instances().filter(|known| {
            !known.connected && known.repo == register.repo && known.session.as_ref() == Some(session)
        });
        of_session.max_by_key(|known| known.last_seen).map(|known| known.id.clone())
    }
}

fn check(register: &Register) -> Result<(), Refusal> {
    if RESERVED.contains(&register.repo.as_str()) {
        return Err(Refusal::new(Code::InvalidFrame, format!("no instance may be \"{}\"", register.repo))
            .at("repo")
            .hint("name the repository whose agent this is"));
    }
    if register.instance_id.as_ref().is_some_and(|id| id.as_str() == BUS) {
        return Err(Refusal::new(Code::InvalidFrame, format!("no instance may be \"{BUS}\""))
            .at("instance_id")
            .hint("leave instance_id out and the bus makes one up"));
    }
    let accepted = register.accept_requests_from.as_ref().map_or(0, Vec::len);
    if accepted > MAX_ACCEPTED {
        let expected = format!("at most {MAX_ACCEPTED} repos");
        let found = accepted.to_string();
        return Err(Refusal::expected(Code::InvalidFrame, "accept_requests_from", &expected, &found));
    }
    let path_bytes = register.path.as_ref().map_or(0, String::len);
    if path_bytes > MAX_PATH_BYTES {
        let expected = format!("at most {MAX_PATH_BYTES} bytes");
        return Err(Refusal::expected(Code::InvalidFrame, "path", &expected, &path_bytes.to_string()));
    }
    Ok(())
}
