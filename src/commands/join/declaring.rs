//! What an instance declares follows its repository's file while it runs.

use tokio::sync::mpsc;
use veda_bus_core::client::{BusClient, ClientError};
use veda_bus_core::config::{REPO_FILE, Sources, load};
use veda_bus_core::text;
use veda_bus_core::wire::Register;

use crate::arguments::Join;
use crate::context::{Context, declare};
use crate::failure::Failure;
use crate::watching::Watching;

/// Registers again, for as long as the result lives, when the file that `register` was made from declares something
/// else. `None` when it was made without one.
pub(super) fn follow(
    context: &Context,
    join: &Join,
    client: &BusClient,
    register: Register,
) -> Result<Option<Watching>, Failure> {
    let config = &context.config;
    let Some(folder) = &config.repo_folder else { return Ok(None) };
    if config.coordination.repo_name.as_ref() != Some(&register.repo) {
        return Ok(None);
    }
    let (tell, told) = mpsc::unbounded_channel();
    let watching = Watching::start(Some(&folder.join(REPO_FILE)), move || _ = tell.send(()))?;
    let declared = Declared {
        sources: context.sources.clone(),
        own_capabilities: !join.capabilities.is_empty(),
        register,
    };
    tokio::spawn(declared.keep(client.clone(), told));
    Ok(Some(watching))
}

/// What an instance has declared.
struct Declared {
    sources: Sources,
    /// Whether the command line says what it is capable of.
    own_capabilities: bool,
    register: Register,
}

impl Declared {
    async fn keep(mut self, client: BusClient, mut told: mpsc::UnboundedReceiver<()>) {
        while told.recv().await.is_some() {
            let changed = match self.changed() {
                Ok(None) => continue,
                Ok(Some(changed)) => changed,
                Err(why) => {
                    complain(&why);
                    continue;
                }
            };
            match client.register(changed.clone()).await {
                Ok(_) => {
                    self.register = changed;
                    eprintln!("veda-bus: declared anew what {REPO_FILE} says");
                }
                Err(ClientError::Gone) => return,
                Err(error) => complain(&error.to_string()),
            }
        }
    }

    /// The registration that the file asks for, if it is another one; or why the file can not be followed.
    fn changed(&self) -> Result<Option<Register>, String> {
        let config = load(&self.sources).map_err(|error| error.to_string())?;
        let (old, mut new) = (&self.register, self.register.clone());
        if config.coordination.repo_name.as_ref() != Some(&old.repo) {
            return Err(format!("no {REPO_FILE} names {} any more", old.repo));
        }
        declare(&mut new, &config.coordination);
        if self.own_capabilities {
            new.capabilities.clone_from(&old.capabilities);
        }
        let same = |one: &Register, other: &Register| {
            (&one.capabilities, &one.accept_requests_from)
                == (&other.capabilities, &other.accept_requests_from)
        };
        Ok((!same(old, &new)).then_some(new))
    }
}

fn complain(why: &str) {
    eprintln!("veda-bus: {}; what was declared stays in force", text::line(why));
}
