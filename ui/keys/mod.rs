//! Keys: how they are written, and what each calls where.

mod chord;

use std::collections::BTreeMap;

pub use chord::{Chord, ChordError};

use crate::action::{Action, Invocation, Scope};

/// What each key calls, by where it is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bindings: BTreeMap<(Scope, Chord), Invocation>,
}

/// Two bindings of which one hides the other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{chord} in [keys.{}] is never reached where [keys.{}] has it for \"{by}\"", scope.as_str(), hidden_in.as_str())]
pub struct Hidden {
    /// The key.
    pub chord: Chord,
    /// Where it was bound.
    pub scope: Scope,
    /// Where something else comes first.
    pub hidden_in: Scope,
    /// What that is.
    pub by: Action,
}

impl Default for Keymap {
    /// The keys of [`Action::default_keys`].
    fn default() -> Self {
        let mut map = Self { bindings: BTreeMap::new() };
        for action in Action::ALL {
            for chord in action.default_keys().iter().filter_map(|key| key.parse().ok()) {
                map.bindings.insert((action.scope(), chord), (*action).into());
            }
        }
        map
    }
}

impl Keymap {
    /// Binds a key, or with `None` takes it away.
    ///
    /// # Errors
    /// The binding that comes before this one, and keeps it from being reached; it is made all the same.
    pub fn bind(&mut self, scope: Scope, chord: Chord, to: Option<Invocation>) -> Result<(), Hidden> {
        let is_bound = to.is_some();
        match to {
            Some(to) => _ = self.bindings.insert((scope, chord), to),
            None => _ = self.bindings.remove(&(scope, chord)),
        }
        let hiding = inner(scope).iter().find_map(|&inner| {
            self.bindings.get(&(inner, chord)).map(|invocation| (inner, invocation.action))
        });
        match hiding {
            Some((hidden_in, by)) if is_bound => Err(Hidden { chord, scope, hidden_in, by }),
            _ => Ok(()),
        }
    }

    /// What a key calls where the scopes of `layers` hold, the innermost first.
    pub fn find(&self, layers: &[Scope], chord: Chord) -> Option<&Invocation> {
        layers.iter().find_map(|&scope| self.bindings.get(&(scope, chord)))
    }

    /// The keys that call an action, without anything after its name; the plainest first.
    pub fn keys_of(&self, action: Action) -> Vec<Chord> {
        let wanted = |invocation: &Invocation| invocation.action == action && invocation.argument.is_none();
        let mut keys: Vec<_> =
            self.bindings.iter().filter(|(_, to)| wanted(to)).map(|((_, chord), _)| *chord).collect();
        keys.sort_by_key(|chord| {
            let text = chord.to_string();
            (action.default_keys().iter().position(|key| **key == text).unwrap_or(usize::MAX), text.len())
        });
        keys
    }

    /// Every binding, for the help.
    pub fn bindings(&self) -> impl Iterator<Item = (Scope, Chord, &Invocation)> {
        self.bindings.iter().map(|((scope, chord), invocation)| (*scope, *chord, invocation))
    }
}

/// The scopes whose keys come before those of `scope`, somewhere.
fn inner(scope: Scope) -> &'static [Scope] {
    match scope {
        Scope::Anywhere => &[Scope::Lists, Scope::Conversations, Scope::Thread, Scope::Needs],
        Scope::Lists => &[Scope::Conversations, Scope::Thread, Scope::Needs],
        Scope::Conversations => &[Scope::Thread],
        // The past is not always there, so that what it hides is reached at other times.
        Scope::Thread | Scope::Needs | Scope::Composer | Scope::Past => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_key_of_its_own() {
        let map = Keymap::default();
        let keys: usize = Action::ALL.iter().map(|action| action.default_keys().len()).sum();
        assert_eq!(map.bindings().count(), keys, "two actions share a key, or a key can not be read");
        for action in Action::ALL {
            assert!(!map.keys_of(*action).is_empty(), "{action} has no key");
        }
    }

    #[test]
    fn no_default_key_hides_another() {
        let defaults = Keymap::default();
        for (scope, chord, to) in defaults.bindings() {
            assert_eq!(defaults.clone().bind(scope, chord, Some(to.clone())), Ok(()));
        }
    }

    #[test]
    fn the_innermost_scope_decides() {
        let mut map = Keymap::default();
        let chord = "j".parse().unwrap();
        let hidden = map.bind(Scope::Anywhere, chord, Some(Action::Zoom.into())).unwrap_err();
        assert_eq!(
            hidden.to_string(),
            "j in [keys.anywhere] is never reached where [keys.lists] has it for \"down\""
        );
        assert_eq!(map.find(&[Scope::Lists, Scope::Anywhere], chord).unwrap().action, Action::Down);
        assert_eq!(map.find(&[Scope::Anywhere], chord).unwrap().action, Action::Zoom);
        map.bind(Scope::Lists, chord, None).unwrap();
        assert_eq!(map.find(&[Scope::Lists, Scope::Anywhere], chord).unwrap().action, Action::Zoom);
    }
}
