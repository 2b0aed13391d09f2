//! What agents say to each other: for ever, and to some purpose.

use serde_json::{Value, json};

/// A message of a dialogue: who says it, and its payload as an answer. `A` and `B` take turns unless it says otherwise.
pub(crate) type Line = (&'static str, Value);

fn in_turn(payloads: impl IntoIterator<Item = Value>) -> Vec<Line> {
    ["B", "A"].into_iter().cycle().zip(payloads).collect()
}

fn comments(texts: &[&str]) -> Vec<Line> {
    in_turn(texts.iter().map(|text| json!({ "comment": text })))
}

/// The same phrases again and again, `times` in all, in an order that is not quite the same each round.
fn repeated(phrases: &[&str], times: usize) -> Vec<Line> {
    let count = phrases.len();
    let shuffled = (0..times).map(|index| phrases[(index * 7 + index / count * 3) % count]);
    comments(&shuffled.collect::<Vec<_>>())
}

/// Dialogues that never end by themselves, each with how many messages it may take, beside the limit, until it is held.
pub(crate) fn endless() -> Vec<(&'static str, Vec<Line>, usize)> {
    vec![
        ("one phrase", repeated(&["Thanks!"], 40), 1),
        ("acknowledgements", in_turn((0..40).map(|_| json!({ "acknowledged": true }))), 1),
        ("a counter", in_turn((0..40).map(|turn| json!({ "comment": format!("Ping {turn}, over.") }))), 1),
        ("thanks", repeated(&THANKS, 60), 15),
        ("goodbyes", repeated(&GOODBYES, 60), 10),
        ("in Chinese", repeated(&CHINESE, 60), 10),
        ("after the work", [honest_work(), repeated(&THANKS, 60)].concat(), 30),
        ("as it was written", comments(&WRITTEN), 12),
        (
            "two shapes",
            in_turn((0..40).map(|turn| match turn % 2 {
                0 => json!({ "answer": "Sounds good, thank you!" }),
                _ => json!({ "comment": "You are welcome!" }),
            })),
            2,
        ),
    ]
}

const THANKS: [&str; 12] = [
    "Thank you for the quick update! Looking forward to the integration.",
    "You're welcome! Happy to help. Let me know if anything else comes up.",
    "Will do! Thanks again for the great collaboration.",
    "My pleasure! Always glad to collaborate on this.",
    "Perfect, thanks! I really appreciate your help.",
    "Glad I could help! Don't hesitate to reach out if you need anything else.",
    "Sounds great! Thank you once more for your support.",
    "Anytime! It was great working with you on this.",
    "Likewise! Great teamwork. Thanks again!",
    "Agreed, great teamwork indeed! Looking forward to our next collaboration.",
    "Looking forward to it too! Have a great day!",
    "Thank you, you too! 🎉",
];

const GOODBYES: [&str; 10] = [
    "Acknowledged. No further action needed from my side.",
    "Acknowledged. No further action needed here either.",
    "Great, closing this thread on my end.",
    "Understood, I'm closing it on my side as well.",
    "Confirmed closed. Have a good one!",
    "Confirmed. Have a good one too!",
    "Noted with thanks. This conversation is complete.",
    "Confirmed, the conversation is complete. Thanks!",
    "✅ All good here. Standing by.",
    "Standing by as well. ✅",
];

const CHINESE: [&str; 6] = [
    "谢谢你的帮助！",
    "不客气，很高兴能帮到你。",
    "好的，合作愉快！",
    "合作愉快，再见！",
    "再见，谢谢！",
    "不客气，再见！",
];

/// Not from a list, but as two models wrote it.
const WRITTEN: [&str; 48] = [
    "Implemented and merged, thanks for the clear spec!",
    "Excellent work, thank you! Everything looks good on our side.",
    "Great to hear! Thanks for the confirmation.",
    "You're welcome! Thanks for the fast turnaround.",
    "Happy to help! Let me know if you need anything else.",
    "Will do, thank you! Same here if you need anything from us.",
    "Thank you! I'll reach out if anything comes up.",
    "Sounds good! Have a great day.",
    "You too! Thanks again for the collaboration.",
    "Thanks again! It was great collaborating with you.",
    "Likewise! Looking forward to working together again.",
    "Same here! Looking forward to it.",
    "Great! Talk soon.",
    "Talk soon! Thanks again.",
    "Thank you! Have a great day.",
    "You too! Thanks!",
    "Thanks! Let me know if anything comes up.",
    "Will do! Thanks again for the help.",
    "Happy to help! Have a great day.",
    "Thank you, same to you!",
    "Thanks! Great collaborating with you.",
    "Likewise! Talk soon.",
    "Sounds good! Thanks again.",
    "You're welcome! Let me know if you need anything.",
    "Will do! Have a great day.",
    "You too! Looking forward to working together again.",
    "Same here! Thanks for everything.",
    "Thank you for everything too!",
    "Happy to help! Talk soon.",
    "Talk soon! Have a great one.",
    "Thanks, you too!",
    "Great! Thanks again for the confirmation.",
    "You're welcome! Everything looks good here.",
    "Great to hear! Thanks.",
    "Thank you! Same here.",
    "Sounds good! Looking forward to it.",
    "Likewise! Have a great day.",
    "Thanks again! You too.",
    "You're welcome! Talk soon.",
    "Will do! Thanks!",
    "Happy to help!",
    "Thank you!",
    "You're welcome!",
    "Thanks again!",
    "Anytime!",
    "Great!",
    "Thank you!",
    "Have a great day!",
];

/// Dialogues that serve something, however short their messages are.
pub(crate) fn honest() -> Vec<(&'static str, Vec<Line>)> {
    vec![
        ("an interface is agreed on", contract()),
        ("work, as it is talked about", honest_work()),
        ("a search for an error", comments(&DEBUGGING)),
        ("a list gone through", a_list()),
        ("progress that is acknowledged", progress()),
        ("parts that are done one after the other", parts()),
        ("a handful of courtesies", repeated(&THANKS, 12)),
        ("retests until it works", retests()),
        ("in Japanese", comments(&JAPANESE)),
    ]
}

fn contract() -> Vec<Line> {
    vec![
        (
            "B",
            json!({ "decision": "countered", "counter_proposal": "Result<Session, AuthError>", "comment": "Can provide, but returns Result<Session, AuthError> for safety" }),
        ),
        ("A", json!({ "decision": "accepted", "comment": "Accepted. When available?" })),
        (
            "B",
            json!({ "decision": "accepted", "eta_seconds": 300, "comment": "Implementing now. ETA 5 minutes" }),
        ),
        ("A", json!({ "comment": "ok" })),
        ("B", json!({ "comment": "ETA 2 minutes" })),
        ("A", json!({ "comment": "ok" })),
        ("B", json!({ "decision": "done", "comment": "Done, on main." })),
        ("A", json!({ "comment": "Thanks!" })),
        ("B", json!({ "comment": "You're welcome." })),
    ]
}

fn honest_work() -> Vec<Line> {
    comments(&[
        "Which branch?",
        "release-2.0, but rebase first: main has moved.",
        "Rebased. cargo check complains about a missing import in session.rs.",
        "That was renamed; use crate::auth::Token now.",
        "Works. Shall I delete the old alias?",
        "No, UILib still compiles against it.",
        "OK, marked it deprecated instead.",
        "Good. Run the integration suite as well, please.",
        "Two failures: login_expired and resume_twice.",
        "resume_twice is flaky, ignore it. What does login_expired print?",
        "assertion failed: expected AuthError::Expired, got AuthError::Io",
        "Then the mock server wasn't up. Start it with make mock.",
        "Green now.",
        "Push it.",
        "Pushed, pull request 417.",
        "Merged.",
        "Thanks!",
        "Thank you.",
    ])
}

const DEBUGGING: [&str; 32] = [
    "Does it also fail with --release?",
    "Yes, same error.",
    "And with a fresh database?",
    "Yes, the same.",
    "Please send the output of RUST_LOG=debug.",
    "It says EADDRINUSE on port 8080.",
    "Who listens there?",
    "A leftover node process, pid 4711.",
    "Kill it and retry.",
    "Killed. Now it says permission denied.",
    "On which file?",
    "/var/run/app.sock",
    "chmod 660 and add yourself to group app.",
    "Done, same error.",
    "Log in again, groups are read at login.",
    "Right. It starts now, but /health returns 503.",
    "Is redis up?",
    "No, systemd says failed.",
    "journalctl -u redis?",
    "Out of memory, the kernel killed it.",
    "Lower maxmemory to 256mb.",
    "It runs.",
    "And /health?",
    "200.",
    "Then the login page?",
    "Renders, but the logo is missing.",
    "Run npm run assets.",
    "There it is.",
    "Anything else?",
    "The footer shows the wrong version.",
    "That's cached, ignore it.",
    "OK, closing.",
];

const JAPANESE: [&str; 18] = [
    "ブランチはどれですか？",
    "リリース用です。先にリベースしてください。",
    "リベースしました。セッションの型が見つかりません。",
    "名前が変わりました。トークンを使ってください。",
    "動きました。古い別名は消しますか？",
    "いいえ、画面側がまだ使っています。",
    "では非推奨にしておきます。",
    "結合試験もお願いします。",
    "二件失敗しました。期限切れと再接続です。",
    "再接続は不安定なので無視してください。",
    "期限切れは入出力の誤りになります。",
    "模擬サーバーが起動していません。",
    "起動したら通りました。",
    "送ってください。",
    "送りました。確認をお願いします。",
    "統合しました。",
    "ありがとうございます。",
    "こちらこそ。",
];

fn a_list() -> Vec<Line> {
    let modules = "lexer parser resolver types borrows codegen linker cache docs tests macros traits";
    in_turn(
        modules
            .split(' ')
            .flat_map(|module| [json!({ "comment": format!("Next: {module}") }), json!({ "comment": "ok" })]),
    )
}

fn progress() -> Vec<Line> {
    in_turn((1..=20).flat_map(|done| {
        let detail = format!("{done} of 20 components are updated");
        [json!({ "status": "in_progress", "detail": detail }), json!({ "comment": "Thanks, go on." })]
    }))
}

fn parts() -> Vec<Line> {
    in_turn((1..=20).flat_map(|part| {
        [
            json!({ "status": "done", "detail": "The part is done." }),
            json!({ "comment": format!("Next part: {part}") }),
        ]
    }))
}

fn retests() -> Vec<Line> {
    in_turn((1..=7).flat_map(|version| {
        let fixed = format!("Fixed in 2.0.{version}. Please retest");
        [json!({ "comment": fixed }), json!({ "comment": format!("FAIL: {version} tests") })]
    }))
}
