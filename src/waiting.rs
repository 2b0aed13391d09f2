//! `--wait`: the first answer to a message, through whatever the bus goes through meanwhile.
//!
//! A bus that goes away is waited for as long as the answer is. Whoever waits comes back as the same instance, to which
//! the bus delivers again what it has not read: an answer that came in between is not lost.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::name::MessageId;
use veda_bus_core::text;
use veda_bus_core::wire::answer::{BusFrame, Incoming, Notice, Receipt};
use veda_bus_core::wire::request::{AckStage, Register};
use veda_bus_ui::words;

use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::show;

/// How long after a failed attempt to reach the bus the next one is made.
const RETRY: Duration = Duration::from_millis(100);

/// Somebody who waits for the answer to a message.
pub(crate) struct Waiting<'a> {
    context: &'a Context,
    connection: Connection,
    /// As whom to come back; it names the instance.
    register: Register,
    receipt: &'a Receipt,
    wait: Duration,
    /// A wait beyond all clocks is one without end.
    until: Option<Instant>,
}

impl<'a> Waiting<'a> {
    /// Begins to wait. `connection` has registered as `register`, which names the instance.
    pub(crate) fn new(
        context: &'a Context,
        connection: Connection,
        register: Register,
        receipt: &'a Receipt,
        wait: Duration,
    ) -> Self {
        let until = Instant::now().checked_add(wait);
        Self { context, connection, register, receipt, wait, until }
    }

    /// Prints the first answer that is more than an acknowledgement; it is read by being printed.
    pub(crate) fn print_answer(mut self, output: &mut Output) -> Result<(), Failure> {
        let answer = self.answer()?;
        if self.context.json {
            output.raw_json(answer.message.json())?;
        } else {
            show::message(&answer.message).lines().try_for_each(|line| output.line(line))?;
        }
        output.flush()?;
        self.say_read(&answer.message.id);
        Ok(())
    }

    fn answer(&mut self) -> Result<Incoming, Failure> {
        loop {
            match self.connection.next_frame(self.until) {
                Ok(frame) => {
                    if let Some(answer) = self.take(frame)? {
                        return Ok(answer);
                    }
                }
                Err(ClientError::Gone) => self.come_back()?,
                Err(ClientError::TimedOut(_)) => return Err(self.too_late("")),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The answer, if the frame brings it.
    fn take(&mut self, frame: BusFrame) -> Result<Option<Incoming>, Failure> {
        match frame {
            BusFrame::Message(incoming) => Ok(self.take_message(*incoming)),
            BusFrame::Notice(Notice::Expired { id, unread_by }) if id == self.receipt.id => {
                self.tell(&json!({ "notices": [&id] }));
                Err(Failure::TimedOut(words::expiry(&id, &unread_by)))
            }
            _ => Ok(None),
        }
    }

    fn take_message(&mut self, incoming: Incoming) -> Option<Incoming> {
        let message = &incoming.message;
        let ours = message.reply_to.as_ref() == Some(&self.receipt.id);
        if ours && !message.payload.is_acknowledgement() {
            return Some(incoming);
        }
        let stage = if ours { AckStage::Read } else { AckStage::Delivered };
        if ours {
            let what = format!("acknowledged by {}; waiting for the answer", message.from.repo);
            eprintln!("veda-bus: {}", text::line(&what));
        }
        self.tell(&json!({ "ids": [message.id], "stage": stage }));
        None
    }

    /// An acknowledgement that is not waited for. That the bus is gone shows when it is listened to.
    fn tell(&mut self, ack: &serde_json::Value) {
        let _ = self.connection.tell("ack", ack);
    }

    /// Returns when the bus knows that the answer was read: it would not, if the process ended with that on its way.
    fn say_read(&mut self, id: &MessageId) {
        let ack = json!({ "ids": [id], "stage": AckStage::Read });
        if let Err(error) = self.connection.call("ack", &ack) {
            // The answer is printed, which is what was asked for.
            let what = format!("the bus does not know that {id} was read: {error}");
            eprintln!("veda-bus: {}", text::line(&what));
        }
    }

    /// Connects again, as the same instance, unless the wait is over first.
    fn come_back(&mut self) -> Result<(), Failure> {
        eprintln!("veda-bus: the bus went away, trying again until the wait is over");
        while self.until.is_none_or(|until| Instant::now() < until) {
            match self.connect() {
                Ok(connection) => {
                    self.connection = connection;
                    eprintln!("veda-bus: the bus is back");
                    return Ok(());
                }
                Err(ClientError::NoBus { .. } | ClientError::Gone | ClientError::TimedOut(_)) => {
                    thread::sleep(RETRY);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(self.too_late(", and the bus has not come back"))
    }

    fn connect(&self) -> Result<Connection, ClientError> {
        let mut connection = Connection::open(self.context.socket())?;
        connection.register(&self.register)?;
        Ok(connection)
    }

    fn too_late(&self, why: &str) -> Failure {
        let (wait, thread) = (self.wait.as_secs_f64(), &self.receipt.thread);
        Failure::TimedOut(format!(
            "no answer within {wait} s{why}; the message stays where it is: veda-bus log --thread {thread}"
        ))
    }
}
