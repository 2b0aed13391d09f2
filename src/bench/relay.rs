//! The bare relay: it forwards what publishers send to all subscribers, looking at nothing but line breaks.
//!
//! The first byte of a connection is its role: `S` subscribes; `P` publishes; `A` publishes, has each line written to
//! the log and answered with its count; `D` the same with an `fdatasync` before the answer.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::rc::Rc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Mutex;

use crate::failure::Failure;
use crate::runtime::runtime;

#[derive(Default)]
struct Shared {
    subscribers: RefCell<Vec<Rc<Mutex<OwnedWriteHalf>>>>,
    log: RefCell<Option<File>>,
}

/// Serves until it is killed.
pub(crate) fn run(socket: &Path, log: Option<&Path>) -> Result<(), Failure> {
    let failed = |error| Failure::File { path: socket.to_owned(), error };
    let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path).map_err(failed);
    let shared = Rc::new(Shared { log: RefCell::new(log.map(open).transpose()?), ..Shared::default() });
    tokio::task::LocalSet::new().block_on(&runtime()?, async {
        let listener = UnixListener::bind(socket).map_err(failed)?;
        loop {
            let (stream, _) = listener.accept().await.map_err(failed)?;
            tokio::task::spawn_local(serve(stream, Rc::clone(&shared)));
        }
    })
}

async fn serve(mut stream: UnixStream, shared: Rc<Shared>) -> io::Result<()> {
    let role = stream.read_u8().await?;
    let (mut reader, mut writer) = stream.into_split();
    if role == b'S' {
        // The subscriber knows that it is one when this arrives.
        writer.write_all(b"\n").await?;
        let writer = Rc::new(Mutex::new(writer));
        shared.subscribers.borrow_mut().push(Rc::clone(&writer));
        let _ = reader.read_u8().await;
        shared.subscribers.borrow_mut().retain(|other| !Rc::ptr_eq(other, &writer));
        return Ok(());
    }
    let mut buffer = BytesMut::with_capacity(1 << 16);
    let mut count = 0;
    while reader.read_buf(&mut buffer).await? > 0 {
        let Some(end) = memchr::memrchr(b'\n', &buffer) else { continue };
        let lines = buffer.split_to(end + 1).freeze();
        if role != b'P' {
            store(&shared, &lines, role == b'D')?;
            count += memchr::memchr_iter(b'\n', &lines).count();
        }
        let subscribers = shared.subscribers.borrow().clone();
        for subscriber in subscribers {
            subscriber.lock().await.write_all(&lines).await?;
        }
        if role != b'P' {
            writer.write_all(format!("{count}\n").as_bytes()).await?;
        }
        buffer.reserve(1 << 16);
    }
    Ok(())
}

fn store(shared: &Shared, lines: &[u8], sync: bool) -> io::Result<()> {
    let mut log = shared.log.borrow_mut();
    let Some(log) = log.as_mut() else { return Ok(()) };
    log.write_all(lines)?;
    if sync { log.sync_data() } else { Ok(()) }
}
