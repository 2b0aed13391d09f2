//! The smallest useful instance: it connects, registers, and answers what it is asked until it is stopped
//! (specification, "Veda Bus Client").
//!
//! ```sh
//! cargo run -p veda-bus-core --example veda_instance -- LensSDK /tmp/veda-bus.sock
//! ```

use veda_bus_core::client::{BusClient, ClientEvent};
use veda_bus_core::handler::{CoordinationHandler, HandlerSettings, run};
use veda_bus_core::payload::{Decision, Query, QueryAnswer, RequestChange, RequestChangeAnswer};
use veda_bus_core::wire::Register;
use veda_bus_core::wire::answer::Incoming;

/// Agrees to everything, and knows the answer to every question.
struct Agreeable;

impl CoordinationHandler for Agreeable {
    async fn handle_change_request(
        &mut self,
        _message: &Incoming,
        request: &RequestChange,
    ) -> Option<RequestChangeAnswer> {
        println!("asked to change: {}", request.summary.as_str());
        Some(RequestChangeAnswer {
            decision: Some(Decision::Accepted),
            eta_seconds: Some(300),
            ..RequestChangeAnswer::default()
        })
    }

    async fn handle_query(&mut self, message: &Incoming, query: &Query) -> Option<QueryAnswer> {
        println!("{} asks: {}", message.message.from.repo, query.question.as_str());
        Some(QueryAnswer { answer: Some("forty-two".into()), ..QueryAnswer::default() })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let repo = arguments.next().unwrap_or_else(|| "LensSDK".to_owned());
    let socket = arguments.next().unwrap_or_else(|| "/tmp/veda-bus.sock".to_owned());

    let client = BusClient::connect(&socket).await?;
    let mut steps = client.events();
    let register = Register {
        path: Some(std::env::current_dir()?.display().to_string()),
        capabilities: vec!["auth".parse()?, "session".parse()?],
        ..Register::new(repo.parse()?)
    };
    let welcome = client.register(register).await?;
    println!("registered as {} ({})", welcome.repo, welcome.instance_id);

    tokio::spawn(async move {
        while let Ok(step) = steps.recv().await {
            match step {
                ClientEvent::Lost => println!("the bus went away"),
                ClientEvent::Reconnected => println!("the bus is back"),
                ClientEvent::Notice(notice) => println!("notice: {notice:?}"),
                _ => {}
            }
        }
    });
    run(&client, &mut Agreeable, &HandlerSettings::default()).await?;
    Ok(())
}
