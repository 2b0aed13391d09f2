//! [`Screen`] with programs that everybody knows: what it says of the console is worth as much as this.

use std::fs;

use super::harness::{Machine, Screen, eventually};
use super::screen::{contains, is_running, left_on};

/// A terminal on a machine where nothing runs, and the machine.
fn screen() -> (Screen, Machine) {
    let machine = Machine::new("");
    (Screen::open(&machine, 60, 12), machine)
}

/// A program that writes `text`, in which `printf` knows the escapes, and waits for a line.
fn writes(screen: &Screen, text: &str) {
    screen.run(&["sh", "-c", &format!("printf '{text}'; read line")]);
}

#[test]
fn the_exit_code_of_what_ran() {
    let (screen, machine) = screen();
    screen.run(&["sh", "-c", "exit 7"]);
    assert_eq!(screen.ended(), 7);
    screen.run(&["true"]);
    assert_eq!(screen.ended(), 0);
    screen.run(&["cat"]);
    screen.signal("cat", "TERM");
    assert_eq!(screen.ended(), 128 + 15);
    screen.run(&["veda-bus", "status"]);
    assert_eq!(screen.ended(), 3, "no bus on {}\n{}", machine.root().display(), screen.text());
}

#[test]
fn a_command_is_not_on_the_screen() {
    let (screen, _machine) = screen();
    screen.run(&["test", "it's $HOME;", "=", "it's $HOME;"]);
    assert_eq!(screen.ended(), 0);
    assert_eq!(screen.text().trim_end(), "[0]$ run\n[0]$");
}

#[test]
fn a_program_that_stops_goes_on() {
    let (screen, _machine) = screen();
    screen.run(&["cat"]);
    let pid = screen.pid_of("cat");
    screen.keys(&["C-z"]);
    assert_eq!(screen.ended(), 128 + 20);
    assert!(is_running(pid));
    screen.run(&["fg"]);
    screen.literal("still here");
    screen.keys(&["Enter", "C-d"]);
    assert_eq!(screen.ended(), 0);
    assert_eq!(screen.text().matches("still here").count(), 2, "{}", screen.text());
}

#[test]
fn text_and_keys_arrive_as_they_are() {
    let (screen, _machine) = screen();
    screen.run(&["cat", "-A"]);
    screen.literal("; $HOME 'ü' \"漢\" -x ;");
    screen.keys(&["Tab", "F1", "M-a", ";", "Enter"]);
    // Twice: the line's echo, and what the program makes of it.
    screen.sees("; $HOME 'M-CM-<' \"M-fM-<M-\"\" -x ;^I^[OP^[a;$");
    screen.report("\x1b[<0;10;5M\x1b[O");
    screen.keys(&["Enter"]);
    screen.sees("^[[<0;10;5M^[[O$");
}

#[test]
fn escape_is_sent_alone() {
    let (screen, _machine) = screen();
    screen.run(&["cat"]);
    screen.pid_of("cat");
    screen.escape();
    screen.sees("^[");
    screen.keys(&["j"]);
    screen.sees("^[j");
}

#[test]
#[should_panic(expected = "wait for what Escape does")]
fn a_key_right_after_escape_fails_the_test() {
    let (screen, _machine) = screen();
    screen.escape();
    screen.keys(&["j"]);
}

#[test]
#[should_panic(expected = "use escape()")]
fn escape_among_other_keys_fails_the_test() {
    let (screen, _machine) = screen();
    screen.keys(&["Escape", "j"]);
}

#[test]
fn what_comes_and_goes_is_seen() {
    let (screen, _machine) = screen();
    writes(&screen, "\\033[2J\\033[Hhere it is");
    screen.sees("here it is");
    screen.keys(&["Enter"]);
    assert_eq!(screen.ended(), 0);
    screen.run(&["clear"]);
    screen.sees_not("here it is");
    assert_eq!(screen.text().trim_end(), "[0]$");
}

#[test]
fn colours_and_spaces_are_kept() {
    let (screen, _machine) = screen();
    writes(&screen, "\\033[1;38;2;1;2;3mtrue\\033[m \\033[44mblue    \\033[m");
    screen.sees("true blue");
    let coloured = screen.coloured();
    assert!(coloured.contains("\x1b[1m\x1b[38;2;1;2;3mtrue"), "{coloured:?}");
    assert!(coloured.contains("\x1b[44mblue    "), "{coloured:?}");
    assert!(!screen.text().contains('\x1b'));
}

#[test]
fn another_size_reaches_the_program() {
    let (screen, _machine) = screen();
    screen.run(&["sh", "-c", "trap 'stty size' WINCH; stty size; while :; do sleep 0.01; done"]);
    screen.sees("12 60");
    screen.resize(40, 10);
    screen.sees("10 40");
    assert_eq!([screen.flag("window_width"), screen.flag("window_height")], ["40", "10"]);
}

#[test]
fn a_paste_is_in_brackets_where_they_are_wanted() {
    let (screen, _machine) = screen();
    screen.run(&["sh", "-c", "printf '\\033[?2004h'; cat -A"]);
    screen.pid_of("cat");
    screen.paste("one\ntwo;\n");
    screen.sees("^[[200~one$");
    screen.sees("two;$");
    screen.keys(&["C-c"]);
    screen.ended();
    screen.run(&["sh", "-c", "printf '\\033[?2004l'; cat -A"]);
    screen.pid_of("cat");
    screen.paste("three\nfour\n");
    screen.sees("four$");
    assert!(!screen.text().contains("[200~three"), "{}", screen.text());
}

#[test]
fn the_clipboard_is_what_a_program_copies() {
    let (screen, _machine) = screen();
    assert_eq!(screen.clipboard(), "");
    // "copied", in base 64.
    writes(&screen, "\\033]52;c;Y29waWVk\\007");
    eventually("it is copied", || (screen.clipboard() == "copied").then_some(()));
}

#[test]
fn a_terminal_that_was_left_as_it_was() {
    let (screen, _machine) = screen();
    let before = screen.manners();
    screen.record();
    writes(&screen, "\\033[?1049h\\033[?25l\\033[?1000;1006h\\033[?2004h\\033=\\033[?1h\\033[4hinside");
    screen.sees("inside");
    let inside = screen.manners();
    for change in ["alternate_on 1", ", cursor_flag 0", "mouse_any_flag 1", "keypad_flag 1", "insert_flag 1"]
    {
        assert!(inside.contains(change) && !before.contains(change), "{change}: {inside}");
    }
    assert_eq!(left_on(&screen.recording()), [1, 25, 1000, 1006, 1049, 2004]);
    screen.keys(&["Enter"]);
    screen.ended();
    assert_ne!(screen.manners(), before);
    screen.run(&[
        "printf",
        "\\033[4l\\033[?1l\\033>\\033[?2004l\\033[?1000l\\033[?1006l\\033[?25h\\033[?1049l",
    ]);
    screen.ended();
    assert_eq!(screen.manners(), before);
    assert_eq!(left_on(&screen.recorded()), [0_u16; 0]);
}

#[test]
fn the_settings_of_the_line_belong_to_it() {
    let (screen, _machine) = screen();
    let before = screen.manners();
    screen.run(&["stty", "-ixon"]);
    screen.ended();
    assert_ne!(screen.manners(), before);
    screen.run(&["stty", "ixon"]);
    screen.ended();
    assert_eq!(screen.manners(), before);
}

#[test]
fn every_byte_is_recorded() {
    let (screen, _machine) = screen();
    screen.record();
    screen.run(&["printf", "\\033]0;a title\\007\\342\\200\\256\\n"]);
    assert_eq!(screen.ended(), 0);
    let recorded = screen.recorded();
    assert!(contains(&recorded, b"\x1b]0;a title\x07\xe2\x80\xae"), "{}", recorded.escape_ascii());
    assert_eq!(screen.flag("pane_title"), "a title");
}

#[test]
fn modes_that_were_left_on_are_found_in_the_bytes() {
    assert_eq!(left_on(b"\x1b[?2004h\x1b[?2026h text \x1b[?2026l"), [2004]);
    assert_eq!(left_on(b"\x1b[?25l\x1b[?7l\x1b[?25h"), [7]);
    assert_eq!(left_on(b"\x1b[?1000;1004h\x1b[?1004l\x1b[?u\x1b[?1$p\x1b[?"), [1000]);
    assert_eq!(left_on(b"2004h"), [0_u16; 0]);
}

#[test]
fn the_environment_is_the_machines() {
    let machine = Machine::new("");
    let screen = Screen::with(&machine, 80, 24, &[("TERM", "xterm-mono"), ("NO_COLOR", "1")]);
    screen.run(&["sh", "-c", "env >environment"]);
    assert_eq!(screen.ended(), 0);
    let environment = fs::read_to_string(machine.work().join("environment")).unwrap();
    let mut names: Vec<_> = environment.lines().filter_map(|line| line.split_once('=')).collect();
    names.sort_unstable();
    names.retain(|(name, _)| !["OLDPWD", "PATH", "PWD", "SHLVL", "_"].contains(name));
    let home = machine.home();
    let home = home.to_str().unwrap();
    let wanted =
        [("HOME", home), ("LANG", "C.UTF-8"), ("NO_COLOR", "1"), ("PS1", "[$?]$ "), ("TERM", "xterm-mono")];
    assert_eq!(names, wanted);
}

#[test]
fn nothing_is_left_of_it() {
    let (screen, machine) = screen();
    screen.run(&["sh", "-c", "trap '' HUP TERM INT; echo $$ >pid; echo deaf; while :; do read line; done"]);
    screen.eventually("it runs", |text| text.lines().any(|line| line == "deaf"));
    let deaf = fs::read_to_string(machine.work().join("pid")).unwrap().trim_end().parse().unwrap();
    let (server, shell) = (screen.flag("pid").parse().unwrap(), screen.flag("pane_pid").parse().unwrap());
    let socket = screen.flag("socket_path");
    assert!([server, shell, deaf].into_iter().all(is_running) && fs::exists(&socket).unwrap());
    drop(screen);
    assert!(!is_running(server) && !fs::exists(&socket).unwrap());
    eventually("all have ended", || (!is_running(shell) && !is_running(deaf)).then_some(()));
}
