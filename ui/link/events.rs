//! The connection that brings the events.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use veda_bus_core::client::{BusClient, ClientError, EventLine};

use super::{Piece, Pieces};

/// How many events are handed over at a time.
const BATCH: usize = 512;

/// The first and the longest wait between attempts to connect.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// Connects as soon as a bus answers.
///
/// # Errors
/// When it answers and is not to be trusted.
pub(super) async fn connect(socket: &PathBuf) -> Result<BusClient, ClientError> {
    let mut wait = BACKOFF.0;
    loop {
        match BusClient::connect(socket).await {
            Err(ClientError::NoBus { .. }) => tokio::time::sleep(wait).await,
            other => return other,
        }
        wait = (wait * 2).min(BACKOFF.1);
    }
}

/// Follows the stream from where `begin` says, until nobody wants it any more. `reached` is the last event that was handed over.
pub(super) async fn follow(socket: PathBuf, begin: Piece, pieces: Pieces, reached: Arc<AtomicU64>) {
    let (Piece::Begin(from) | Piece::Another(from)) = begin else { return };
    if !pieces.send(begin).await {
        return;
    }
    // Whether the bus is to be trusted is found out, and told, by the operator's connection.
    let Ok(client) = connect(&socket).await else { return };
    let Ok(mut lines) = client.subscribe(Some(from)).await else { return };
    let mut batch = Vec::with_capacity(BATCH);
    while lines.recv_many(&mut batch, BATCH).await > 0 {
        let last = batch.last().map_or(0, |line| line.seq.0);
        for piece in decode(batch.drain(..)) {
            if !pieces.send(piece).await {
                return;
            }
        }
        reached.store(last, Ordering::Relaxed);
    }
}

fn decode(lines: impl Iterator<Item = EventLine>) -> Vec<Piece> {
    let (mut pieces, mut events) = (Vec::new(), Vec::new());
    for line in lines {
        match line.decode() {
            Ok(recorded) => events.push(recorded),
            Err(error) => {
                pieces.push(Piece::Events(std::mem::take(&mut events)));
                pieces.push(Piece::Strange(line.seq, error.to_string()));
            }
        }
    }
    pieces.push(Piece::Events(events));
    pieces
}
