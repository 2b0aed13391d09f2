use super::*;

#[test]
fn a_task_says_how_far_it_is() {
    let mut tale = Tale::new(&[]);
    let subtasks = json!({ "AuthCore": "a", "LensSDK": "b", "UILib": "c" });
    let payload = json!({ "task_type": "benchmark", "description": "Frame times", "subtasks": subtasks });
    let seq = tale.send("task", "Flagship", &["AuthCore", "LensSDK", "UILib"], "Task", &payload);
    for (id, repo, status) in [("one", "AuthCore", "done"), ("two", "LensSDK", "blocked")] {
        let message = json!({ "type": "Task", "payload": { "status": status }, "reply_to": "task" });
        let to = [json!({ "repo": "Flagship" })];
        tale.send_as(id, repo, &to, &message, &json!({ "thread": "task", "parent": seq }));
    }
    let record = tale.app.model.state.record(seq).unwrap();
    let told = pictured(&notes::below(&tale.app, record, 60));
    let expected = "[██████▒▒▒▒▒▒░░░░░░]\n1 of 3 done, 1 blocked, 1 has said nothing\n AuthCore  done         ··:··:··\n \
                    LensSDK   blocked      ··:··:··\n UILib     has said nothing\n";
    assert_eq!(told, expected);
    assert_harmless(&notes::below(&tale.app, record, 12), 12);
}
