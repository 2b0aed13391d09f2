//! The thread that makes what was written survive a power failure, while the bus goes on.

use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::name::Seq;

/// Is told how each sync ended: the last event that it covers, or why it failed.
pub(super) type OnSynced = Box<dyn Fn(io::Result<Seq>) + Send>;

/// What is to be done next. A request that nobody began with is replaced by a later one, which covers it.
#[derive(Default)]
struct Wanted {
    sync: Option<(Arc<File>, Seq)>,
    stop: bool,
}

#[derive(Default)]
struct Shared {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        // Nothing is done under this lock that could leave it half done.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle on the thread. Dropped, it waits until the last request is done.
pub(super) struct Syncer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    pub(super) fn start(on_synced: OnSynced) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread =
            thread::Builder::new().name("journal-sync".into()).spawn(move || run(&theirs, &on_synced))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Asks for everything in `file` to be synced; `last` is the last event in it. Does not wait.
    pub(super) fn request(&self, file: &Arc<File>, last: Seq) {
        self.shared.lock().sync = Some((Arc::clone(file), last));
        self.shared.changed.notify_one();
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It can only have ended early by a panic in the callback, which was told where it happened.
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, on_synced: &OnSynced) {
    while let Some((file, last)) = next(shared) {
        on_synced(file.sync_data().map(|()| last));
    }
}

/// Waits for a request; `None` when there is none left and it is time to stop.
fn next(shared: &Shared) -> Option<(Arc<File>, Seq)> {
    let idle = |wanted: &mut Wanted| wanted.sync.is_none() && !wanted.stop;
    let mut wanted = shared.changed.wait_while(shared.lock(), idle).unwrap_or_else(PoisonError::into_inner);
    wanted.sync.take()
}
