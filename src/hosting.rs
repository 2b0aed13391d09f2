//! A bus on a thread of this process, and how it is handed over to a process in the background.

mod hand_over;

use std::future::Future;
use std::thread::{self, JoinHandle};

use tokio::sync::{oneshot, watch};
use veda_bus_core::config::{BusSettings, Sources, reload};
use veda_bus_core::journal::Recovery;
use veda_bus_core::server::{Changes, Control, Server, ServerError};

use crate::failure::Failure;
use crate::runtime::runtime;
use crate::watching::Watching;

pub(crate) use hand_over::{hand_over, program};

/// A bus that runs on a thread of this process, so that nothing that this process does with a terminal slows it.
/// Dropped, it is told to stop.
pub(crate) struct Hosted {
    stop: oneshot::Sender<()>,
    /// What was found in the journal, once clients can connect; closed when the bus has ended.
    recovered: watch::Receiver<Option<Recovery>>,
    thread: JoinHandle<Result<(), Failure>>,
}

impl Hosted {
    /// Returns at once: the bus reads its journal on its own thread, and [`ready`](Self::ready) tells when it has.
    pub(crate) fn start(settings: BusSettings, sources: Sources) -> Result<Self, Failure> {
        let (stop, stopped) = oneshot::channel();
        let (ready, recovered) = watch::channel(None);
        let serve = move || serve(&settings, &sources, stopped, &ready);
        let thread = thread::Builder::new().name("bus".into()).spawn(serve);
        let thread = thread.map_err(|error| Failure::Failed(format!("no thread for the bus: {error}")))?;
        Ok(Self { stop, recovered, thread })
    }

    /// Is done when clients can connect, with what was found in the journal; or, with `None`, when the bus has ended
    /// before that, for a reason that [`stop`](Self::stop) gives. It needs no runtime of any kind, and may be asked
    /// for as often as one likes.
    pub(crate) fn ready(&self) -> impl Future<Output = Option<Recovery>> + Send + use<> {
        let mut recovered = self.recovered.clone();
        async move { recovered.wait_for(Option::is_some).await.ok().and_then(|found| found.clone()) }
    }

    /// Is done when the bus has ended, by itself or because it was told to; [`stop`](Self::stop) says how.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut recovered = self.recovered.clone();
        async move { while recovered.changed().await.is_ok() {} }
    }

    /// Tells the bus to stop, and waits until it has given up the socket and the journal. A bus that still reads its
    /// journal stops when it has read it.
    ///
    /// Its result is that of the bus, which may have ended before.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        // A bus that has ended by itself hears it no more.
        let _ = self.stop.send(());
        self.thread.join().unwrap_or_else(|_| Err(Failure::Failed("the bus broke down".into())))
    }
}

/// Watches the global file for a bus: what tells it of changes, and its own end of that.
pub(crate) fn watch(settings: &BusSettings) -> Result<(Watching, Changes), Failure> {
    let (control, changes) = Control::new();
    let watching = Watching::start(settings.config_path.as_deref(), move || control.reload())?;
    Ok((watching, changes))
}

/// Takes the socket and the journal; rules are read from `sources` again when something changes.
pub(crate) fn bind(
    settings: &BusSettings,
    sources: &Sources,
    changes: Changes,
) -> Result<Server, ServerError> {
    let (old, sources) = (settings.clone(), sources.clone());
    Ok(Server::bind(settings.clone())?.reloading(changes, move || reload(&sources, &old)))
}

fn serve(
    settings: &BusSettings,
    sources: &Sources,
    stopped: oneshot::Receiver<()>,
    ready: &watch::Sender<Option<Recovery>>,
) -> Result<(), Failure> {
    let runtime = runtime()?;
    let (_watching, changes) = self::watch(settings)?;
    let server = bind(settings, sources, changes)?;
    ready.send_replace(Some(server.recovery().clone()));
    let stop = async move {
        // That nobody can tell it any more says the same.
        let _ = stopped.await;
    };
    Ok(runtime.block_on(server.run(stop))?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    use veda_bus_core::config::load;

    use super::*;

    fn start(folder: &Path) -> Hosted {
        let path = |name: &str| folder.join(name).display().to_string();
        let flags = vec![("bus.socket_path", path("bus.sock")), ("bus.log_path", path("log"))];
        let sources = Sources { home: Some(folder.to_owned()), flags, ..Sources::default() };
        Hosted::start(load(&sources).unwrap().bus, sources).unwrap()
    }

    #[test]
    fn it_is_ready_when_clients_can_connect_and_gives_everything_back() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = runtime().unwrap();
        for events in [0, 4] {
            let hosted = start(folder.path());
            let found = runtime.block_on(hosted.ready()).unwrap();
            assert_eq!(found.events, events);
            UnixStream::connect(folder.path().join("bus.sock")).unwrap();
            let (ready, ended) = (hosted.ready(), hosted.ended());
            hosted.stop().unwrap();
            runtime.block_on(ended);
            assert_eq!(runtime.block_on(ready).unwrap().events, events, "it still tells");
            assert!(!folder.path().join("bus.sock").exists());
        }
    }

    #[test]
    fn one_that_does_not_start_says_why() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("log"), "no journal\n").unwrap();
        let hosted = start(folder.path());
        assert!(runtime().unwrap().block_on(hosted.ready()).is_none());
        let failure = hosted.stop().unwrap_err().to_string();
        assert!(failure.contains("is not a journal"), "{failure}");
    }
}
