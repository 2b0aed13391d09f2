//! The operator decides on the real console, and the outcome arrives at all who are concerned.

use serde_json::{Value, json};

use super::Console;
use crate::suite::harness::{message, query, with};

fn counter(id: &str, to: &str, parent: &str, wording: &str) -> Value {
    let payload = json!({ "vote": "counter", "counter_proposal": wording });
    with(message(id, to, "Negotiate", payload), "reply_to", json!(parent))
}

fn vote(id: &str, to: &str, parent: &str, vote: &str) -> Value {
    with(message(id, to, "Negotiate", json!({ "vote": vote })), "reply_to", json!(parent))
}

#[test]
fn an_approval_that_is_typed_arrives_at_all_parties() {
    let console = Console::open();
    let [mut flagship, mut lens, mut ui] =
        ["Flagship", "LensSDK", "UILib"].map(|repo| console.bus.instance(repo));
    console.sees("3 instances");
    let proposal = json!({
        "proposal": "Move auth", "affected_repos": ["Flagship", "LensSDK", "UILib"], "requires_consensus": true,
    });
    flagship.sends(&message("proposed", "*", "Negotiate", proposal));
    console.keys(&["3"]);
    console.sees("1 of 3 accept, waiting for");
    console.keys(&["a"]);
    console.sees("approve: votes are missing; o decides without them");

    lens.sends(&vote("first", "Flagship", "proposed", "accept"));
    ui.sends(&counter("countered", "Flagship", "proposed", "Move auth into a package of its own"));
    console.sees("Move auth into a package of its own");
    for (instance, id) in [(&mut flagship, "second"), (&mut lens, "third")] {
        instance.sends(&vote(id, "UILib", "countered", "accept"));
    }
    console.sees("3 of 3 accept");
    console.sees("1 thing needs you");
    console.keys(&["a"]);
    console.sees("Approve round 2 of a proposal by Flagship");
    console.literal("Go ahead");
    console.keys(&["Enter"]);
    for instance in [&mut flagship, &mut lens, &mut ui] {
        let is_outcome = |frame: &Value| frame["message"]["payload"]["outcome"] == "approved";
        let told = instance.find("the outcome", is_outcome)["message"].take();
        assert_eq!(told["payload"]["comment"], "Go ahead", "{told}");
        assert_eq!(told["from"]["repo"], "operator");
    }
    console.sees("nothing needs you");
    assert_eq!(console.quit(), 0);
}

#[test]
fn an_escape_decides_nothing_and_a_refusal_is_told() {
    let console = Console::open();
    let [mut flagship, mut lens] = ["Flagship", "LensSDK"].map(|repo| console.bus.instance(repo));
    let proposal = json!({
        "proposal": "Move auth", "affected_repos": ["Flagship", "LensSDK"], "requires_consensus": true,
    });
    flagship.sends(&message("proposed", "*", "Negotiate", proposal));
    lens.sends(&vote("voted", "Flagship", "proposed", "accept"));
    console.keys(&["3"]);
    console.sees("2 of 2 accept");
    console.keys(&["x"]);
    console.sees("Reject round 1 of a proposal by Flagship");
    console.literal("I had something to say");
    console.back_from("Reject round 1 of a proposal by Flagship");
    console.sees("2 of 2 accept");
    // Whoever is faster: while the dialogue is open, the proposer takes it back.
    console.keys(&["x"]);
    console.sees("I had something to say");
    let withdrawal = message("withdrawn", "LensSDK", "Negotiate", json!({ "outcome": "withdrawn" }));
    flagship.sends(&with(withdrawal, "reply_to", json!("proposed")));
    console.sees("it is decided already: withdrawn by Flagship");
    console.keys(&["Enter"]);
    console.sees("nothing was decided: it is decided already");
    console.back_from("nothing was decided");
    // The console goes on as if nothing had been.
    lens.sends(&query("asked", "operator"));
    console.sees("1 thing needs you");
    assert_eq!(console.quit(), 0);
}
